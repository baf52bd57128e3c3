#include "live/live_picture.h"

#include <algorithm>
#include <cstdint>

#include "net/redact.h"

namespace sampleproc::live {

std::optional<net::Url> PlaceOf(const std::string& url) {
  if (cameras::NamesFile(url)) return std::nullopt;
  auto http = net::ParseUrl(url);
  return http ? http : net::ParseRtspUrl(url);
}

void BeginSpan(const telemetry::Tracer* tracer, const std::string& camera_id,
               const std::optional<net::Url>& place, base::MonoTime now, LivePicture& picture) {
  if (tracer == nullptr) return;
  // The reader waits for the sender in between, which is not told apart: so the time in which it
  // used the CPU is put just before the picture was handed over.
  const base::MonoTime decoded_since = now - picture.decode;
  picture.span = tracer->Begin("watch", base::SpanKind::kInternal, std::nullopt,
                               std::min(decoded_since, base::MonoTime(picture.came_at)));
  if (picture.span.recorded()) picture.span.Set("sampleproc.camera.id", net::ShownId(camera_id));
  if (place) {
    picture.span.Set("server.address", place->host);
    picture.span.Set("server.port", std::int64_t{place->port});
  }
  if (picture.decode <= std::chrono::nanoseconds(0)) return;
  base::Span decode =
      picture.span.parent().Begin("decode", base::SpanKind::kInternal, decoded_since);
  decode.Set("sampleproc.image.format", picture.shot.codec);
  decode.Set("sampleproc.image.width", std::int64_t{picture.shot.luma.width});
  decode.Set("sampleproc.image.height", std::int64_t{picture.shot.luma.height});
}

void EndSpan(std::string_view outcome, std::string_view reason, LivePicture& picture) noexcept {
  picture.span.Set("sampleproc.outcome", outcome);
  if (!reason.empty()) picture.span.Set("sampleproc.reason", reason);
  picture.span.End();
}

}  // namespace sampleproc::live
