// Requests that carry frames, as cameras send them, and the check of each answer.
#pragma once

#include <memory>
#include <vector>

#include "loadtest/frame_store.h"
#include "loadtest/golden.h"
#include "loadtest/head_text.h"
#include "loadtest/request.h"

namespace sampleproc::loadtest {

enum class FrameForm { kJson, kBinary, kMultipart };

struct FrameLoad {
  HeadOptions head;  // the method is POST
  FrameForm form = FrameForm::kJson;
  std::uint32_t cameras = 0;  // 0: frames have no camera
  double hostile = 0;         // share of requests that a service must refuse, 0 to 1
  std::uint64_t seed = 1;
  std::vector<StoredFrame> frames;
  Golden golden;  // empty: not held against
};

// `load` must outlive the maker. `thread` makes frame ids unique among makers.
//
// A good frame's answer counts as the first of these that is true:
//   status_N            its status is not 200
//   invalid_json        its body is no JSON object
//   wrong_schema        detections, total_objects (their number), width or height is missing
//   wrong_frame_id      it repeats another frame's id: answers were mixed up
//   wrong_camera_id     likewise
//   wrong_detections    they are not those of the golden file, or without cameras not those that
//                       the same frame had before
// A hostile one must have a status from 400 to 499, else it counts as hostile_status_N.
std::unique_ptr<RequestMaker> MakeFrameRequests(const FrameLoad& load, std::size_t thread);

}  // namespace sampleproc::loadtest
