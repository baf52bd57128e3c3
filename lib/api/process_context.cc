#include "api/process_context.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace sampleproc::api {

base::Result<void> ReserveBody(const ProcessContext& context, http::Response& response) {
  constexpr std::size_t kSmall = 64 * 1024;
  const std::size_t bytes = response.body_bytes().size();
  if (bytes <= kSmall) return {};
  auto reserved = context.pool.budget().TryReserve(bytes, "the answer");
  if (!reserved) return std::unexpected(reserved.error());
  response.reservation = std::move(*reserved);
  return {};
}

std::optional<base::TraceContext> TraceOf(const process::FrameWork& work,
                                          const std::optional<base::TraceContext>& callers) {
  if (auto recorded = work.allowance().trace.Context()) return recorded;
  return callers;
}

void NameFrame(const base::Clock& clock, frame::Frame& frame) {
  if (!frame.frame_id.empty()) return;
  const double seconds = std::chrono::duration<double>(clock.Wall().time_since_epoch()).count();
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 6).ptr;
  frame.frame_id = "api_frame_" + std::string(text, end);
}

}  // namespace sampleproc::api
