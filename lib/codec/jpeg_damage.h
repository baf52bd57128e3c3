// Signs that a JPEG's picture data is not what its camera wrote, though it decodes to the last row:
// zeros are valid Huffman codes in most files, so a part that was never written (power loss, a hole
// in a sparse copy) becomes grey or stripes without a complaint of the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::codec {

// Bytes of a file that a decoder passed over on its way to the next marker.
struct LeftOver {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_trailer = false;  // the end of the file is what follows, not a marker
};

// Fails with kInvalidFrame when the rows before `left` came of zeros, more of which are left over,
// or when so much is left over that the rows before it came of other data than was meant for them.
//
// What the left-over bytes say as picture data is CheckScan's to find out, where it can.
//
// What is right stays so: padding of any length behind data that ends as it has to, what a webcam
// puts before its restart markers, a maker's trailer where the end marker is missing. Only a flat
// area whose data are zeros up to the last bit, padded with more zeros, cannot be told from a torn
// picture, and is refused.
base::Result<void> CheckLeftOver(base::ByteView encoded, const LeftOver& left);

// What zero bits mean in the data of one component of a sequential scan. A canonical Huffman code
// gives its first symbol the code word of zeros only.
struct ZeroCode {
  unsigned blocks = 1;     // of the component in an MCU
  unsigned dc_length = 0;  // bits of the code word
  unsigned dc_size = 0;    // the symbol: bits of the difference
  unsigned ac_length = 0;
  unsigned ac_symbol = 0;  // run and size, 0 where the block ends
};

inline constexpr std::size_t kAnyRun = std::numeric_limits<std::size_t>::max();

// How many zero bytes an encoder can write in a row. kAnyRun where they are blocks like the one
// before, as in every flat area. Else they are blocks of the coefficient -1 only, of which no
// picture has a whole MCU, or each is darker than the one before, until black.
std::size_t LongestZeroRun(std::span<const ZeroCode> components);

// Fails with kInvalidFrame when `data`, which a decoder used up, has a run of more than `longest`
// zero bytes that is no padding before a restart marker.
base::Result<void> CheckZeroRuns(base::ByteView data, std::size_t longest);

}  // namespace sampleproc::codec
