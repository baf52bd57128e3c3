// A picture of a video as a shot that outlives it.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "cameras/picture_source.h"
#include "frame/image.h"

namespace sampleproc::cameras {

// Points into what the video's reader has.
struct VideoPicture {
  base::ByteView encoded;  // a JPEG as it came, then without luma; else empty
  frame::Image luma = {};
  std::string_view codec;  // static memory
  int orientation = 1;     // EXIF's number; not applied yet
};

// A picture that nobody looks at, with its `encoded` as SourceRequest::keep_encoded has it.
Shot PassedOver(base::ByteView encoded, const SourceRequest& request, const SourceContext& context);

// Copies it, upright; `colour` gives the same picture in BGR and is asked once luma has been
// copied. Memory is reserved before. Fails with kOverloaded and kCancelled, and as `colour` does.
base::Result<std::optional<Shot>> MakeShot(
    const VideoPicture& picture, const std::function<base::Result<frame::Image>()>& colour,
    const SourceContext& context, const base::Allowance& allowance);

}  // namespace sampleproc::cameras
