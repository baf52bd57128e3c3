#include "api/process_handler.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "api/frame_request.h"
#include "base/error.h"
#include "base/out_of_memory.h"
#include "base/trace_context.h"
#include "frame/result_json.h"
#include "http/accept.h"
#include "http/error_response.h"
#include "http/middleware/tracing.h"
#include "json/writer.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using base::Result;

// The parts of a request that go along to the worker: owned, because the request's views end with
// the handler.
struct Job {
  Job(http::Responder to, process::FrameWork frame_work)
      : respond(std::move(to)), work(std::move(frame_work)) {}

  http::Responder respond;
  process::FrameWork work;
  std::string path;
  std::string request_id;
  FrameRequest request;
  resources::Reservation reservation;
  bool annotate = false;
  std::optional<base::TraceContext> trace;  // when the answer is to tell it
  std::optional<base::TraceContext> callers_trace;
  std::string frame_id;  // "" until the frame has been read, unless the head says it
  std::string camera;    // likewise, unless the head says it
  std::shared_ptr<http::FrameNote> note;  // of both; null: nobody asks

  void NoteFrame() const {
    if (note) note->Set(frame_id, camera);
  }

  // With whose answer it is, for the log.
  void Send(http::Response response) {
    response.frame_id = frame_id;
    response.camera = camera;
    respond.Send(std::move(response));
  }
  void Refuse(const base::Error& error) {
    Send(http::ErrorResponse(error, path, request_id, frame_id));
  }
  void Fail(const base::Error& error) {
    work.Failed(error);
    Refuse(error);
  }
  // No worker ever had it. Its memory is given back before the answer goes out.
  void TurnAway(const base::Error& error) {
    work.Refused(error);
    request = {};
    reservation.Release();
    Refuse(error);
  }
};

// `result`, a JSON object, with what is told of the trace around its members.
std::string WithTrace(std::string_view result, const base::TraceContext& trace) {
  std::string text;
  json::JsonWriter first(text);
  first.BeginObject();
  first.Member("frame_tracking_enabled", true);
  first.Member("trace_id", trace.trace_id);
  text += ',';
  text += result.substr(1, result.size() - 2);
  std::string rest;
  json::JsonWriter last(rest);
  last.BeginObject();
  last.Member("traceparent", base::FormatTraceparent(trace));
  if (!trace.state.empty()) last.Member("tracestate", trace.state);
  last.EndObject();
  rest.front() = ',';
  return text + rest;
}

// What an answer tells of the trace: its server span's, or, where nothing is traced, a span's that
// nobody records.
base::TraceContext TraceOfAnswer(const http::Request& request, base::IdSource& ids) {
  if (auto recorded = request.allowance.trace.Context()) return *std::move(recorded);
  return base::ContinueTrace(http::CallersTrace(request), ids);
}

void Work(const ProcessContext& context, Job& job, process::Processor& processor,
          process::CameraTurns::Turn turn) {
  if (auto begun = job.work.Begin(); !begun) return job.Fail(begun.error());
  std::optional<std::string> camera_of_failed;
  auto frame = ReadFrame(std::move(job.request), context.frame, camera_of_failed);
  if (!frame) {
    job.work.OfCamera(camera_of_failed);
    return job.Fail(frame.error());
  }
  NameFrame(context.clock, *frame);
  job.work.Describe(frame->frame_id, frame->camera_id);
  job.frame_id = frame->frame_id;
  if (frame->camera_id) job.camera = *frame->camera_id;
  job.NoteFrame();
  const auto result = job.work.Run(processor, *frame, std::move(turn));
  if (!result) return job.Fail(result.error());

  std::optional<process::FrameWork::Encoding> encoding(std::in_place, job.work);
  http::Response response;
  if (job.annotate) {
    auto jpeg = processor.Annotate(*frame, *result, job.work.allowance());
    if (!jpeg) return job.Fail(jpeg.error());
    response.content_type = "image/jpeg";
    response.body = std::move(*jpeg);
  } else {
    std::string json;
    frame::AppendResultJson(*result, {.clock_fields = true, .simulated_gpu = context.simulated_gpu},
                            json);
    response = http::JsonResponse(job.trace ? WithTrace(json, *job.trace) : std::move(json));
  }
  encoding.reset();
  const std::optional<std::string> timestamp = std::move(frame->timestamp);
  // Given back before the answer goes out: who has the answer may count on the memory.
  *frame = {};
  job.reservation.Release();
  if (auto paid = ReserveBody(context, response); !paid) return job.Fail(paid.error());
  // Before the answer: who has that may count on the result being on its way.
  if (context.deliver != nullptr) {
    (*context.deliver)(*result, timestamp, TraceOf(job.work, job.callers_trace));
  }
  job.work.Completed(*result);
  job.Send(std::move(response));
}

// What can be said against a request by its head and its first byte; whether the answer is to be a
// picture.
Result<bool> Check(const http::Request& request, BodyKind kind, bool may_annotate) {
  if (kind == BodyKind::kUnsupported) return UnsupportedBody();
  const auto accept = request.Find("Accept");
  if (may_annotate) {
    const auto annotate = http::QueryParameter(request.query, "annotate");
    if (!annotate) return std::unexpected(annotate.error());
    const std::string_view wanted = annotate->has_value() ? **annotate : std::string_view();
    if (!wanted.empty() && wanted != "0" && wanted != "1") {
      return base::Fail(ErrorCode::kInvalidFrame,
                        {{"choice", {"query", "annotate"}, "must be 1 or 0"}});
    }
    if (wanted == "1" && http::Quality(accept, "image/jpeg") > 0) return true;
  }
  if (http::Quality(accept, "application/json") > 0) return false;
  return base::Fail(ErrorCode::kNotAcceptable,
                    may_annotate ? "the answer is application/json, or with annotate=1 image/jpeg; "
                                   "Accept takes neither"
                                 : "the answer is application/json, which Accept does not take");
}

http::Handler Make(const ProcessContext& context, bool tracking) {
  return [context, tracking](http::Request& request, http::Responder respond) {
    FrameRequest frame = TakeFrameRequest(request);
    frame.may_annotate = !tracking;
    const auto annotate = Check(request, frame.kind, !tracking);
    if (!annotate) {
      return respond.Send(http::ErrorResponse(annotate.error(), request.path, request.request_id));
    }
    auto job = std::make_shared<Job>(
        std::move(respond),
        process::FrameWork(context.Work(), request.request_id, request.allowance));
    job->path = request.path;
    job->request_id = request.request_id;
    job->annotate = *annotate;
    if (tracking) job->trace = TraceOfAnswer(request, context.ids);
    if (context.deliver != nullptr) job->callers_trace = http::CallersTrace(request);
    job->note = request.frame;
    job->reservation = std::move(request.reservation);
    process::TaskFacts facts{.bytes = frame.body.size(),
                             .deadline = request.allowance.deadline,
                             .camera = CameraOf(frame),
                             .refuse = [job](const base::Error& error) {
                               job->work.Taken();
                               job->TurnAway(error);
                             }};
    job->frame_id = FrameIdOf(frame);
    if (facts.camera) {
      job->work.OfCamera(*facts.camera);
      job->camera = facts.camera->value_or("");
    }
    job->NoteFrame();
    job->request = std::move(frame);
    auto submitted = context.pool.Submit(
        [context, job](process::Processor& processor, process::CameraTurns::Turn turn) {
          try {
            Work(context, *job, processor, std::move(turn));
          } catch (const std::bad_alloc&) {
            job->Fail(base::OutOfMemory().error());
          }
        },
        std::move(facts));
    if (!submitted) job->TurnAway(submitted.error());
  };
}

}  // namespace

http::Handler MakeProcessHandler(const ProcessContext& context) { return Make(context, false); }

http::Handler MakeTrackingHandler(const ProcessContext& context) { return Make(context, true); }

}  // namespace sampleproc::api
