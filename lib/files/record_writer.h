// Records as lines: NDJSON for programs, a table for people.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "files/record.h"
#include "files/stop_descriptor.h"
#include "frame/result_json.h"

namespace sampleproc::files {

// Used by one thread at a time. It fails with kIo and the system's reason (no space left), or
// kCancelled when the reader of a pipe is gone, or takes nothing when the run is to end; SIGPIPE
// must be ignored by the program, or the program ends instead. Into a regular file lines are
// collected and written in large pieces; anywhere else each is written at once, so that whoever
// reads sees it.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  virtual base::Result<void> Write(const Record& record) = 0;

  // Writes out what was collected. What is not flushed is lost.
  virtual base::Result<void> Flush() = 0;
};

// `descriptor` stays the caller's; `name` is what messages call it ("standard output"). `stop`,
// which may be null, says that the run is to end.
std::unique_ptr<RecordWriter> MakeNdjsonWriter(int descriptor, std::string name,
                                               const frame::ResultJsonOptions& options,
                                               const StopDescriptor* stop = nullptr);

// The line that it makes of `record`, with its end.
std::string NdjsonLine(const Record& record, const frame::ResultJsonOptions& options);

// A header, then one line a record: source (of many frames with its
// index, "clip.mp4#12"), WIDTHxHEIGHT, format, number of detections, and the
// count of each class or the error. Columns have fixed widths, because the longest source is not
// known before the end; a longer source is cut at its front. Control characters are shown as "?".
std::unique_ptr<RecordWriter> MakeTableWriter(int descriptor, std::string name,
                                              const StopDescriptor* stop = nullptr);

}  // namespace sampleproc::files
