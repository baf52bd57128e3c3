// Recordings that broke off: whether a file is shorter than its container says it is. One that
// broke off between two pictures shows it nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "video/container.h"
#include "video/source_file.h"

namespace sampleproc::video {

struct OuterChunks {
  bool cut_short = false;  // the last one goes on beyond the end of the file
  // Where, after the first, recordings of their own begin: files that were joined to one.
  std::vector<std::uint64_t> joins;
  // The last chunk that begins where it has to, when the file does not end with it: behind one that
  // broke off, one that does not say how long it is, or bytes that are no chunk, another recording
  // may begin (joins.h).
  struct Last {
    // From where on it may begin anywhere: a part of the chunk that lies where it has to, such as
    // an attachment, may hold a recording as its data.
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  // of the chunk, as it says; 0 when it does not
  };
  std::optional<Last> last;
};

// Of what begins at `start`, where a recording begins. Nothing is found in containers that do not
// say how long they are, and for lengths that a recorder never filled in. Fails with kIo.
//
//   AVI       "RIFF" length(4, little-endian) form(4) content; above 1 GB more such chunks follow
//   MP4       length(4, big-endian; 1: 8 bytes after the type hold it; 0: to the end) type(4)
//             content; repeated
//   Matroska  an EBML header, then one Segment: id length content, where the number of leading zero
//             bits of an id or length says how many bytes it has, and a length of all ones is
//             unknown (RFC 8794)
//   MPEG-TS   packets of 188 bytes, the last one whole
//
// Joined transport streams are found while they are read (joins.h).
base::Result<OuterChunks> WalkOuterChunks(const SourceFile& file, Container container,
                                          std::uint64_t start = 0);

// Whether recorders write MP4 boxes of this type beside one another, at the outermost place.
bool IsBoxOfRecorders(std::string_view type);

}  // namespace sampleproc::video
