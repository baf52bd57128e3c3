// All frames of all inputs, one at a time and always in the same order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cameras/directory.h"
#include "files/frame_source.h"
#include "files/input_list.h"
#include "files/task.h"
#include "frame/camera.h"
#include "frame/camera_time.h"
#include "frame/event.h"
#include "process/camera_states.h"
#include "process/camera_turns.h"

namespace sampleproc::files {

struct FeedOptions {
  std::optional<std::string> camera = {};  // all frames are that camera's, whatever they say

  // Whether what is found in a frame depends on its camera's earlier ones.
  bool has_memory = false;

  // How far an earlier run has come. What it did is passed over, and where this run's frames depend
  // on it, it is handed out once more as `silent`: of a video those before the place it stopped at,
  // with `camera` all, and of recorded requests all.
  Place done = {};

  // Whether places tell a file from another one of its name, by how it begins. It is read for that
  // alone, also of inputs that are passed over.
  bool knows_again = false;

  // Told when an input that is a camera of its own has ended, with what its steps had still to
  // tell.
  std::function<void(std::uint64_t input, std::vector<frame::Event>)> on_camera_end = {};

  // What is configured for cameras; null: nothing. Of a video whose camera has an fps, that many
  // frames for each second of the video are looked at, whenever they are worked on.
  const cameras::Directory* directory = nullptr;

  // Asked before an input is opened; its failure ends the feed. Empty: all may be opened.
  std::function<base::Result<void>(const Input&)> admit = {};
};

// Memory: one open input. Used by one thread at a time.
//
// The frames of a video, or of raw pixels that are several frames, are those of a camera of their
// own, called as their source; other frames have a camera only with FeedOptions::camera, or, in
// recorded requests, as they say.
class FrameFeed {
 public:
  // What the references refer to must outlive the feed. A turn is taken with each frame, and the
  // state of a video's camera is dropped where the video ends.
  FrameFeed(InputList inputs, const SourceOptions& source, FeedOptions options,
            process::CameraTurns& turns, process::CameraStates& cameras);

  // The next frame without `worker`, or nothing at the end. Fails with kUsage when the inputs are
  // not those of the run that is to be gone on with.
  base::Result<std::optional<Task>> Next();

  // How many inputs there are, when that can be said without reading directories or the list.
  std::optional<std::size_t> Inputs() const { return inputs_.Total(); }

  // Frames that were passed over behind damage, and InputList::passed_over, so far.
  std::uint64_t left_out() const {
    return left_out_ + (source_ == nullptr ? 0 : source_->LeftOut());
  }
  const std::map<std::string, std::size_t>& passed_over() const { return inputs_.passed_over(); }
  bool has_empty_list() const { return inputs_.has_empty_list(); }  // InputList's

 private:
  base::Result<bool> Open();
  bool IsDone(std::uint64_t frame) const;
  bool IsPassedOver(std::uint64_t frame) const;
  bool IsLookedAt(const Task& task);
  void Close();

  InputList inputs_;
  const SourceOptions source_options_;
  const FeedOptions options_;
  process::CameraTurns& turns_;
  process::CameraStates& cameras_;

  Input input_;                            // the one that is open
  std::unique_ptr<FrameSource> source_;    // of it; null before the first
  std::optional<frame::LookPacer> pacer_;  // of its camera, once a frame has a time
  frame::CameraTime time_;                 // likewise
  Place place_;                            // of the frame handed out last
  std::uint64_t opened_ = 0;               // inputs
  std::uint64_t left_out_ = 0;             // of those that are closed
};

}  // namespace sampleproc::files
