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

void Add(const StepNeeds& step, StepNeeds& all) {
  all.luma_width = std::max(all.luma_width, step.luma_width);
  all.colour |= step.colour;
  all.camera_order |= step.camera_order;
  all.candidates |= step.candidates;
  all.bytes_per_pixel = std::max(all.bytes_per_pixel, step.bytes_per_pixel);
}

base::Span StepSpan(const base::Allowance& allowance, std::string_view name) {
  if (!allowance.trace) return {};
  return allowance.trace.Begin("step " + std::string(name));
}

std::unexpected<base::Error> UnknownStep() {
  std::string known;
  for (const std::string_view name : kNames) {
    if (!known.empty()) known += ", ";
    known += name;
  }
  return base::Fail(base::ErrorCode::kConfig,
                    "process.pipeline names an unknown step; known steps: " + known +
                        ", and detectors by their names");
}

}  // namespace

std::span<const std::string_view> KnownSteps() { return kNames; }

base::Result<Pipeline> Pipeline::Make(const Options& options, const Detectors& detectors) {
  Pipeline pipeline;
  // Decoding alone is decoding in full: who asks for that wants to know whether a frame can be.
  if (!options.pipeline.empty()) pipeline.needs_.luma_width = 0;
  for (const std::string& name : options.pipeline) {
    const StepRow* row = Find(name);
    auto detector = row == nullptr ? detectors.Find(name) : nullptr;
    if (row == nullptr && detector == nullptr) return UnknownStep();
    if (std::ranges::count(options.pipeline, name) > 1) {
      return base::Fail(base::ErrorCode::kConfig,
                        "process.pipeline names a step twice; each may stand in it once");
    }
    auto step = row != nullptr ? row->make(options) : MakeDetectStep(options, std::move(detector));
    if (!step) return std::unexpected(step.error());
    pipeline.steps_.push_back(std::move(*step));
    const StepNeeds needs = pipeline.steps_.back()->Needs();
    Add(needs, pipeline.needs_);
    if (needs.camera_order) pipeline.ordered_steps_ = pipeline.steps_.size();
  }
  return pipeline;
}

bool Pipeline::HasOwnThreshold(std::string_view detector) const {
  return std::ranges::any_of(steps_, [detector](const auto& step) {
    return step->Name() == detector && step->HasOwnThreshold();
  });
}

base::Result<void> Pipeline::Run(const StepInput& input, frame::FrameResult& result) {
  if (ordered_steps_ == 0) input.turn.End();
  for (const std::unique_ptr<Step>& step : steps_) {
    if (auto allowed = input.allowance.Check(step->Name()); !allowed) return allowed;
    frame::StepReport report{std::string(step->Name()), {}, {}};
    base::Span span = StepSpan(input.allowance, step->Name());
    const base::MonoTime begin = base::SystemClock().Now();
    if (auto done = step->Run(input, result, report); !done) {
      span.Fail(done.error());
      return done;
    }
    report.took = base::SystemClock().Now() - begin;
    if (!report.skipped.empty()) span.Set("sampleproc.step.skipped", report.skipped);
    span.End();
    result.steps.push_back(std::move(report));
    if (result.steps.size() == ordered_steps_) {
      input.turn.End();
    } else if (step->Needs().camera_order) {
      input.turn.EndStage();
    }
  }
  return {};
}

}  // namespace sampleproc::process
