// What a run came to, in one line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace sampleproc::files {

struct Summary {
  std::size_t frames = 0;     // records, failed ones included
  std::size_t failed = 0;     // of these
  std::uint64_t dropped = 0;  // frames of videos that were passed over behind damage
  std::chrono::nanoseconds elapsed{};
  std::map<std::string, std::size_t> passed_over;  // InputList's
};

// "120 frames, 3 failed, 0 dropped, 5.0 s, 24.0/s; passed over 3 files (1 hidden, 2 .heic)"
std::string FormatSummary(const Summary& summary);

}  // namespace sampleproc::files
