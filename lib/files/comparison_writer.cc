#include "files/comparison_writer.h"

namespace sampleproc::files {

base::Result<void> ComparisonWriter::WriteChanges(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    line_.clear();
    if (as_json_) {
      AppendChangeJson(change, line_);
    } else {
      AppendChangeText(change, line_);
    }
    ++changes_;
    if (auto written = sink_.WriteLine(line_); !written) return written;
  }
  return {};
}

}  // namespace sampleproc::files
