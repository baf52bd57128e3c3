// Writes what has changed against an earlier run instead of the records.
#pragma once

#include <cstddef>
#include <string>

#include "files/comparison.h"
#include "files/line_sink.h"
#include "files/record_writer.h"

namespace sampleproc::files {

// One line for each change, as NDJSON or as text for people. Used by one thread at a time.
class ComparisonWriter final : public RecordWriter {
 public:
  ComparisonWriter(Comparison comparison, int descriptor, std::string name, bool as_json,
                   const StopDescriptor* stop)
      : comparison_(std::move(comparison)),
        sink_(descriptor, std::move(name), stop),
        as_json_(as_json) {}

  base::Result<void> Write(const Record& record) override {
    return WriteChanges(comparison_.Compare(record));
  }
  // The frames that only the earlier run had; for a run that came to its end.
  base::Result<void> WriteRest() { return WriteChanges(comparison_.Rest()); }
  base::Result<void> Flush() override { return sink_.Flush(); }

  std::size_t changes() const { return changes_; }

 private:
  base::Result<void> WriteChanges(const std::vector<Change>& changes);

  Comparison comparison_;
  LineSink sink_;
  const bool as_json_;
  std::size_t changes_ = 0;
  std::string line_;
};

}  // namespace sampleproc::files
