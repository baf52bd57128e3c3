#include "codec/jpeg_library_scan.h"

#include <algorithm>

namespace sampleproc::codec {
namespace {

// The first code word of the shortest ones has zeros only.
ZeroCode ZeroCodeOf(const JHUFF_TBL& dc, const JHUFF_TBL& ac, unsigned blocks) {
  const auto length = [](const JHUFF_TBL& table) {
    unsigned bits = 1;
    while (bits < 16 && table.bits[bits] == 0) ++bits;
    return bits;
  };
  return {blocks, length(dc), dc.huffval[0], length(ac), ac.huffval[0]};
}

}  // namespace

std::optional<LibraryScan> ScanOf(const jpeg_decompress_struct& cinfo) {
  if (cinfo.arith_code != FALSE || cinfo.progressive_mode != FALSE) return std::nullopt;
  LibraryScan scan;
  scan.steps.resize(static_cast<std::size_t>(cinfo.comps_in_scan));
  for (int i = 0; i < cinfo.comps_in_scan; ++i) {
    const jpeg_component_info& component = *cinfo.cur_comp_info[i];
    const JHUFF_TBL* const dc = cinfo.dc_huff_tbl_ptrs[component.dc_tbl_no];
    const JHUFF_TBL* const ac = cinfo.ac_huff_tbl_ptrs[component.ac_tbl_no];
    const JQUANT_TBL* const steps = component.quant_table;
    if (dc == nullptr || ac == nullptr || steps == nullptr) return std::nullopt;
    const auto blocks = static_cast<unsigned>(component.MCU_blocks);
    auto& own_steps = scan.steps[static_cast<std::size_t>(i)];
    std::ranges::copy(steps->quantval, own_steps.begin());
    scan.components.push_back(
        {{dc->bits, dc->huffval}, {ac->bits, ac->huffval}, own_steps, blocks});
    scan.zeros.push_back(ZeroCodeOf(*dc, *ac, blocks));
  }
  scan.mcus_per_row = cinfo.MCUs_per_row;
  scan.mcus = scan.mcus_per_row * cinfo.MCU_rows_in_scan;
  scan.restart_interval = cinfo.restart_interval;
  return scan;
}

}  // namespace sampleproc::codec
