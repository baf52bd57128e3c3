#include "support/ffmpeg.h"

#include <catch2/catch.hpp>
#include <cstdio>

namespace sampleproc::testing {

std::string RunFfmpeg(const std::string& arguments) {
  INFO("ffmpeg " << arguments);
  const std::string command = "ffmpeg -nostdin -v error -bitexact -threads 1 -y " + arguments;
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char block[65536];
  for (std::size_t got; (got = fread(block, 1, sizeof block, pipe)) > 0;) output.append(block, got);
  REQUIRE(pclose(pipe) == 0);
  return output;
}

std::string Quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

}  // namespace sampleproc::testing
