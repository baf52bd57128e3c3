#include "files/comparison_writer.h"

namespace sampleproc::files {

base::Result<void> ComparisonWriter::WriteAll(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (auto written = WriteChange(change, AppendChangeJson, AppendChangeText); !written) {
      return written;
    }
  }
  return {};
}

base::Result<void> EventComparisonWriter::WriteRest() {
  for (const EventChange& change : comparison_.Changes()) {
    if (auto written = WriteChange(change, AppendEventChangeJson, AppendEventChangeText);
        !written) {
      return written;
    }
  }
  return {};
}

}  // namespace sampleproc::files
