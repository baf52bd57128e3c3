// GET /cameras and below: what is known of each camera, and its last picture.
#pragma once

#include <functional>
#include <vector>

#include "cameras/camera_gauges.h"
#include "cameras/directory.h"
#include "cameras/roster.h"
#include "cameras/stills.h"
#include "http/router.h"

namespace sampleproc::api {

// All must outlive the handlers.
struct CamerasContext {
  const cameras::Roster& roster;
  const cameras::Directory& directory;
  cameras::Stills& stills;
  // Of the cameras whose pictures the service takes itself. Any thread; cheap.
  std::function<std::vector<cameras::CameraGauges>()> sources;
};

// {"cameras": [{"id", "configured", "door", "frames_in", "frames_looked_at",
//               "dropped": {reason: n}, "fps", "last_frame_age_seconds", "width", "height",
//               "detections", "last_error": {"type", "detail", "age_seconds"},
//               "source": {"connected", "ended", "reconnects", "error"}}],
//  "unlisted_frames"}
//
// Sorted by id. `source` is null unless the service takes the camera's pictures itself. `door` is
// "http", "consumer" or "camera"; it, the age, the size and the detections are null before the
// first frame, and `last_error` while there was none.
http::Handler MakeCamerasHandler(const CamerasContext& context);

// One of them with its "settings", as they are for its next frame; 404 of a camera that is neither
// configured nor known.
http::Handler MakeCameraHandler(const CamerasContext& context);

// Its last picture as a JPEG of at most 640 pixels a side; with annotate=1 its boxes are drawn.
// Made of the camera's next frame when the last one is older than a second, so a camera that sends
// frames is waited for. Its ETag changes with the picture, Last-Modified is when that was made. 404
// when there is none.
http::Handler MakeLatestHandler(const CamerasContext& context);

}  // namespace sampleproc::api
