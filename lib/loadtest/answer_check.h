// Whether a frame's result is right, however it came back.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loadtest/frame_store.h"
#include "loadtest/golden.h"

namespace sampleproc::loadtest {

// What was sent.
struct SentFrame {
  std::string_view frame_id;
  std::string_view camera_id;  // "" = none
  std::size_t frame = 0;       // which of the frames
};

// Used by one thread. Results without cameras are held against the golden file, or else against
// what the same frame had before; with cameras motion depends on the frames before.
class AnswerCheck {
 public:
  // What is referred to must outlive it.
  AnswerCheck(const std::vector<StoredFrame>& frames, const Golden& golden, bool has_cameras)
      : frames_(frames), golden_(golden), has_cameras_(has_cameras) {}

  // "" when it is right, else what it counts as: invalid_json, wrong_schema, wrong_frame_id,
  // wrong_camera_id or wrong_detections. Destroys `json`.
  std::string Check(const SentFrame& sent, std::string& json);

 private:
  const std::vector<StoredFrame>& frames_;
  const Golden& golden_;
  const bool has_cameras_;
  std::map<std::size_t, std::string> seen_;  // detections by the frame's number
};

}  // namespace sampleproc::loadtest
