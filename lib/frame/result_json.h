// The JSON form of a result, one for all doors: HTTP body, NDJSON record, later stream entry.
//
//   { "frame_id", "camera_id"?, "detections": [{"class", "confidence", "bbox": [x1,y1,x2,y2],
//     "detector", "track_id"?}], "total_objects", "processing_time_ms"*, "timestamp"*, "width",
//     "height", "format", "orientation", "warnings": [{"type", "msg"}], "stats"?: {"mean",
//     "stddev", "min", "max", "histogram": [64], "underexposed", "overexposed", "sharpness"},
//     "steps": [{"name", "skipped"?, "took_ms"*}], "times_ms"*: {"queued", "decode", "total"} }
//
// Members marked * are clock readings and are written on request only; `?` means only when there
// is something to say. The order of members is fixed; "simulated_gpu" is the last.
//
// Confidences, stats and `pts` are rounded to 6 decimals, times to 3 (microseconds), and written in
// the shortest form of what is left. Doors and processors thus write the same bytes: the last bits
// of exp() and sqrt() differ from one mathematics library to the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "frame/frame_result.h"

namespace sampleproc::frame {

// Where a record of process-file came from; see WriteRecord.
struct SourceRef {
  std::string source;              // the path as given or found
  std::uint64_t index = 0;         // the frame's number in that source, from 0
  std::optional<double> pts = {};  // its presentation time in seconds, when the source has one
};

struct ResultJsonOptions {
  bool clock_fields = true;
  bool simulated_gpu = false;  // adds "simulated_gpu": true
};

// Appends one line of JSON without the newline to `out`: always valid UTF-8. A number that is not
// finite is a bug of whoever made the result and throws std::invalid_argument; `out` then ends in
// the middle of a line.
void AppendResultJson(const FrameResult& result, const ResultJsonOptions& options,
                      std::string& out);

// As AppendResultJson with "source", "index" and "pts"? first: a record of process-file.
void AppendRecordJson(const SourceRef& source, const FrameResult& result,
                      const ResultJsonOptions& options, std::string& out);

// A record of a frame that failed: {"source", "index", "pts"?, "frame_id", "error": {"type",
// "message", "problems"?: [{"type", "loc", "msg"}]}}.
void AppendErrorRecordJson(const SourceRef& source, std::string_view frame_id,
                           const base::Error& error, std::string& out);

// What a message with a result says besides the result.
struct MessageRef {
  std::string_view processor_id;
  std::optional<std::string_view> timestamp = {};  // the frame's, as its sender wrote it
};

// A message of a result in the original service's form, for streams, files and webhooks:
//
//   { "frame_id", "camera_id": "..." | null, "timestamp": "..." | null, "processed": true,
//     "processing_time": seconds, "processor_id", "processor_timestamp": seconds since 1970,
//     "sample_metadata": {"width", "height", "format", "orientation", "warnings", "stats"?,
//                         "steps", "simulated_gpu"?},
//     "detections": [{"type", "class", "confidence", "bbox", "detector", "track_id"?}],
//     "detection_count" }
//
// "type" and "class" are the same word: the original's messages say the one, its HTTP the other.
void AppendMessageJson(const MessageRef& message, const FrameResult& result,
                       const ResultJsonOptions& options, std::string& out);

}  // namespace sampleproc::frame
