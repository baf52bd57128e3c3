// Names for pictures and other files that we do not read, so that a refusal helps.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sampleproc::codec {

// "the frame is a GIF picture" when the first bytes are known, else "the frame is not a picture of
// a known format". Never part of the bytes themselves.
std::string DescribeForeign(base::ByteView bytes);

// "a HEIC picture", "an AVIF picture", "a HEIF picture" for what telephones and browsers write into
// the container of MP4 videos, by its brands; "" for anything else.
std::string_view HeifName(base::ByteView bytes);

// Whether the first bytes are known.
bool LooksForeign(base::ByteView bytes);
// Whether they are known as those of a picture or a video.
bool IsForeignMedia(base::ByteView bytes);

}  // namespace sampleproc::codec
