// Transport streams that were joined to one file, as recorders that start anew and `cat` do it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "video/container.h"
#include "video/source_file.h"

namespace sampleproc::video {

// A muxer begins with its tables, PAT then PMT, and then each stream's first packet, all with the
// continuity counter 0. Where these three follow one another, and at least one of the counters does
// not continue what came before, another recording begins: what the demuxer would otherwise take
// for lost packets. Used by one thread at a time.
//
//   packet of 188 bytes: 47 | error:1 unit start:1 priority:1 PID:13 | scrambling:2 field:2
//                        continuity:4 | ...        PAT is PID 0; 1FFF is padding
class JoinFinder {
 public:
  // Looks from `start`, where a recording begins, at packets that lie as `sync` says from there.
  JoinFinder(std::uint64_t start, TransportSync sync) : at_(start + sync.first), sync_(sync) {}

  // The first join before `end`, at the beginning of a packet; each byte is looked at once. Fails
  // with kIo.
  base::Result<std::optional<std::uint64_t>> FindBefore(const SourceFile& file, std::uint64_t end);

  // Up to where it has looked.
  std::uint64_t at() const { return at_; }

 private:
  static constexpr std::uint8_t kUnseen = 0xFF;

  base::Result<bool> BeginsRecording(const SourceFile& file) const;
  bool Continues(unsigned pid, unsigned counter) const;

  std::uint64_t at_;  // of a sync byte
  const TransportSync sync_;
  bool seen_any_ = false;
  std::array<std::uint8_t, 8192> counters_ = [] {
    std::array<std::uint8_t, 8192> counters{};
    counters.fill(kUnseen);
    return counters;
  }();
};

}  // namespace sampleproc::video
