// The command-line ffmpeg: makes test videos, and judges independently what is in them.
#pragma once

#include <filesystem>
#include <string>

namespace sampleproc::testing {

// What `ffmpeg -v error -bitexact -threads 1 -y <arguments>` writes to standard output. The
// arguments go through a shell. Fails the running test when it cannot be run or exits with another
// status than 0.
std::string RunFfmpeg(const std::string& arguments);

// 'path' in quotes for RunFfmpeg.
std::string Quoted(const std::filesystem::path& path);

}  // namespace sampleproc::testing
