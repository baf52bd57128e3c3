#include "http/middleware/access_log.h"

#include <utility>

#include "http/error_response.h"
#include "http/middleware/tracing.h"
#include "http/router.h"

namespace sampleproc::http {
namespace {

constexpr std::size_t kMaxPathBytes = 200;
constexpr std::size_t kMaxDetailBytes = 200;
constexpr std::size_t kMaxIdBytes = 200;
constexpr std::size_t kMaxMethodBytes = 32;

std::string TraceOf(const Request& request) {
  if (const std::string_view id = request.span.parent().TraceId(); !id.empty()) {
    return std::string(id);
  }
  const auto callers = CallersTrace(request);
  return callers ? callers->trace_id : "";
}

// What the head says of a frame that nobody has read: its body has not come, or was not let in.
std::string Named(const Request& request, std::string_view parameter) {
  if (request.route == nullptr || !request.route->frames) return {};
  auto value = QueryParameter(request.query, parameter);
  return value ? std::move(*value).value_or("") : std::string();
}

struct Frame {
  std::string id;
  std::string camera;
};

// What the answer says of the frame; of one that nobody has read, what the head says.
Frame FrameOf(const Request& request, const Response& response) {
  if (!response.frame_id.empty() || !response.camera.empty()) {
    return {response.frame_id, response.camera};
  }
  return {Named(request, "frame_id"), Named(request, "camera_id")};
}

}  // namespace

std::string AccessLog::Shown(std::string_view text, std::size_t most) const {
  return text.empty() ? std::string() : mask_(text).substr(0, most);
}

std::optional<base::LogLevel> AccessLog::LevelOf(const Request& request, const Response& response) {
  const base::LogLevel level = LogLevelOf(response.status);
  if (lines_ == Lines::kAll) {
    // A probe says "not now" with 503, which is no news.
    const bool watched = request.route != nullptr && request.route->unlimited;
    return watched && level != base::LogLevel::kError ? base::LogLevel::kDebug : level;
  }
  const bool of_frames = request.route != nullptr && request.route->frames;
  if (!of_frames || response.error_type.empty()) return std::nullopt;
  const std::string camera = FrameOf(request, response).camera.substr(0, kMaxIdBytes);
  const base::MutexLock lock(mutex_);
  return few_[level].Next(camera, clock_.Now()) ? level : base::LogLevel::kDebug;
}

void AccessLog::OnResponse(const Request& request, Response& response) {
  const auto level = LevelOf(request, response);
  if (!level || !log_.Enabled(*level)) return;
  const bool read = request.begun != base::MonoTime{};
  const double milliseconds =
      read ? std::chrono::duration<double, std::milli>(clock_.Now() - request.begun).count() : 0;
  // Behind trusted proxies the client; before it is found out, whoever is connected.
  const Address& client = request.caller.address.known ? request.caller.address : request.peer;
  const std::string trace_id = TraceOf(request);
  const std::string detail = Shown(response.detail, kMaxDetailBytes);
  const Frame frame = FrameOf(request, response);
  const std::string frame_id = Shown(frame.id, kMaxIdBytes);
  const std::string camera = Shown(frame.camera, kMaxIdBytes);
  const std::string_view method =
      read ? MethodName(request.method) : request.unread_method.substr(0, kMaxMethodBytes);
  base::ChildLogger(log_, {{"frame_id", std::string_view(frame_id)},
                           {"camera", std::string_view(camera)},
                           {"trace_id", std::string_view(trace_id)},
                           {"error_type", response.error_type},
                           {"detail", std::string_view(detail)}})
      .Write(*level, lines_ == Lines::kAll ? "request" : "a request's frame cannot be done",
             {{"method", method},
              {"path", request.path.substr(0, kMaxPathBytes)},
              {"status", std::int64_t{response.status}},
              {"duration_ms", milliseconds},
              {"client", std::string_view(client.Text())},
              {"request_id", std::string_view(request.request_id)}});
}

}  // namespace sampleproc::http
