// POST /process: a frame in a request, what was found in the answer.
#pragma once

#include "base/clock.h"
#include "frame/options.h"
#include "http/router.h"
#include "process/frame_tracker.h"
#include "process/worker_pool.h"
#include "telemetry/metrics.h"

namespace sampleproc::api {

struct ProcessContext {
  process::WorkerPool& pool;
  process::FrameTracker& tracker;
  frame::Options
      frame;  // its own copy: work goes on when the configuration it began with is replaced
  const base::Clock& clock;
  telemetry::Metrics& metrics;
  bool simulated_gpu = false;
};

// Takes a frame as JSON (frame/frame_json.h) or as a binary body (`image/*`,
// `application/x-npy` or `application/octet-stream`, with query parameters `frame_id`, `camera_id`,
// `timestamp` and, for what the bytes do not say, `format`, `width` and `height`). A body without a
// content type, or with the one that `curl -d` sends, is JSON when it starts with '{' and a picture
// otherwise. Any other content type is kUnsupportedFormat.
//
// A frame is tracked from here to its answer under its request's id: VALIDATED by what can be seen
// without reading the body, QUEUED for a worker, PROCESSING from the worker's first touch, and
// ARCHIVED with its answer.
//
// With `annotate=1` in the query the answer is the frame as a JPEG with its boxes drawn, if
// image/jpeg is acceptable; else it is JSON, if that is. Neither: kNotAcceptable, before any work.
//
// The body is parsed, decoded and worked on by one worker; the I/O thread only hands it over. The
// answer is frame/result_json.h with its clock fields, or a problem document. The context's
// references must outlive the handler.
http::Handler MakeProcessHandler(const ProcessContext& context);

}  // namespace sampleproc::api
