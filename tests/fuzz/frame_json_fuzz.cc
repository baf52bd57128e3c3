// A frame's JSON message: whatever arrives, the parser answers with a frame whose bytes lie within
// its own storage, or with problems that have a place.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "frame/frame_json.h"
#include "frame/options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace frame = sampleproc::frame;
  frame::Options options;
  options.max_frame_data_chars = 4096;  // small, so that the limits themselves are reached
  options.max_metadata_bytes = 512;
  options.max_json_nodes = 64;

  sampleproc::base::ByteBuffer body(data, data + size);
  const auto parsed = frame::ParseFrameJson(std::move(body), options);
  if (!parsed) {
    if (parsed.error().message.empty()) std::abort();
    for (const auto& problem : parsed.error().problems) {
      if (problem.type.empty() || problem.loc.empty() || problem.loc.front() != "body")
        std::abort();
    }
    return 0;
  }
  const std::uint8_t* begin = parsed->storage.data();
  const std::uint8_t* end = begin + parsed->storage.size();
  if (parsed->encoded.empty() || parsed->encoded.size() > options.max_frame_data_chars)
    std::abort();
  if (parsed->encoded.data() < begin || parsed->encoded.data() + parsed->encoded.size() > end) {
    std::abort();
  }
  return 0;
}
