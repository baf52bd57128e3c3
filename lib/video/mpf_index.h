// The index of a JPEG that has further pictures behind its end, as phones and stereo cameras make
// them (MPO; CIPA DC-007, Multi-Picture Format).
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"

namespace sampleproc::video {

// Where a further picture is; bytes from the index's own place on, which is behind "MPF\0".
struct MpfPicture {
  std::size_t begin;
  std::size_t end;
};

// The pictures behind the first one that `payload`, of a segment APP2, tells of, in their order in
// the file; none when it is no such index or is broken.
std::vector<MpfPicture> ReadMpfIndex(base::ByteView payload);

// How far the index's own place is behind the begin of that payload.
inline constexpr std::size_t kMpfPlace = 4;

}  // namespace sampleproc::video
