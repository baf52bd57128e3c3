// What an answer of POST /process or a result on a stream says, as far as it can be checked.
#pragma once

#include <optional>
#include <string>

namespace sampleproc::loadtest {

struct AnswerFacts {
  std::string frame_id;
  std::string camera_id;
  std::string source;      // of a record of process-file
  std::string detections;  // as compact JSON, numbers as they were written
  std::size_t detection_count = 0;
  std::optional<std::size_t> total_objects;  // detection_count, on a stream
  bool has_detections = false;
  bool has_size = false;  // width and height, both above 0
};

// Nothing when `json` is no JSON object. Destroys `json`.
std::optional<AnswerFacts> ReadAnswer(std::string& json);

}  // namespace sampleproc::loadtest
