// The library's view of a sequential scan, as our own checks of its data need it.
#pragma once

#include <cstdio>

// jpeglib.h wants FILE and size_t declared before it.
#include <jpeglib.h>

#include <array>
#include <optional>
#include <vector>

#include "codec/jpeg_damage.h"
#include "codec/jpeg_scan_check.h"

namespace sampleproc::codec {

// Refers to the library's tables of Huffman codes: valid until the decompression is destroyed.
struct LibraryScan {
  std::vector<std::array<UINT16, DCTSIZE2>> steps;  // what components[i].steps refers to
  std::vector<ScanComponent> components;
  std::vector<ZeroCode> zeros;  // one for each component
  std::uint64_t mcus = 0;
  std::uint64_t mcus_per_row = 0;
  unsigned restart_interval = 0;

  ScanShape shape() const { return {components, mcus, mcus_per_row, restart_interval}; }
};

// The scan that was read last, all rows of it; nothing where it is progressive, arithmetic-coded or
// lacks a table.
std::optional<LibraryScan> ScanOf(const jpeg_decompress_struct& cinfo);

}  // namespace sampleproc::codec
