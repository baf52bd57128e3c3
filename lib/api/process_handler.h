// POST /process and POST /process-with-tracking: a frame in a request, what was found in the
// answer.
#pragma once

#include "api/process_context.h"
#include "http/router.h"

namespace sampleproc::api {

// Takes a frame in any form of api/frame_request.h; any other content type is kUnsupportedFormat.
//
// With `annotate=1` in the query the answer is the frame as a JPEG with its boxes drawn, if
// image/jpeg is acceptable; else it is JSON, if that is. Neither: kNotAcceptable, before any work.
//
// The body is parsed, decoded and worked on by one worker; the I/O thread only hands it over. The
// answer is frame/result_json.h with its clock fields, or a problem document.
http::Handler MakeProcessHandler(const ProcessContext& context);

// The same, always as JSON, and the trace that the frame belongs to: the request's (traceparent,
// tracestate: base/trace_context.h) or a new one.
//
//   {"frame_tracking_enabled": true, "trace_id": "<32 hex>", ... as above ...,
//    "traceparent": "00-<trace_id>-<the span of this work>-01", "tracestate"?: "..."}
http::Handler MakeTrackingHandler(const ProcessContext& context);

}  // namespace sampleproc::api
