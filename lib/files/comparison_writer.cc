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

base::Result<void> ComparisonWriter::Write(const Record& record) {
  const std::vector<Change> changes = comparison_.Compare(record);
  if (report_ != nullptr && !changes.empty()) report_->Add(record, changes);
  return WriteAll(changes);
}

base::Result<void> ComparisonWriter::WriteRest() {
  const std::vector<Change> changes = comparison_.Rest();
  if (report_ != nullptr) {
    for (const Change& change : changes) report_->AddVanished(change);
  }
  return WriteAll(changes);
}

base::Result<void> EventComparisonWriter::WriteRest() {
  for (const EventChange& change : comparison_.Changes()) {
    if (report_ != nullptr) report_->Add(change);
    if (auto written = WriteChange(change, AppendEventChangeJson, AppendEventChangeText);
        !written) {
      return written;
    }
  }
  return {};
}

}  // namespace sampleproc::files
