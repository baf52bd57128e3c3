// The header of a NumPy array file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/sample_array.h"

namespace sampleproc::codec {

struct NpyHeader {
  SampleType type = SampleType::kU8;
  bool big_endian = false;
  int dimensions = 0;                    // 2 or 3
  std::array<std::uint32_t, 3> shape{};  // height, width, channels (1 in an array of 2 dimensions)
  std::size_t data_offset = 0;           // of the first sample in the file
};

//   93 "NUMPY" major(1) minor(1) | length of the header (2 bytes in version 1, 4 in 2 and 3)
//   header: {'descr': '<f4', 'fortran_order': False, 'shape': (480, 640, 3), } spaces, newline
//
// numpy/lib/format.py describes it. The header is read as what it is, a Python literal of exactly
// those three keys in any order; nothing is evaluated and nothing is stored but the numbers above.
// `file` starts with the magic. Fails with kInvalidFrame, saying what was found and what is
// allowed, for: a version but 1.0 to 3.0, a header over 10,000 bytes or cut short, other text than
// above, a type but u1, u2 and f4 (a structured or object type is one of those), Fortran order, a
// number of dimensions but 2 and 3, a channel count but 1, 3 and 4, sides of 0 or over 2^31-1.
base::Result<NpyHeader> ParseNpyHeader(base::ByteView file);

}  // namespace sampleproc::codec
