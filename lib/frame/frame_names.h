// What the names in a request were meant to be that are none of ours.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::frame {

// Whether `typed` is `ours` but for capitals, '-' and '_': "cameraId" for "camera_id".
bool IsSpellingOf(std::string_view typed, std::string_view ours);

// Which of frame_id, camera_id, timestamp, format, width, height and annotate was meant: spelled as
// above, or by a word of other services ("camera", "ts"). "" when it was none of them.
std::string_view MeantName(std::string_view typed);

// The configuration's key of what cannot be chosen for one request ("pipeline", "threshold"), or
// "" when there is none of that name.
std::string_view ConfiguredBy(std::string_view typed);

// "is configured (process.pipeline) and the same for every request": what is said of such a name.
std::string ConfiguredRule(std::string_view key);

}  // namespace sampleproc::frame
