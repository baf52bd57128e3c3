// What upstreams write about a frame, field by field, made into an entry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "consumer/frame_entry.h"
#include "frame/options.h"

namespace sampleproc::consumer {

// A named value as the upstream wrote it. A JSON text is its unescaped content, any other JSON
// value its text as it was sent; null is left out.
struct EntryField {
  std::string name;
  std::string value;
};

enum class EntryOrigin {
  kStream,  // of Redis: a value is any bytes, so frame_data may be the picture or its base64
  kJson,    // an object: frame_data is base64
};

struct EntryRead {
  FrameEntry entry;                   // of a broken one: its names and times, without pixels
  std::optional<base::Error> broken;  // what is wrong with it
};

// Fields it does not know are ignored; of two with one name the last counts. `metadata` and
// `trace_context` are JSON objects, `metadata` may be such an object in a JSON string. What the
// upstream itself got wrong about a picture (sides, size) is left out, not refused: the decoder
// knows better. Broken is with kInvalidFrame and one Problem for each thing that is wrong: metadata
// that is no JSON object or too large, text that is not UTF-8, an id too long, frame_data that is
// not base64 where it must be or is meant to be (wrapped, URL-safe, a data: URL), or longer than
// the limits of `options`. Pixels within `metadata` do
// not count as metadata. Thread-safe. `options.max_frame_data_chars` is that of pulled frames here
// (PulledLimits).
EntryRead ReadEntry(std::vector<EntryField> fields, EntryOrigin origin,
                    const frame::Options& options);

// The limits of frames that come over HTTP, with pixels of at most `max_pixel_bytes`.
frame::Options PulledLimits(const frame::Options& limits, std::size_t max_pixel_bytes);

}  // namespace sampleproc::consumer
