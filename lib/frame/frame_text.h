// The rules for the short texts that come with a frame, the same at every door.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace sampleproc::frame {

constexpr std::size_t kMaxIdBytes = 256;  // frame_id, camera_id
constexpr std::size_t kMaxTimestampBytes = 64;
constexpr std::size_t kMaxFormatBytes = 32;

// What is wrong with `text`, its `loc` left to the caller: "too_long", "unicode" (not well-formed
// UTF-8) or "control_character" (C0, DEL, C1: they forge lines wherever the text is shown).
std::optional<base::Problem> CheckText(std::string_view text, std::size_t max_bytes);

// The same of a camera's id, which stands in paths of URLs: "dot_segment" when it is "." or "..".
// Whoever asks for such a path asks for another one (RFC 3986 section 5.2.4), however it is escaped
// (URL Standard, "double-dot path segment").
std::optional<base::Problem> CheckCameraId(std::string_view id);

}  // namespace sampleproc::frame
