#include "http/middleware/access_log.h"

#include "http/router.h"

namespace sampleproc::http {
namespace {

constexpr std::size_t kMaxPathBytes = 200;
constexpr std::size_t kMaxDetailBytes = 200;
constexpr std::size_t kMaxMethodBytes = 32;

}  // namespace

void AccessLog::OnResponse(const Request& request, Response& response) {
  const bool watched = request.route != nullptr && request.route->unlimited;
  const base::LogLevel level = watched ? base::LogLevel::kDebug : base::LogLevel::kInfo;
  if (!log_.Enabled(level)) return;
  const bool read = request.begun != base::MonoTime{};
  const double milliseconds =
      read ? std::chrono::duration<double, std::milli>(clock_.Now() - request.begun).count() : 0;
  // Behind trusted proxies the client; before it is found out, whoever is connected.
  const Address& client = request.caller.address.known ? request.caller.address : request.peer;
  const std::string detail =
      response.detail.empty() ? "" : mask_(response.detail).substr(0, kMaxDetailBytes);
  const std::string_view method =
      read ? MethodName(request.method) : request.unread_method.substr(0, kMaxMethodBytes);
  base::ChildLogger(log_, {{"trace_id", request.span.parent().TraceId()}, {"detail", detail}})
      .Write(level, "request",
             {{"method", method},
              {"path", request.path.substr(0, kMaxPathBytes)},
              {"status", std::int64_t{response.status}},
              {"duration_ms", milliseconds},
              {"client", std::string_view(client.Text())},
              {"request_id", std::string_view(request.request_id)}});
}

}  // namespace sampleproc::http
