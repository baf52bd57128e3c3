// Limits on a frame's message, exact and published.
#pragma once

#include <cstddef>

namespace sampleproc::frame {

struct Options {
  std::size_t max_frame_data_chars = 10'000'000;  // base64 characters of `frame_data`
  std::size_t max_metadata_bytes = 100'000;       // of `metadata` as compact JSON in UTF-8
  int max_json_depth = 32;                        // nested objects and arrays, the outermost is 1
  int max_json_nodes = 10'000;                    // values of every kind, keys not counted
  std::size_t max_batch_frames = 32;              // of one batch
};

}  // namespace sampleproc::frame
