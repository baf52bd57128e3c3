#include "process/processor.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>
#include <utility>

#include "base/mutex.h"
#include "base/out_of_memory.h"
#include "frame/frame_time.h"
#include "process/annotate.h"
#include "process/metrics.h"
#include "process/still.h"
#include "resources/wait.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;

// Libraries below report some failures by exceptions; none may leave the corridor.
template <typename Work>
auto Guarded(Work&& work) noexcept -> decltype(work()) {
  try {
    try {
      return work();
    } catch (const std::bad_alloc&) {
      return base::OutOfMemory();
    } catch (...) {
      // The text is the library's and may quote the input, so it does not travel.
      return base::Fail(ErrorCode::kInternal, "a step failed unexpectedly");
    }
  } catch (...) {
    return base::OutOfMemory();
  }
}

base::Allowance Limited(const base::Allowance& allowance, const base::Clock& clock,
                        std::chrono::milliseconds longest) {
  base::Allowance limited = allowance;
  if (longest == longest.zero()) return limited;
  limited.deadline = base::Deadline::Earlier(allowance.deadline, base::Deadline(clock, longest));
  return limited;
}

// "image/jpeg", "JPG" and ".jpg" all mean "jpeg".
std::string NormalisedFormat(std::string declared) {
  for (char& c : declared) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (const auto semicolon = declared.find(';'); semicolon != std::string::npos) {
    declared.resize(semicolon);
  }
  if (declared.starts_with("image/")) declared.erase(0, 6);
  if (declared.starts_with(".")) declared.erase(0, 1);
  return declared == "jpg" || declared == "pjpeg" || declared == "jpe" || declared == "jfif"
             ? "jpeg"
             : declared;
}

void WarnOfContradiction(const frame::Frame& frame, frame::FrameResult& result) {
  if (!frame.declared_format) return;
  const std::string declared = NormalisedFormat(*frame.declared_format);
  if (declared.empty() || declared == result.format) return;
  result.warnings.push_back(
      {"format_mismatch",
       "the sender declared another format than the bytes have: " + result.format});
}

// `process.delay`; a frame that is cancelled or late does not hold its worker.
base::Result<void> Delay(std::chrono::milliseconds delay, const base::Allowance& allowance) {
  if (delay <= delay.zero()) return {};
  base::Mutex mutex;
  base::CondVar never;
  const resources::PatientWait wait(delay, allowance);
  const base::MutexLock lock(mutex);
  while (wait.Wanted() && !wait.Over()) wait.For(never, mutex);
  return allowance.Check("process.delay");
}

void BeginResult(const frame::Frame& frame, frame::FrameResult& result) {
  result.frame_id = frame.frame_id;
  result.camera_id = frame.camera_id;
  result.warnings = frame.warnings;
  if (frame.timestamp && !frame.timestamp->empty() && !frame::ParseFrameTime(*frame.timestamp)) {
    result.warnings.push_back(
        {"unreadable_timestamp",
         "the timestamp is neither seconds since 1970 nor a date and time of "
         "ISO 8601, and says nothing: the frame counts as taken when it came"});
  }
}

// What the door has reserved for the frame: its bytes, wherever they are.
std::size_t HeldBy(const frame::Frame& frame) {
  return std::max(frame.storage.size(), frame.encoded.size());
}

bool CameAsJpeg(const frame::Frame& frame, const frame::FrameResult& result) {
  return !frame.encoded.empty() && result.format == codec::FormatName(codec::Format::kJpeg);
}

// A frame that would have had time yet without its waits is not too slow.
void BlameOthers(const base::Allowance& allowance, const base::Clock& clock,
                 std::chrono::nanoseconds waited, base::Result<void>& result) {
  if (result || result.error().code != ErrorCode::kDeadline) return;
  if (!allowance.deadline.Expired() || clock.Now() >= allowance.deadline.At() + waited) return;
  result = base::Fail(ErrorCode::kOverloaded,
                      "the frame's time went by in waiting for other frames of its camera, or for "
                      "other very large ones");
}

}  // namespace

frame::CameraSettings DefaultSettings(const Options& options) {
  return {.pipeline = options.pipeline, .threshold = options.detection_threshold};
}

base::Result<Processor> Processor::Make(const ProcessorContext& context) {
  const auto pipelines = context.directory == nullptr
                             ? Detectors::Pipelines{context.options.pipeline}
                             : context.directory->pipelines();
  auto detectors = context.detectors;
  if (detectors == nullptr) {
    auto opened = Detectors::Open(context.options, pipelines, context.budget);
    if (!opened) return std::unexpected(opened.error());
    detectors = std::move(*opened);
  }
  Processor processor(context, StepSet(context.options, std::move(detectors)));
  bool first = true;
  for (const std::vector<std::string>& steps : pipelines) {
    const auto pipeline = processor.PipelineOf(steps);
    if (!pipeline) return std::unexpected(pipeline.error());
    if (std::exchange(first, false)) {
      processor.needs_ = (*pipeline)->needs();
    } else {
      AddNeeds((*pipeline)->needs(), processor.needs_);
    }
  }
  return processor;
}

base::Result<Pipeline*> Processor::PipelineOf(const std::vector<std::string>& steps) {
  // Reloads may bring ever new ones; the steps themselves stay.
  constexpr std::size_t kMostPipelines = 20'000;
  const auto known = pipelines_.find(steps);
  if (known != pipelines_.end()) return &known->second;
  auto pipeline = Pipeline::Make(steps, *steps_, context_.only_memory);
  if (!pipeline) return std::unexpected(pipeline.error());
  if (pipelines_.size() >= kMostPipelines) pipelines_.clear();
  return &pipelines_.emplace(steps, std::move(*pipeline)).first->second;
}

base::Result<Processor::Plan> Processor::MakePlan(const frame::Frame& frame,
                                                  const base::Allowance& allowance,
                                                  CameraTurns::Turn& turn) {
  static constexpr StepNeeds kNothing{.luma_width = 0};
  turn.Declare(frame.camera_id);
  frame::CameraPtr camera = frame.camera;
  if (camera == nullptr) {
    camera =
        context_.directory == nullptr ? default_camera_ : context_.directory->Find(frame.camera_id);
  }
  const auto pipeline = PipelineOf(camera->settings().pipeline);
  if (!pipeline) return std::unexpected(pipeline.error());
  bool look = frame.look.value_or(true);
  std::optional<GrantedLook> granted;
  if (!frame.look && camera->settings().fps > 0) {
    // In the order of the camera's frames, or those of a backlog would be picked as workers come.
    if (auto come = turn.Wait(allowance); !come) return std::unexpected(come.error());
    const auto time = camera->TakeLook(SaidTime(frame), ArrivalOf(frame));
    look = time.has_value();
    if (time) granted.emplace(camera, *time);
  }
  // Whether it had to be asked for or not: the order has as many stages for all.
  turn.EndStage();
  return Plan{std::move(camera),
              **pipeline,
              look,
              std::move(granted),
              look ? (*pipeline)->needs() : kNothing,
              turn};
}

// Does the work with a budget of its own, `held` bytes of which the door has reserved, and tells
// the metrics. Its own exceptions are for Guarded: a budget takes memory to make.
template <typename Work>
base::Result<frame::FrameResult> Processor::Measured(std::size_t held,
                                                     const CameraTurns::Turn& turn,
                                                     const Work& work) {
  const base::MonoTime begin = context_.clock.Now();
  resources::MemoryBudget own(context_.budget, held);
  frame::FrameResult result;
  base::Result<void> done = Guarded([&] { return work(own, result); });
  result.times.total = context_.clock.Now() - begin;
  result.times.finished = context_.clock.Wall();
  result.times.turn = turn.awaited_turn();
  result.times.memory = own.waited();
  if (context_.metrics != nullptr) context_.metrics->FrameWorkedOn(result.times, result.steps);
  if (!done) return std::unexpected(std::move(done.error()));
  return result;
}

base::Result<frame::FrameResult> Processor::Process(const frame::Frame& frame,
                                                    const base::Allowance& allowance,
                                                    CameraTurns::Turn turn) {
  auto result = Guarded([&] {
    return Measured(
        HeldBy(frame), turn,
        [&](resources::MemoryBudget& own, frame::FrameResult& into) -> base::Result<void> {
          const base::Allowance limited =
              Limited(allowance, context_.clock, context_.options.deadline);
          auto plan = MakePlan(frame, limited, turn);
          if (!plan) return std::unexpected(plan.error());
          auto run = DecodeAndRun(frame, *plan, own, limited, into);
          if (run && plan->granted) plan->granted->Use();
          BlameOthers(limited, context_.clock, turn.waited(), run);
          return run;
        });
  });
  Trim();
  return result;
}

base::Result<frame::FrameResult> Processor::Process(const frame::Frame& frame,
                                                    const DecodedPicture& decoded,
                                                    const base::Allowance& allowance,
                                                    CameraTurns::Turn turn) {
  const auto run_decoded = [&](resources::MemoryBudget& own,
                               frame::FrameResult& result) -> base::Result<void> {
    const base::Allowance limited = Limited(allowance, context_.clock, context_.options.deadline);
    auto plan = MakePlan(frame, limited, turn);
    if (!plan) return std::unexpected(plan.error());
    BeginResult(frame, result);
    result.width = decoded.luma.width;
    result.height = decoded.luma.height;
    result.format = decoded.format;
    result.times.decode = decoded.took;
    result.orientation = decoded.orientation;
    Picture picture(decoded.luma, result.width, result.height, [&]() -> base::Result<frame::Image> {
      if (decoded.bgr) return *decoded.bgr;
      return base::Fail(ErrorCode::kInternal, "the frame came without its colours");
    });
    auto run = Run(frame, *plan, picture, own, limited, result);
    if (run && plan->granted) plan->granted->Use();
    return run;
  };
  return Guarded([&] { return Measured(0, turn, run_decoded); });
}

base::Result<void> Processor::DecodeAndRun(const frame::Frame& frame, const Plan& plan,
                                           resources::MemoryBudget& own,
                                           const base::Allowance& allowance,
                                           frame::FrameResult& result) {
  if (auto allowed = allowance.Check("the queue"); !allowed) return allowed;

  const base::MonoTime begin = context_.clock.Now();
  resources::HeavyLane::Slot heavy;
  const auto admit = [&](std::uint64_t pixels) {
    return Admit(frame, pixels, plan, own, allowance, heavy, result.times);
  };
  // What would be too large once a step asks for colours is so from the start, or it would depend
  // on the picture whether its size is an error.
  const auto largest = plan.needs.colour ? frame::PixelFormat::kBgr24 : frame::PixelFormat::kGray8;
  base::Span span = allowance.trace.Begin("decode");
  auto decoded =
      codec::Decode({frame.encoded, frame.raw, admit, frame.unknown_raw},
                    {frame::PixelFormat::kGray8, plan.needs.luma_width, largest}, context_.codec,
                    allowance, own, scratch_, context_.options.budget_patience);
  result.times.decode = context_.clock.Now() - begin;
  if (!decoded) {
    span.Fail(decoded.error());
    return std::unexpected(decoded.error());
  }

  BeginResult(frame, result);
  result.width = decoded->width;
  result.height = decoded->height;
  result.format = decoded->format == codec::Format::kRaw ? frame::RawFormatName(frame.raw->format)
                                                         : codec::FormatName(decoded->format);
  result.orientation = decoded->orientation;
  std::ranges::move(decoded->warnings, std::back_inserter(result.warnings));
  WarnOfContradiction(frame, result);
  span.Set("sampleproc.image.format", result.format);
  span.Set("sampleproc.image.width", std::int64_t{result.width});
  span.Set("sampleproc.image.height", std::int64_t{result.height});
  span.End();

  resources::Reservation colour_memory;
  Picture picture(
      decoded->image, decoded->width, decoded->height, [&]() -> base::Result<frame::Image> {
        const base::Span again = allowance.trace.Begin("decode in colour");
        auto colour =
            codec::Decode({frame.encoded, frame.raw}, frame::PixelFormat::kBgr24, context_.codec,
                          allowance, own, colour_scratch_, context_.options.budget_patience);
        if (!colour) return std::unexpected(colour.error());
        colour_memory = std::move(colour->reservation);
        return colour->image;
      });
  return Run(frame, plan, picture, own, allowance, result);
}

// What is asked of a frame once its header is known.
base::Result<void> Processor::Admit(const frame::Frame& frame, std::uint64_t pixels,
                                    const Plan& plan, const resources::MemoryBudget& own,
                                    const base::Allowance& allowance,
                                    resources::HeavyLane::Slot& heavy, frame::FrameTimes& times) {
  // The luma stays while the steps work; raw it may be the frame's own bytes, and how small a part
  // of it may be is for the decoder to say.
  const bool is_whole = !frame.raw && plan.needs.luma_width == StepNeeds::kFullSize;
  const std::uint64_t luma = is_whole ? 1 : 0;
  constexpr auto kColour = static_cast<std::uint64_t>(frame::Channels(frame::PixelFormat::kBgr24));
  const std::uint64_t each = luma + (plan.needs.colour ? kColour : 0) + plan.needs.bytes_per_pixel;
  if (auto fits = own.CheckFits(pixels * each, "working on this frame"); !fits) return fits;
  if (context_.heavy == nullptr || pixels <= context_.options.heavy_pixels) return {};
  // Before the lane: in it the frame would keep out the one it waits for.
  if (plan.needs.camera_order) {
    if (auto come = plan.turn.Wait(allowance); !come) return come;
  }
  const base::MonoTime came = context_.clock.Now();
  auto entered = context_.heavy->Enter(context_.options.heavy_patience, allowance);
  times.lane = context_.clock.Now() - came;
  plan.turn.HasWaited(times.lane);
  if (!entered) return std::unexpected(entered.error());
  heavy = std::move(*entered);
  return {};
}

// What a frame says about when it was taken, or its door knows.
std::optional<std::chrono::microseconds> Processor::SaidTime(const frame::Frame& frame) {
  if (frame.time) return frame.time;
  const auto wall = frame.timestamp ? frame::ParseFrameTime(*frame.timestamp) : std::nullopt;
  if (!wall) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(wall->time_since_epoch());
}

// When it came, where frames come as they are taken.
std::optional<std::chrono::microseconds> Processor::ArrivalOf(const frame::Frame& frame) const {
  if (!context_.is_live || frame.time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(
      context_.clock.Wall().time_since_epoch());
}

base::Result<void> Processor::Run(const frame::Frame& frame, const Plan& plan, Picture& picture,
                                  resources::MemoryBudget& own, const base::Allowance& allowance,
                                  frame::FrameResult& result) {
  const bool keeps_clips = KeepsClips(frame, plan);
  // Before the steps, so that an event finds its own frame.
  if (keeps_clips && CameAsJpeg(frame, result)) GiveClipInput(frame, result);
  if (!plan.look) {
    plan.pipeline.Skip(frame::kTooSoon, result);
    return {};
  }
  std::vector<frame::Bbox> moved_lately;
  std::vector<Candidate> candidates;
  const StepInput input{frame,
                        plan.camera->settings(),
                        picture,
                        plan.turn,
                        context_.cameras,
                        allowance,
                        own,
                        context_.options.budget_patience,
                        &moved_lately,
                        plan.needs.candidates ? &candidates : nullptr,
                        SaidTime(frame),
                        ArrivalOf(frame),
                        context_.take_events,
                        &plan.camera->mask(),
                        context_.ids,
                        context_.snapshots != nullptr || context_.tells_snapshots,
                        context_.clips != nullptr,
                        context_.only_memory && !plan.needs.candidates};
  const auto done = plan.pipeline.Run(input, result);
  if (keeps_clips && !CameAsJpeg(frame, result)) {
    MakeClipInput(frame, picture, own, allowance);
  }
  // As events do, these come of a frame that fails, too, after they were told.
  GiveSnapshots(frame, picture, result, own, allowance);
  if (!done) return done;
  GiveStills(frame, picture, result, own, allowance);
  return Delay(context_.options.delay, allowance);
}

base::Result<base::ByteBuffer> Processor::Annotate(const frame::Frame& frame,
                                                   const frame::FrameResult& result,
                                                   const base::Allowance& allowance) {
  auto jpeg = Guarded([&] {
    const base::Allowance limited = Limited(allowance, context_.clock, context_.options.deadline);
    resources::MemoryBudget own(context_.budget, HeldBy(frame));
    return process::Annotate(frame, result, context_.codec, limited, own, scratch_,
                             context_.options.budget_patience);
  });
  Trim();
  return jpeg;
}

base::Result<base::ByteBuffer> Processor::Annotate(const frame::Image& bgr,
                                                   const frame::FrameResult& result,
                                                   const base::Allowance& allowance) {
  auto jpeg = Guarded([&] {
    const base::Allowance limited = Limited(allowance, context_.clock, context_.options.deadline);
    return process::Annotate(bgr, result, limited, context_.budget, scratch_,
                             context_.options.budget_patience);
  });
  Trim();
  return jpeg;
}

base::Result<std::string> Processor::Shrunk(const frame::Frame& frame,
                                            const base::Allowance& allowance) {
  auto jpeg = Guarded([&]() -> base::Result<std::string> {
    const base::Allowance limited = Limited(allowance, context_.clock, context_.options.deadline);
    resources::MemoryBudget own(context_.budget, HeldBy(frame));
    const auto decoded =
        codec::Decode({frame.encoded, frame.raw}, {frame::PixelFormat::kBgr24, kStillSide},
                      context_.codec, limited, own, scratch_, context_.options.budget_patience);
    if (!decoded) return std::unexpected(decoded.error());
    return ShrunkOf(decoded->image, own, limited);
  });
  Trim();
  return jpeg;
}

base::Result<std::string> Processor::Shrunk(const frame::Image& picture,
                                            const base::Allowance& allowance) {
  return Guarded([&] {
    const base::Allowance limited = Limited(allowance, context_.clock, context_.options.deadline);
    return ShrunkOf(picture, context_.budget, limited);
  });
}

base::Result<std::string> Processor::ShrunkOf(const frame::Image& picture,
                                              resources::MemoryBudget& own,
                                              const base::Allowance& allowance) const {
  constexpr int kShrunkQuality = 85;
  const auto work = own.Reserve(StillBytes(picture), "a small picture of this frame",
                                context_.options.budget_patience, allowance);
  if (!work) return std::unexpected(work.error());
  return ShrunkJpeg(picture, kStillSide, kShrunkQuality);
}

void Processor::Trim() {
  scratch_.Trim();
  colour_scratch_.Trim();
}

}  // namespace sampleproc::process
