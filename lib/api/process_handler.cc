#include "api/process_handler.h"

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "frame/frame_json.h"
#include "frame/frame_text.h"
#include "frame/result_json.h"
#include "http/accept.h"
#include "http/error_response.h"
#include "json/writer.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using base::Result;
using frame::FrameAction;

// The parts of a request that go along to the worker: owned, because the request's views end with
// the handler.
struct Job {
  Job(http::Responder to, process::TrackedFrame tracked)
      : respond(std::move(to)), frame(std::move(tracked)) {}

  http::Responder respond;
  process::TrackedFrame frame;
  std::string path;
  std::string request_id;
  std::string query;
  bool is_json = false;
  bool annotate = false;
  std::string content_type;
  base::ByteBuffer body;
  resources::Reservation reservation;
  base::Allowance allowance;
  base::MonoTime handed_over;

  // Every step below is one that the table of states has, so its result says nothing new.
  void Go(FrameAction action) { (void)frame.Apply(action); }

  void Refuse(const base::Error& error) {
    respond.Send(http::ErrorResponse(error, path, request_id));
  }
  void Fail(telemetry::Metrics& metrics, const base::Error& error) {
    metrics.FrameFailed(error);
    Go(FrameAction::kFail);
    Go(FrameAction::kArchive);
    Refuse(error);
  }
};

enum class BodyKind { kJson, kBinary, kByFirstByte, kUnsupported };

BodyKind KindOf(std::string_view content_type) {
  const std::string_view media = content_type.substr(0, content_type.find_first_of("; \t"));
  const auto is = [media](std::string_view name) { return http::EqualsIgnoreCase(media, name); };
  if (media.empty() || is("application/x-www-form-urlencoded")) return BodyKind::kByFirstByte;
  if (is("application/json")) return BodyKind::kJson;
  if (is("application/octet-stream") || is("application/x-npy")) return BodyKind::kBinary;
  if (media.size() > 6 && http::EqualsIgnoreCase(media.substr(0, 6), "image/")) {
    return BodyKind::kBinary;
  }
  return BodyKind::kUnsupported;
}

bool StartsWithBrace(base::ByteView body) {
  for (const std::uint8_t byte : body) {
    if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') continue;
    return byte == '{';
  }
  return false;
}

// The original service's form: "api_frame_" and the seconds since 1970 with their fraction.
std::string MadeUpFrameId(base::WallTime now) {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 6).ptr;
  return "api_frame_" + std::string(text, end);
}

// A query parameter under the same rules as the JSON member of that name.
Result<std::optional<std::string>> TextParameter(const Job& job, const char* name,
                                                 std::size_t longest) {
  std::optional<std::string> value = http::QueryParameter(job.query, name);
  if (!value || value->empty()) return std::nullopt;
  if (auto problem = frame::CheckText(*value, longest)) {
    problem->loc = {"query", name};
    return base::Fail(ErrorCode::kInvalidFrame, {std::move(*problem)});
  }
  return value;
}

// A side of raw pixels, 0 when it is not given.
Result<std::uint32_t> SideParameter(const Job& job, std::string_view name) {
  const auto text = http::QueryParameter(job.query, name);
  if (!text || text->empty()) return 0;
  const auto side = frame::ParseRawSide(*text);
  if (side) return *side;
  return base::Fail(
      ErrorCode::kInvalidFrame,
      {{"side_range", {"query", std::string(name)}, std::string(frame::kRawSideRule)}});
}

// What the query says of the format, and of pixels without a header their sides.
Result<void> DescribeFormat(const Job& job, frame::Frame& frame) {
  auto format = TextParameter(job, "format", frame::kMaxFormatBytes);
  if (!format) return std::unexpected(format.error());
  if (!*format) return {};
  frame.declared_format = std::move(*format);
  const auto raw = frame::FindRawFormat(*frame.declared_format);
  if (!raw) return {};
  const auto width = SideParameter(job, "width");
  if (!width) return std::unexpected(width.error());
  const auto height = SideParameter(job, "height");
  if (!height) return std::unexpected(height.error());
  frame.raw = {*raw, *width, *height};
  return {};
}

Result<frame::Frame> BinaryFrame(Job& job) {
  frame::Frame frame;
  auto frame_id = TextParameter(job, "frame_id", frame::kMaxIdBytes);
  if (!frame_id) return std::unexpected(frame_id.error());
  auto camera_id = TextParameter(job, "camera_id", frame::kMaxIdBytes);
  if (!camera_id) return std::unexpected(camera_id.error());
  auto timestamp = TextParameter(job, "timestamp", frame::kMaxTimestampBytes);
  if (!timestamp) return std::unexpected(timestamp.error());
  frame.frame_id = std::move(*frame_id).value_or("");
  frame.camera_id = std::move(*camera_id);
  frame.timestamp = std::move(*timestamp);
  if (KindOf(job.content_type) == BodyKind::kBinary &&
      job.content_type.find("octet-stream") == std::string::npos) {
    const bool npy = job.content_type.find("x-npy") != std::string::npos;
    frame.declared_format = npy ? "npy" : job.content_type;
  }
  if (auto described = DescribeFormat(job, frame); !described) {
    return std::unexpected(described.error());
  }
  frame.storage = std::move(job.body);
  frame.encoded = frame.storage;
  return frame;
}

void Work(const ProcessContext& context, Job& job, process::Processor& processor,
          process::CameraTurns::Turn turn) {
  job.Go(FrameAction::kStart);
  const auto queued = context.clock.Now() - job.handed_over;
  if (auto allowed = job.allowance.Check("the queue"); !allowed) {
    return job.Fail(context.metrics, allowed.error());
  }

  Result<frame::Frame> frame =
      job.is_json ? frame::ParseFrameJson(std::move(job.body), context.frame) : BinaryFrame(job);
  if (!frame) return job.Fail(context.metrics, frame.error());
  if (frame->frame_id.empty()) frame->frame_id = MadeUpFrameId(context.clock.Wall());

  auto result = processor.Process(*frame, job.allowance, std::move(turn));
  if (!result) return job.Fail(context.metrics, result.error());
  result->times.queued = queued;

  http::Response response;
  if (job.annotate) {
    auto jpeg = processor.Annotate(*frame, *result, job.allowance);
    if (!jpeg) return job.Fail(context.metrics, jpeg.error());
    response.content_type = "image/jpeg";
    response.body = std::move(*jpeg);
  } else {
    std::string json;
    frame::AppendResultJson(*result, {.clock_fields = true, .simulated_gpu = context.simulated_gpu},
                            json);
    response = http::JsonResponse(std::move(json));
  }
  context.metrics.FrameCompleted(*result);
  // Given back before the answer goes out: who has the answer may count on the memory.
  *frame = {};
  job.reservation.Release();
  job.Go(FrameAction::kComplete);
  job.Go(FrameAction::kArchive);
  job.respond.Send(std::move(response));
}

}  // namespace

http::Handler MakeProcessHandler(const ProcessContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    auto job =
        std::make_shared<Job>(std::move(respond), context.tracker.Receive(request.request_id));
    job->path = request.path;
    job->request_id = request.request_id;
    job->query = request.query;
    job->content_type = request.Find("Content-Type").value_or("");
    const BodyKind kind = KindOf(job->content_type);
    if (kind == BodyKind::kUnsupported) {
      return job->Refuse(base::Fail(ErrorCode::kUnsupportedFormat,
                                    "the content type is not one of application/json, image/*, "
                                    "application/x-npy and application/octet-stream")
                             .error());
    }
    const auto accept = request.Find("Accept");
    job->annotate = http::QueryParameter(job->query, "annotate") == "1" &&
                    http::Quality(accept, "image/jpeg") > 0;
    if (!job->annotate && http::Quality(accept, "application/json") == 0) {
      return job->Refuse(base::Fail(ErrorCode::kNotAcceptable,
                                    "there is application/json, and with annotate=1 image/jpeg")
                             .error());
    }
    job->is_json = kind == BodyKind::kJson ||
                   (kind == BodyKind::kByFirstByte && StartsWithBrace(request.body));
    job->Go(FrameAction::kValidate);
    job->body = std::move(request.body);
    job->reservation = std::move(request.reservation);
    job->allowance = request.allowance;
    job->handed_over = context.clock.Now();
    job->Go(FrameAction::kQueue);
    auto submitted = context.pool.Submit(
        [context, job](process::Processor& processor, process::CameraTurns::Turn turn) {
          Work(context, *job, processor, std::move(turn));
        });
    if (!submitted) {
      context.metrics.FrameFailed(submitted.error());
      job->Refuse(submitted.error());
    }
  };
}

}  // namespace sampleproc::api
