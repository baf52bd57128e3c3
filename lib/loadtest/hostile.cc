#include "loadtest/hostile.h"

#include <algorithm>

#include "loadtest/base64_text.h"

namespace sampleproc::loadtest {

std::vector<StoredFrame> HostileFrames(const StoredFrame& frame) {
  const auto variant = [&frame](std::string name, std::string bytes) {
    StoredFrame made{.name = std::move(name),
                     .bytes = std::move(bytes),
                     .base64 = "",
                     .content_type = frame.content_type,
                     .raw = frame.raw,
                     .weight = 1};
    made.base64 = Base64Text(made.bytes);
    return made;
  };
  std::string overwritten = frame.bytes;
  overwritten.replace(0, std::min<std::size_t>(16, overwritten.size()), "GARBAGE GARBAGE ");
  // Of pixels without a header any bytes are a picture; only their number can be wrong.
  if (frame.raw) overwritten += '!';
  return {variant("cut", frame.bytes.substr(0, frame.bytes.size() / 2)),
          variant("overwritten", std::move(overwritten)), variant("empty", "")};
}

std::vector<std::string> HostileJson() {
  return {"{\"frame_data\": \"AAAA", std::string(5'000, '[') + std::string(5'000, ']'),
          "{\"frame_data\": \"not*base64!\"}", "{\"metadata\": {}}",
          "{\"frame_data\": \"AAAA\", \"frame_data\": \"AAAA\"}"};
}

}  // namespace sampleproc::loadtest
