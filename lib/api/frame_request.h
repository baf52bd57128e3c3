// How the body of a request becomes a frame: the forms that a frame may be sent in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/options.h"
#include "http/message.h"

namespace sampleproc::api {

enum class BodyKind {
  kJson,         // frame/frame_json.h
  kPicture,      // the bytes; the query says the rest
  kForm,         // multipart/form-data: `frame`, and `metadata` if there is any
  kUnsupported,  // none of ours
};

// What the sender says the body is. Without a content type, or with the one that `curl -d` sends, a
// body is JSON when it starts with '{' and a picture otherwise.
BodyKind KindOf(std::string_view content_type, base::ByteView body);

// The refusal of kUnsupported.
std::unexpected<base::Error> UnsupportedBody();

// Looks at a body as a whole. Fails with kInvalidFrame, and how to send it, when there is none
// since its length was not said, for a picture that has lost bytes as text, and for one that is
// said to be JSON.
base::Result<void> CheckBody(BodyKind kind, base::ByteView body, bool has_length);

// A request's frame before anybody has looked into it; owned, as a request's views end with its
// handler.
struct FrameRequest {
  BodyKind kind = BodyKind::kJson;
  std::string query;
  std::string content_type;
  base::ByteBuffer body;
  bool has_length = true;     // the sender said that there is a body, if an empty one
  bool may_annotate = false;  // the endpoint has the parameter `annotate`
};

// Takes body and texts out of the request.
FrameRequest TakeFrameRequest(http::Request& request);

// Whose frame it is, where that can be seen without reading the body: of a picture by its query.
// The inner value is absent of a frame without a camera.
std::optional<std::optional<std::string>> CameraOf(const FrameRequest& request);
// Likewise its frame_id; "" where its sender gave none, or it cannot be seen.
std::string FrameIdOf(const FrameRequest& request);

// Looks at the names in the query of a request with such a body. Fails with kInvalidFrame, at
// {"query", our name}: a parameter that is there twice (duplicate_parameter), that has another
// spelling than ours (unknown_parameter), or that belongs elsewhere (misplaced_parameter); and at
// {"query"} for what cannot be chosen by a request (configured). Gives back what to warn of:
// parameters that mean nothing to us. Thread-safe.
base::Result<std::vector<frame::Warning>> CheckQuery(std::string_view query, BodyKind kind,
                                                     bool may_annotate);

// Parses; nothing is decoded. A picture's `frame_id`, `camera_id` and `timestamp` come from the
// query, and for what its bytes do not say `format`, `width` and `height`. A form's picture is its
// part `frame`, whose content type counts as the format when `metadata` names none; all other
// members come from its part `metadata`, a JSON object like the `metadata` of the JSON form. What
// was passed over is in the frame's warnings. Fails with kInvalidFrame; the problems of a query's
// parameter have the loc
// {"query", name}, of a form multipart_invalid, missing, duplicate_part, unknown_part and
// misplaced_part at {"body", part}. `frame_id` stays empty when the sender gave none. Of a frame
// that fails `camera` is told the camera if that could be read. Thread-safe.
base::Result<frame::Frame> ReadFrame(FrameRequest request, const frame::Options& options,
                                     std::optional<std::string>& camera);

}  // namespace sampleproc::api
