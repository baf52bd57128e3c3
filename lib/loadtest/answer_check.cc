#include "loadtest/answer_check.h"

#include "loadtest/answer_facts.h"

namespace sampleproc::loadtest {

std::string AnswerCheck::Check(const SentFrame& sent, std::string& json) {
  const auto facts = ReadAnswer(json);
  if (!facts) return "invalid_json";
  if (!facts->has_detections || !facts->has_size ||
      facts->total_objects != facts->detection_count) {
    return "wrong_schema";
  }
  if (facts->frame_id != sent.frame_id) return "wrong_frame_id";
  if (facts->camera_id != sent.camera_id) return "wrong_camera_id";
  if (has_cameras_) return "";
  const auto golden = golden_.find(frames_[sent.frame].name);
  const std::string& expected =
      golden != golden_.end() ? golden->second
                              : seen_.try_emplace(sent.frame, facts->detections).first->second;
  return expected == facts->detections ? "" : "wrong_detections";
}

}  // namespace sampleproc::loadtest
