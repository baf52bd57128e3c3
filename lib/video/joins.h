// Recordings that were joined to one file, as recorders that start anew and `cat` do it: where the
// next one begins, found while the file is read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "video/container.h"
#include "video/source_file.h"

namespace sampleproc::video {

// Used by one thread at a time.
class JoinFinder {
 public:
  explicit JoinFinder(std::uint64_t start) : at_(start) {}
  virtual ~JoinFinder() = default;
  JoinFinder(const JoinFinder&) = delete;
  JoinFinder& operator=(const JoinFinder&) = delete;

  // The first recording that begins before `end`, where it begins; each byte is looked at once.
  // Fails with kIo.
  virtual base::Result<std::optional<std::uint64_t>> FindBefore(const SourceFile& file,
                                                                std::uint64_t end) = 0;

  // Up to where it has looked.
  std::uint64_t at() const { return at_; }

 protected:
  std::uint64_t at_;
};

// In AVI, MP4 and Matroska files, by the whole head of a recording: for files whose chunks do not
// lie one behind the other (declared_length.h), so that a head may be anywhere. What a head has to
// be is so long that pictures do not look like one.
//
//   AVI       "RIFF" length(4) "AVI " "LIST" length(4) "hdrl"
//   MP4       length(4, big-endian, 16 to 256 in steps of 4) "ftyp" brand(4, printable) ..., and
//             behind it another box of a type that recorders write
//   Matroska  an EBML header that holds the DocType "matroska" or "webm", and behind it a Segment
class HeadFinder : public JoinFinder {
 public:
  // Looks behind `start`, which may be in the middle of anything.
  HeadFinder(std::uint64_t start, Container container)
      : JoinFinder(start + 1), container_(container) {}

  base::Result<std::optional<std::uint64_t>> FindBefore(const SourceFile& file,
                                                        std::uint64_t end) override;

 private:
  const Container container_;
};

// In transport streams.
//
// A muxer begins with its tables, PAT then PMT, and then each stream's first packet, all with the
// continuity counter 0. Where these three follow one another, and at least one of the counters does
// not continue what came before, another recording begins: what the demuxer would otherwise take
// for lost packets.
//
//   packet of 188 bytes: 47 | error:1 unit start:1 priority:1 PID:13 | scrambling:2 field:2
//                        continuity:4 | ...        PAT is PID 0; 1FFF is padding
class PacketJoinFinder : public JoinFinder {
 public:
  // Looks from `start`, where a recording begins, at packets that lie as `sync` says from there.
  PacketJoinFinder(std::uint64_t start, TransportSync sync)
      : JoinFinder(start + sync.first), sync_(sync) {}

  // Where it begins is the beginning of a packet.
  base::Result<std::optional<std::uint64_t>> FindBefore(const SourceFile& file,
                                                        std::uint64_t end) override;

 private:
  static constexpr std::uint8_t kUnseen = 0xFF;

  base::Result<bool> BeginsRecording(const SourceFile& file) const;
  bool Continues(unsigned pid, unsigned counter) const;

  const TransportSync sync_;
  bool seen_any_ = false;
  std::array<std::uint8_t, 8192> counters_ = [] {
    std::array<std::uint8_t, 8192> counters{};
    counters.fill(kUnseen);
    return counters;
  }();
};

}  // namespace sampleproc::video
