// A frame as an upstream announces it: names, a description, and the pixels or where they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "frame/frame.h"

namespace sampleproc::consumer {

// What stands in an entry itself or in its `metadata`, which is all that an orchestrator lets
// through; the entry's own word wins. Absent is also what upstreams write for absent: "", "None",
// "null". Texts are the sender's and untrusted, valid UTF-8; `frame_data` is bytes.
struct FrameEntry {
  std::string frame_id;  // empty: the sender gave none
  std::optional<std::string> camera_id;
  std::optional<std::string> timestamp;  // epoch seconds or ISO 8601, as the sender wrote it
  std::optional<std::string> format;
  std::optional<std::int64_t> width;  // resolution of `metadata` before the entry's own, because an
  std::optional<std::int64_t> height;  // orchestrator fills in 1920x1080 where it knows nothing
  std::optional<std::uint64_t> size_bytes;
  std::string traceparent;  // empty: none; from the field or made of trace_context
  std::string tracestate;   // what its sender has put beside that, fit to go on; empty: nothing
  bool is_replay = false;   // a dead letter that somebody moved back (packaging/replay-dlq.sh)

  // The pixels, in the order in which they are tried. Each may be empty.
  base::ByteBuffer frame_data;   // decoded already when it came as base64
  std::string frame_buffer_key;  // of Redis
  std::string storage_path;      // below the allowed root
  std::string frame_url;
};

}  // namespace sampleproc::consumer
