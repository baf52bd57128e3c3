// A second look at the coded bits of a sequential JPEG with Huffman codes and one scan. The library
// takes every bit for what its tables make of it: a coefficient behind the 63rd goes to the 63rd, a
// brightness beyond white becomes white. What no encoder can have written shows that bits were
// changed, lost or added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"

namespace sampleproc::codec {

// As a DHT segment has it: how many code words there are of each length 1..16, and what they mean,
// shortest first.
struct HuffmanTable {
  std::span<const std::uint8_t> counts;   // 17; the first is not used
  std::span<const std::uint8_t> symbols;  // 256
};

struct ScanComponent {
  HuffmanTable dc;
  HuffmanTable ac;
  std::span<const std::uint16_t> steps;  // of quantization, 64, rows of a block one after the other
  unsigned blocks = 1;                   // of it in an MCU
};

struct ScanShape {
  std::span<const ScanComponent> components;
  std::uint64_t mcus = 0;
  std::uint64_t mcus_per_row = 1;
  unsigned restart_interval = 0;  // in MCUs; 0: none
};

// Reads `data`, the coded bits of the whole scan and what follows them, and fails with
// kInvalidFrame when
// - a block has more than 64 coefficients, or is of a higher contrast than black and white beside
//   each other have;
// - more MCUs follow, up to the last bit before the marker, than the picture has: as many are
//   missing before them. Whole rows of MCUs are none of its own: some cameras say a height that is
//   less than what they encode.
// Bits that are no MCUs stay what they are for the library: padding or not. Takes a fraction of the
// time of decoding, of which it asks `allowance` as decoding does.
base::Result<void> CheckScan(base::ByteView data, const ScanShape& shape,
                             const base::Allowance& allowance);

}  // namespace sampleproc::codec
