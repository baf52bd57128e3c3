#include "process/pipeline.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/clock.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

struct StepRow {
  std::string_view name;
  base::Result<std::unique_ptr<Step>> (*make)(const Options&);
};

// Every step there is. A new one is a row here and a file below steps/.
constexpr std::array kSteps = {
    StepRow{"stats", &MakeStatsStep},     StepRow{"motion", &MakeMotionStep},
    StepRow{"people", &MakePeopleStep},   StepRow{"faces", &MakeFacesStep},
    StepRow{"cascade", &MakeCascadeStep}, StepRow{"track", &MakeTrackStep},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kSteps.size()> names;
  for (std::size_t i = 0; i < kSteps.size(); ++i) names[i] = kSteps[i].name;
  return names;
}();

const StepRow* Find(std::string_view name) {
  for (const StepRow& row : kSteps) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

base::Span StepSpan(const base::Allowance& allowance, std::string_view name) {
  if (!allowance.trace) return {};
  return allowance.trace.Begin("step " + std::string(name));
}

// What lies in the camera's mask is neither reported nor a hint to a later step.
void LeaveOutMasked(const StepInput& input, frame::FrameResult& result) {
  if (input.mask == nullptr) return;
  const auto is_covered = [&](const frame::Detection& detection) {
    return input.mask->Covers(detection.bbox, result.width, result.height);
  };
  std::erase_if(result.detections, is_covered);
  if (input.candidates == nullptr) return;
  std::erase_if(*input.candidates,
                [&](const Candidate& candidate) { return is_covered(candidate.detection); });
}

std::unexpected<base::Error> UnknownStep() {
  std::string known;
  for (const std::string_view name : kNames) {
    if (!known.empty()) known += ", ";
    known += name;
  }
  return base::Fail(base::ErrorCode::kConfig, "a pipeline names an unknown step; known steps: " +
                                                  known + ", and detectors by their names");
}

}  // namespace

std::span<const std::string_view> KnownSteps() { return kNames; }

void AddNeeds(const StepNeeds& one, StepNeeds& all) {
  all.luma_width = std::max(all.luma_width, one.luma_width);
  all.colour |= one.colour;
  all.camera_order |= one.camera_order;
  all.candidates |= one.candidates;
  all.bytes_per_pixel = std::max(all.bytes_per_pixel, one.bytes_per_pixel);
}

base::Result<Step*> StepSet::Get(const std::string& name) {
  const auto known = steps_.find(name);
  if (known != steps_.end()) return known->second.get();
  const StepRow* row = Find(name);
  auto detector = row == nullptr ? detectors_->Find(name) : nullptr;
  if (row == nullptr && detector == nullptr) return UnknownStep();
  auto step =
      row != nullptr ? row->make(*options_) : MakeDetectStep(*options_, std::move(detector));
  if (!step) return std::unexpected(step.error());
  return steps_.emplace(name, std::move(*step)).first->second.get();
}

base::Result<Pipeline> Pipeline::Make(std::span<const std::string> names, StepSet& steps,
                                      bool only_memory) {
  std::vector<Step*> named;
  for (const std::string& name : names) {
    if (std::ranges::count(names, name) > 1) {
      return base::Fail(base::ErrorCode::kConfig,
                        "a pipeline names a step twice; each may stand in it once");
    }
    const auto step = steps.Get(name);
    if (!step) return std::unexpected(step.error());
    named.push_back(*step);
  }
  const bool needs_all = !only_memory || std::ranges::any_of(named, [](const Step* step) {
    return step->Needs().candidates;
  });
  Pipeline pipeline;
  // Decoding alone is decoding in full: who asks for that wants to know whether a frame can be.
  if (!names.empty()) pipeline.needs_.luma_width = 0;
  for (Step* const step : named) {
    const StepNeeds needs = step->Needs();
    if (!needs_all && !needs.camera_order) continue;
    pipeline.steps_.push_back(step);
    AddNeeds(needs, pipeline.needs_);
    if (needs.camera_order) pipeline.ordered_steps_ = pipeline.steps_.size();
  }
  return pipeline;
}

bool Pipeline::HasOwnThreshold(std::string_view detector) const {
  return std::ranges::any_of(steps_, [detector](const Step* step) {
    return step->Name() == detector && step->HasOwnThreshold();
  });
}

bool Pipeline::IsReported(const frame::Detection& detection,
                          const frame::CameraSettings& camera) const {
  if (detection.confidence < camera.threshold &&
      (camera.own_threshold || !HasOwnThreshold(detection.detector))) {
    return false;
  }
  return camera.classes.empty() ||
         std::ranges::find(camera.classes, detection.class_name) != camera.classes.end();
}

base::Result<void> Pipeline::Run(const StepInput& input, frame::FrameResult& result) {
  if (ordered_steps_ == 0) input.turn.End();
  result.steps.reserve(steps_.size());
  for (Step* const step : steps_) {
    if (auto allowed = input.allowance.Check(step->Name()); !allowed) return allowed;
    frame::StepReport report{std::string(step->Name()), {}, {}};
    base::Span span = StepSpan(input.allowance, step->Name());
    const base::MonoTime begin = base::SystemClock().Now();
    auto done = step->Run(input, result, report);
    report.took = base::SystemClock().Now() - begin;
    if (!done) {
      span.Fail(done.error());
      result.steps.push_back(std::move(report));
      return done;
    }
    if (!report.skipped.empty()) span.Set("sampleproc.step.skipped", report.skipped);
    span.End();
    result.steps.push_back(std::move(report));
    LeaveOutMasked(input, result);
    if (result.steps.size() == ordered_steps_) {
      input.turn.End();
    } else if (step->Needs().camera_order) {
      input.turn.EndStage();
    }
  }
  std::erase_if(result.detections, [&](const frame::Detection& detection) {
    return !IsReported(detection, input.camera);
  });
  return {};
}

void Pipeline::Skip(std::string_view reason, frame::FrameResult& result) const {
  for (const Step* const step : steps_) {
    result.steps.push_back({std::string(step->Name()), std::string(reason), {}});
  }
}

}  // namespace sampleproc::process
