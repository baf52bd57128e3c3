#include "api/batch_handler.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/frame_request.h"
#include "base/error.h"
#include "base/out_of_memory.h"
#include "cameras/roster.h"
#include "frame/batch_json.h"
#include "frame/result_json.h"
#include "http/error_response.h"
#include "http/middleware/rate_limit.h"
#include "http/middleware/tracing.h"
#include "json/writer.h"
#include "net/redact.h"
#include "process/batch.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;

// What became of one frame, as JSON; of one that failed, why.
struct Outcome {
  std::string json;
  std::optional<base::Error> failure;
};

// A request's frames until the last of them has ended. Each frame writes its own outcome; the one
// that ends last reads all of them (process/batch.h).
struct BatchJob {
  explicit BatchJob(http::Responder to) : respond(std::move(to)) {}

  http::Responder respond;
  std::string path;
  std::string request_id;
  http::Caller caller;
  base::Allowance allowance;
  base::MonoTime begun;
  resources::Reservation reservation;
  frame::BatchFrames batch;
  std::vector<frame::Warning> warnings;  // of the query; part of each frame's result
  std::vector<Outcome> outcomes;
  std::optional<http::Quota> quota;
  std::optional<base::TraceContext> callers_trace;

  void Refuse(const base::Error& error) {
    http::Response response = http::ErrorResponse(error, path, request_id);
    response.quota = quota;
    respond.Send(std::move(response));
  }

  void Fail(std::size_t index, std::string_view frame_id, const base::Error& error) {
    outcomes[index].failure = error;
    json::JsonWriter json(outcomes[index].json);
    json.BeginObject();
    json.Member("index", index);
    if (!frame_id.empty()) json.Member("frame_id", frame_id);
    json.Key("error");
    json.Raw(base::AsText(http::ErrorResponse(error, path, request_id).body_bytes()));
    json.EndObject();
  }
};

using SharedJob = std::shared_ptr<BatchJob>;

void WorkOn(const ProcessContext& context, BatchJob& job, std::size_t index,
            process::FrameWork& work, process::Processor& processor,
            process::CameraTurns::Turn turn, process::BatchPart& part) {
  frame::Frame& frame = *job.batch.frames[index];
  const auto fail = [&](const base::Error& error) {
    work.Failed(error);
    job.Fail(index, frame.frame_id, error);
  };
  if (auto begun = work.Begin(); !begun) return fail(begun.error());
  std::ranges::copy(job.warnings, std::back_inserter(frame.warnings));
  NameFrame(context.clock, frame);
  work.Describe(frame.frame_id, frame.camera_id);
  const auto result = work.Run(processor, frame, std::move(turn));
  if (!result) return fail(result.error());
  {
    const process::FrameWork::Encoding encoding(work);
    frame::AppendResultJson(*result, {.clock_fields = true, .simulated_gpu = context.simulated_gpu},
                            job.outcomes[index].json);
  }
  if (context.deliver != nullptr) {
    (*context.deliver)(*result, frame.timestamp, TraceOf(work, job.callers_trace));
  }
  work.Completed(*result);
  part.Succeeded();
}

// A frame that cannot be read reaches no worker.
void CountUnread(const ProcessContext& context, const frame::BatchFrames& batch,
                 std::size_t index) {
  const base::Error& error = batch.frames[index].error();
  const std::string_view door = context.Work().door;
  const auto camera = batch.cameras_of_failed.find(index);
  if (camera == batch.cameras_of_failed.end()) return context.metrics.FrameFailed(door, {}, error);
  context.metrics.FrameFailed(door, camera->second, error);
  if (context.roster == nullptr) return;
  context.roster->Came(camera->second, door);
  context.roster->Lost(camera->second, base::ErrorCodeName(error.code), error.message);
}

// Hands one frame to the workers; its part ends with it.
void HandOver(const ProcessContext& context, const SharedJob& job, std::size_t index,
              process::BatchPart part) {
  const base::Result<frame::Frame>& frame = job->batch.frames[index];
  if (!frame) {
    CountUnread(context, job->batch, index);
    return job->Fail(index, "", frame.error());
  }
  auto work = std::make_shared<process::FrameWork>(
      context.Work(), job->request_id + '-' + std::to_string(index), job->allowance);
  work->OfCamera(frame->camera_id);
  const auto turn_away = [job, index, work](const base::Error& error) {
    work->Refused(error);
    job->Fail(index, job->batch.frames[index]->frame_id, error);
  };
  auto submitted = context.pool.Submit(
      [context, job, index, work, part = std::move(part)](process::Processor& processor,
                                                          process::CameraTurns::Turn turn) mutable {
        WorkOn(context, *job, index, *work, processor, std::move(turn), part);
      },
      {.bytes = frame->encoded.size(),
       .deadline = job->allowance.deadline,
       .camera = frame->camera_id,
       .refuse = [work, turn_away](const base::Error& error) {
         work->Taken();
         turn_away(error);
       }});
  if (!submitted) turn_away(submitted.error());
}

// The answer of them all is one line of the log, which says nothing of each.
void LogFailures(const BatchJob& job, base::Logger& log) {
  for (std::size_t index = 0; index < job.outcomes.size(); ++index) {
    const std::optional<base::Error>& failure = job.outcomes[index].failure;
    if (!failure) continue;
    const base::LogLevel level = http::LogLevelOf(http::StatusOf(failure->code));
    if (!log.Enabled(level)) continue;
    std::string frame_id;
    std::string camera;
    if (index < job.batch.frames.size() && job.batch.frames[index]) {
      const frame::Frame& frame = *job.batch.frames[index];
      frame_id = net::RedactCredentials(frame.frame_id);
      camera = net::RedactCredentials(frame.camera_id.value_or(""));
    }
    const std::string reason = net::RedactCredentials(failure->message);
    base::ChildLogger(log, {{"frame_id", std::string_view(frame_id)},
                            {"camera", std::string_view(camera)},
                            {"trace_id", job.allowance.trace.TraceId()}})
        .Write(level, "a frame of a batch cannot be done",
               {{"error_type", base::ErrorCodeName(failure->code)},
                {"error", std::string_view(reason)},
                {"index", static_cast<std::int64_t>(index)},
                {"request_id", std::string_view(job.request_id)}});
  }
}

void Answer(const ProcessContext& context, BatchJob& job, const process::BatchReport& report) {
  for (std::size_t index = 0; index < job.outcomes.size(); ++index) {
    if (!job.outcomes[index].json.empty()) continue;
    job.Fail(index, "", base::Fail(ErrorCode::kInternal, "the frame was dropped").error());
  }
  const bool no_room = std::ranges::all_of(job.outcomes, [](const Outcome& outcome) {
    return outcome.failure && (outcome.failure->code == ErrorCode::kOverloaded ||
                               outcome.failure->code == ErrorCode::kShuttingDown);
  });
  if (!no_room) LogFailures(job, context.log);
  // Given back before the answer goes out: who has the answer may count on the memory.
  job.batch = {};
  job.reservation.Release();
  if (no_room) {
    const base::Error& last = *job.outcomes.back().failure;
    return job.Refuse(
        {last.code, "there is no room for any frame of this batch", {}, last.retry_after});
  }
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Key("results");
  json.BeginArray();
  for (const Outcome& outcome : job.outcomes) json.Raw(outcome.json);
  json.EndArray();
  json.Member("total", report.frames);
  json.Member("succeeded", report.succeeded);
  json.Member("failed", report.frames - report.succeeded);
  const std::chrono::duration<double, std::milli> took = context.clock.Now() - job.begun;
  json.Member("processing_time_ms", json::RoundTo(took.count(), 3));
  json.EndObject();
  http::Response response = http::JsonResponse(std::move(text));
  if (auto paid = ReserveBody(context, response); !paid) return job.Refuse(paid.error());
  response.quota = job.quota;
  job.respond.Send(std::move(response));
}

// On a worker: parses, settles the quota and hands the frames on.
void Spread(const ProcessContext& context, const SharedJob& job, base::ByteBuffer body) {
  if (auto allowed = job->allowance.Check("the queue"); !allowed) {
    return job->Refuse(allowed.error());
  }
  auto batch = frame::ParseBatchJson(std::move(body), context.frame);
  if (!batch) return job->Refuse(batch.error());
  const std::size_t count = batch->frames.size();
  // The request itself has taken one.
  if (context.limiter != nullptr && count > 1) {
    const auto verdict = context.limiter->Take(job->caller, static_cast<std::uint32_t>(count - 1));
    job->quota = verdict.quota;
    if (!verdict.allowed) return job->Refuse(http::OverQuota(verdict.quota));
  }
  job->batch = std::move(*batch);
  job->outcomes.resize(count);
  process::StartBatch(
      count,
      [&context, &job](std::size_t index, process::BatchPart part) {
        HandOver(context, job, index, std::move(part));
      },
      context.log,
      [context, job](const process::BatchReport& report) { Answer(context, *job, report); });
}

}  // namespace

http::Handler MakeBatchHandler(const ProcessContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    auto job = std::make_shared<BatchJob>(std::move(respond));
    job->path = request.path;
    job->request_id = request.request_id;
    if (KindOf(request.Find("Content-Type").value_or(""), request.body) != BodyKind::kJson) {
      return job->Refuse(base::Fail(ErrorCode::kUnsupportedFormat,
                                    "a batch is application/json, {\"frames\": [...]}")
                             .error());
    }
    if (auto checked = CheckBody(BodyKind::kJson, request.body, request.HasLength()); !checked) {
      return job->Refuse(checked.error());
    }
    auto warnings = CheckQuery(request.query, BodyKind::kJson, false);
    if (!warnings) return job->Refuse(warnings.error());
    job->warnings = std::move(*warnings);
    job->caller = request.caller;
    if (context.deliver != nullptr) job->callers_trace = http::CallersTrace(request);
    job->allowance = request.allowance;
    job->begun = context.clock.Now();
    job->reservation = std::move(request.reservation);
    auto submitted = context.pool.Submit(
        [context, job, body = std::move(request.body)](process::Processor&,
                                                       process::CameraTurns::Turn) mutable {
          try {
            Spread(context, job, std::move(body));
          } catch (const std::bad_alloc&) {
            job->Refuse(base::OutOfMemory().error());
          }
        },
        {.deadline = job->allowance.deadline,
         .refuse = [job](const base::Error& error) { job->Refuse(error); }});
    if (!submitted) job->Refuse(submitted.error());
  };
}

}  // namespace sampleproc::api
