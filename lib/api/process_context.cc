#include "api/process_context.h"

#include <charconv>
#include <chrono>
#include <string>

namespace sampleproc::api {

void NameFrame(const base::Clock& clock, frame::Frame& frame) {
  if (!frame.frame_id.empty()) return;
  const double seconds = std::chrono::duration<double>(clock.Wall().time_since_epoch()).count();
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 6).ptr;
  frame.frame_id = "api_frame_" + std::string(text, end);
}

}  // namespace sampleproc::api
