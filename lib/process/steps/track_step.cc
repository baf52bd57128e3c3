#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frame/camera_time.h"
#include "process/steps/steps.h"
#include "track/event_maker.h"
#include "track/tracker.h"

namespace sampleproc::process {
namespace {

using track::FrameClock;
using track::Observation;

// The end of the ids of a camera's events. Without `ids` the FNV-1a of 64 bits of the camera's id
// (Fowler, Noll, Vo; draft-eastlake-fnv): who names the cameras does so for himself alone.
std::string OriginOf(const std::string& camera, base::IdSource* ids) {
  std::string origin;
  if (ids != nullptr) {
    ids->AppendHex(origin);
    return origin;
  }
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : camera) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  base::AppendHex(hash, origin);
  return origin;
}

// Tracks, their lives with names, ways and places in as many zones and lines as a scene may have,
// and what one frame takes in between.
constexpr std::size_t kStateBytes = track::Tracker::kMaxTracks * 6144;

class TrackState : public CameraStates::State {
 public:
  TrackState(const track::Options& options, const frame::Scene& scene, std::string origin)
      : tracker(options), maker(scene, std::move(origin)) {}

  std::vector<frame::Event> Finish(std::string_view reason) override {
    return maker.Finish(reason);
  }

  track::Tracker tracker;
  track::EventMaker maker;
  frame::CameraTime time;
};

class TrackStep : public Step {
 public:
  explicit TrackStep(const Options& options)
      : options_(options.track),
        tracks_motion_(std::ranges::count(options_.classes, "motion") > 0) {
    for (const detect::DetectorOptions& detector : options.detectors) {
      if (detector.threshold > 0) own_thresholds_.push_back(detector.name);
    }
  }

  std::string_view Name() const override { return "track"; }
  StepNeeds Needs() const override {
    return {.luma_width = 0, .camera_order = true, .candidates = true};
  }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport& report) override {
    if (!input.frame.camera_id) {
      report.skipped = "no_camera";
      return {};
    }
    if (auto come = input.turn.Wait(input.allowance); !come) return come;
    const std::string& camera = *input.frame.camera_id;
    const std::function<std::unique_ptr<CameraStates::State>()> make = [&] {
      return std::make_unique<TrackState>(options_, input.camera.scene,
                                          OriginOf(camera, input.ids));
    };
    // Pictures of another size are of another scene.
    const auto shape = static_cast<std::uint64_t>(input.picture.width()) << 32 |
                       static_cast<std::uint64_t>(input.picture.height());
    auto lease = input.cameras.Use(
        camera,
        {.shape = shape, .bytes = kStateBytes, .make = make, .step = Name(), .tells = true});
    if (!lease) {
      report.skipped = lease.error();
      return {};
    }
    const auto before = static_cast<std::ptrdiff_t>(result.events.size());
    std::ranges::move(lease->TakeLeft(), std::back_inserter(result.events));
    Follow(input, static_cast<TrackState&>(lease->state()), result);
    // Here, while the state is ours: so they come in order, and to the last one though the frame
    // may still fail.
    const std::span told(result.events.begin() + before, result.events.end());
    if (input.take_events != nullptr && !told.empty()) (*input.take_events)(told);
    return {};
  }

 private:
  void Follow(const StepInput& input, TrackState& state, frame::FrameResult& result) const {
    const FrameClock at = state.time.Take(input.taken, input.came);
    state.maker.UseScene(input.camera.scene);
    if (WasLookedAt(result)) {
      Observe(input, at, state, result);
    } else {
      state.tracker.Pass(at);
    }
    auto events =
        state.maker.Update({.camera_id = *input.frame.camera_id,
                            .frame_id = result.frame_id,
                            .at = state.tracker.now(),
                            .width = input.picture.width(),
                            .height = input.picture.height(),
                            .best_of = input.keeps_snapshots ? &result.snapshots : nullptr,
                            .keeps_clips = input.keeps_clips},
                           state.tracker.tracks(), state.tracker.ended());
    result.events.insert(result.events.end(), std::make_move_iterator(events.begin()),
                         std::make_move_iterator(events.end()));
  }

  void Observe(const StepInput& input, FrameClock at, TrackState& state,
               frame::FrameResult& result) const {
    std::vector<Observation> seen;
    std::vector<std::size_t> reported;
    for (std::size_t i = 0; i < result.detections.size(); ++i) {
      const frame::Detection& detection = result.detections[i];
      if (!IsTracked(detection, input.camera)) continue;
      seen.push_back(ToObservation(detection, IsWeak(detection, input.camera)
                                                  ? Observation::Kind::kWeak
                                                  : Observation::Kind::kSure));
      reported.push_back(i);
    }
    if (input.candidates != nullptr) {
      for (const Candidate& candidate : *input.candidates) {
        if (!IsTracked(candidate.detection, input.camera)) continue;
        if (candidate.is_weak && candidate.detection.confidence < options_.weak_threshold) continue;
        seen.push_back(ToObservation(candidate.detection, candidate.is_weak
                                                              ? Observation::Kind::kWeak
                                                              : Observation::Kind::kStill));
      }
    }
    const auto ids = state.tracker.Update(at, seen);
    for (std::size_t i = 0; i < reported.size(); ++i) {
      result.detections[reported[i]].track_id = ids[i];
    }
  }

  static Observation ToObservation(const frame::Detection& detection, Observation::Kind kind) {
    return {detection.class_name, detection.confidence, detection.bbox, kind};
  }

  // Whether any step before this one looked for what is tracked.
  bool WasLookedAt(const frame::FrameResult& result) const {
    return std::ranges::any_of(result.steps, [this](const frame::StepReport& step) {
      return step.skipped.empty() && step.name != "stats" &&
             (step.name != "motion" || tracks_motion_);
    });
  }

  // Whether it is left out of the result in the end: below the camera's own threshold, or of a
  // detector without one of its own.
  bool IsWeak(const frame::Detection& detection, const frame::CameraSettings& camera) const {
    return detection.confidence < camera.threshold &&
           (camera.own_threshold ||
            std::ranges::find(own_thresholds_, detection.detector) == own_thresholds_.end());
  }

  // What the camera does not report is not told of in events either.
  bool IsTracked(const frame::Detection& detection, const frame::CameraSettings& camera) const {
    const auto is_one_of = [&](const std::vector<std::string>& classes) {
      return std::ranges::find(classes, detection.class_name) != classes.end();
    };
    if (!camera.classes.empty() && !is_one_of(camera.classes)) return false;
    return options_.classes.empty() ? detection.class_name != "motion"
                                    : is_one_of(options_.classes);
  }

  const track::Options options_;
  const bool tracks_motion_;
  std::vector<std::string> own_thresholds_;  // detectors that have one
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeTrackStep(const Options& options) {
  return std::make_unique<TrackStep>(options);
}

}  // namespace sampleproc::process
