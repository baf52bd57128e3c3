// The parts of a page about differences, as HTML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "files/difference_report.h"

namespace sampleproc::files {

// From the doctype to the opening tag of the page's main part. The page may show its own style and
// pictures within it, and nothing else, by a policy of its own.
std::string PageBegin(std::string_view title);

// How boxes are drawn.
std::string PictureLegend();

// A table's row: the first cell names it.
std::string TableRow(const std::vector<std::string>& cells, std::string_view cell);

// One difference, the number `number` of the page, in words and up to its pictures, and what is
// behind them.
std::string DifferenceBegin(const Difference& difference, std::uint64_t number);
std::string DifferenceEnd(const Difference& difference);

// One of its pictures with the boxes drawn: `jpeg`, or why there is none.
std::string Figure(const ReportPicture& picture, const base::Result<base::ByteBuffer>& jpeg);

// The cells of a difference without pictures: how it changed, what, in which way, why none.
std::vector<std::string> CellsOf(const Difference& difference);

// "gained, lost" of the kinds, each once, with its number where it is not 1.
std::string KindsText(const std::vector<std::string_view>& kinds);

// "1 event", "2 events": `things` is the plural.
std::string Counted(std::uint64_t number, std::string_view things);

}  // namespace sampleproc::files
