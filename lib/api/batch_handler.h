// POST /process-batch: several frames in one request, a result or an error for each.
#pragma once

#include "api/process_context.h"
#include "http/router.h"

namespace sampleproc::api {

// Takes {"frames": [...]} (frame/batch_json.h), as application/json or without a content type; any
// other is kUnsupportedFormat. A batch costs its number of frames in the caller's quota; more than
// is left is kRateLimited, and then none of them is worked on.
//
// Each frame goes to the workers by itself, in order, and fails by itself. The answer comes when
// all have ended:
//
//   {"results": [ <as POST /process answers> |
//                 {"index": n, "frame_id"?: "...", "error": <a problem document>}, ...],
//    "total": n, "succeeded": n, "failed": n, "processing_time_ms": t}
//
// in the frames' order, 200 even if all of them failed. Only when no frame at all found room it is
// the refusal that each of them got.
http::Handler MakeBatchHandler(const ProcessContext& context);

}  // namespace sampleproc::api
