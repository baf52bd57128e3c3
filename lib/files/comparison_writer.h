// Writes what has changed against an earlier run instead of the records.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "files/comparison.h"
#include "files/event_comparison.h"
#include "files/event_differences.h"
#include "files/frame_differences.h"
#include "files/line_sink.h"
#include "files/record_writer.h"

namespace sampleproc::files {

// One line for each change, as NDJSON or as text for people. Used by one thread at a time.
class ChangesWriter : public RecordWriter {
 public:
  // What is only known behind the last record and event; for a run that came to its end.
  virtual base::Result<void> WriteRest() = 0;
  base::Result<void> Flush() override { return sink_.Flush(); }

  std::size_t changes() const { return changes_; }

 protected:
  // As LineSink's.
  ChangesWriter(int descriptor, std::string name, bool as_json, const StopDescriptor* stop)
      : sink_(descriptor, std::move(name), stop), as_json_(as_json) {}

  // By one of the two, which append it to a text.
  template <typename Change>
  base::Result<void> WriteChange(const Change& change,
                                 void (&append_json)(const Change&, std::string&),
                                 void (&append_text)(const Change&, std::string&)) {
    line_.clear();
    (as_json_ ? append_json : append_text)(change, line_);
    ++changes_;
    return sink_.WriteLine(line_);
  }

 private:
  LineSink sink_;
  const bool as_json_;
  std::size_t changes_ = 0;
  std::string line_;
};

// Of records: those of a frame with it, and at the end the frames that only the earlier run had.
class ComparisonWriter final : public ChangesWriter {
 public:
  // The comparison and the report, which is told of the changes too and may be null, must outlive
  // the writer.
  ComparisonWriter(Comparison& comparison, FrameDifferences* report, int descriptor,
                   std::string name, bool as_json, const StopDescriptor* stop)
      : ChangesWriter(descriptor, std::move(name), as_json, stop),
        comparison_(comparison),
        report_(report) {}

  base::Result<void> Write(const Record& record) override;
  base::Result<void> WriteRest() override;

 private:
  base::Result<void> WriteAll(const std::vector<Change>& changes);

  Comparison& comparison_;
  FrameDifferences* const report_;
};

// Of events, all at the end.
class EventComparisonWriter final : public ChangesWriter {
 public:
  // Likewise; the comparison is given this run's events by others.
  EventComparisonWriter(const EventComparison& comparison, EventDifferences* report, int descriptor,
                        std::string name, bool as_json, const StopDescriptor* stop)
      : ChangesWriter(descriptor, std::move(name), as_json, stop),
        comparison_(comparison),
        report_(report) {}

  base::Result<void> Write(const Record& /*record*/) override { return {}; }
  base::Result<void> WriteRest() override;

 private:
  const EventComparison& comparison_;
  EventDifferences* const report_;
};

}  // namespace sampleproc::files
