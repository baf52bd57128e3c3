// A detector that is ready: its network is loaded, its layout known, its labels read.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "detect/input_image.h"
#include "detect/layout.h"
#include "detect/options.h"
#include "detect/session.h"
#include "frame/detection.h"
#include "frame/image.h"
#include "resources/memory_budget.h"

namespace sampleproc::detect {

// One for all workers; thread-safe.
class Detector {
 public:
  // What a worker keeps from frame to frame.
  struct Scratch {
    InputMaker maker;
    std::vector<float> input;
    std::vector<Candidate> candidates;
  };

  // What is looked for.
  struct Query {
    double threshold;
    double nms;
    std::span<const std::string> classes;  // empty: all
  };

  // Reads and checks the model, opens it and runs it once on a gray picture, to learn its outputs
  // and that they are numbers; that may take up to 30 s. The network's memory is of `budget` for
  // as long as the detector lives. Fails with kConfig (the message names the file and what is wrong
  // with it) or kUnavailable (no runtime).
  static base::Result<std::shared_ptr<Detector>> Open(const DetectorOptions& options,
                                                      const Places& places,
                                                      resources::MemoryBudget& budget);

  // What is in `bgr` (kBgr24), the surest first, in its pixels. Fails as Session::Run does, and
  // with kInternal when the network gives what is no number.
  base::Result<std::vector<frame::Detection>> Find(const frame::Image& bgr, const Query& query,
                                                   const base::Allowance& allowance,
                                                   Scratch& scratch);

  // What Find takes for a picture of this width.
  std::uint64_t BytesFor(int picture_width) const;

  const DetectorOptions& options() const { return options_; }
  // The model's file, without its folder.
  std::string model_name() const;
  std::string_view layout_name() const { return layout_name_; }
  std::string_view runtime() const { return session_->Runtime(); }
  // Where OpenCV runs it because ONNX Runtime cannot be loaded: why it cannot.
  const std::string& why_fell_back() const { return why_fell_back_; }
  // What it can find, in the layout's order.
  const std::vector<std::string>& class_names() const { return names_; }
  const InputShape& input_shape() const { return input_shape_; }
  std::chrono::nanoseconds first_run() const { return first_run_; }
  const RunTimes& run_times() const { return session_->run_times(); }
  // Session::TakesTurns and Session::Watch.
  bool TakesTurns() const { return session_->TakesTurns(); }
  void Watch(Session::OnWaiting watcher) { session_->Watch(std::move(watcher)); }

  // "yolox_nano.onnx (yolox, 416x416, 80 labels) by ONNX Runtime 1.28.2"
  std::string Describe() const;

 private:
  Detector(const DetectorOptions& options, std::unique_ptr<Session> session)
      : options_(options), session_(std::move(session)) {}

  base::Result<void> Learn(const OnnxFile& file);
  void ToDetections(const std::vector<Candidate>& candidates, const Placement& placement,
                    const frame::Image& bgr, std::vector<frame::Detection>& found) const;

  const DetectorOptions options_;
  const std::unique_ptr<Session> session_;
  InputShape input_shape_;
  std::vector<OutputFacts> outputs_;
  std::unique_ptr<Layout> layout_;
  std::string layout_name_;
  std::vector<std::string> names_;  // of the layout's classes
  std::string why_fell_back_;
  std::chrono::nanoseconds first_run_{0};
  resources::Reservation memory_;
};

// That the first run of a network took longer than a frame has, and what helps: one sentence; empty
// when it did not. 0 is no deadline.
std::string FirstRunTooSlow(const Detector& detector, std::chrono::milliseconds deadline);

// That a detector runs by OpenCV though `places` name a library of ONNX Runtime, and why: one
// sentence; empty when it does not.
std::string FellBack(const Detector& detector, const Places& places);

// Why the frames of a network that is late cannot be done, and what helps: one sentence.
std::string TooSlow(const Detector& detector, const RunTimes::Late& late,
                    std::chrono::milliseconds deadline);

}  // namespace sampleproc::detect
