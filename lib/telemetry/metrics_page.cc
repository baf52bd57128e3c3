#include "telemetry/metrics_page.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace sampleproc::telemetry {
namespace {

struct Title {
  std::string_view title;
  std::string_view note = {};
};

constexpr Title kTitles[] = {
    // in the order of Chapter
    {"Requests and frames"},
    {"Workers, memory and cameras"},
    {"Cameras that the service takes pictures from",
     "They exist for cameras with a `url`. A reload that changes a camera begins its counters "
     "anew."},
    {"Consumer"},
    {"Results"},
    {"The service itself"},
    {"Standard metrics of the process"},
};

std::string Labels(const MetricRow& row) {
  std::vector<std::string_view> names;
  std::ranges::copy_if(row.labels, std::back_inserter(names),
                       [](std::string_view name) { return !name.empty(); });
  std::ranges::sort(names);
  std::string cell;
  for (const std::string_view name : names) cell += "`" + std::string(name) + "` ";
  return cell;
}

void AppendRow(const MetricRow& row, std::string& page) {
  constexpr std::string_view kKindNames[] = {"counter", "gauge", "histogram"};  // as MetricKind
  page += "| `" + std::string(row.name) + "` | ";
  page += kKindNames[static_cast<std::size_t>(row.kind)];
  page += " | " + Labels(row) + "| " + std::string(row.help) + " |\n";
}

}  // namespace

std::string MetricTables(std::span<const MetricRow> rows) {
  std::string page;
  for (std::size_t i = 0; i < std::size(kTitles); ++i) {
    page += "## " + std::string(kTitles[i].title) + "\n\n";
    if (!kTitles[i].note.empty()) page += std::string(kTitles[i].note) + "\n\n";
    page += "| metric | type | labels | meaning |\n|---|---|---|---|\n";
    for (const MetricRow& row : rows) {
      if (row.chapter == static_cast<Chapter>(i)) AppendRow(row, page);
    }
    page += '\n';
  }
  return page;
}

}  // namespace sampleproc::telemetry
