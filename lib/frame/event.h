// What happened before a camera: the life of one thing that was tracked, told as it begins, changes
// and ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/detection.h"

namespace sampleproc::frame {

struct LineCrossing {
  std::string line;
  bool to_right = false;  // as seen from the line's beginning to its end

  bool operator==(const LineCrossing&) const = default;
};

// A place in oriented source pixels.
struct PathPoint {
  int x = 0;
  int y = 0;

  bool operator==(const PathPoint&) const = default;
};

// Each event has one kNew first, any number of kUpdate, and one kEnd last. What was entered, left
// and crossed is told once: what is new since the event's last message.
struct Event {
  enum class Type { kNew, kUpdate, kEnd };

  // "<the frame's id that it was told with first>-<track_id>-<16 hexadecimal digits>". The digits
  // stand for the camera and, of a service, for this run of its tracks: whatever senders call their
  // frames, no other camera, instance or start has the same id. Of files the same input gives the
  // same ids.
  std::string event_id;
  Type type = Type::kNew;
  std::string camera_id;
  std::string class_name;
  double confidence = 0;                              // the best so far
  std::chrono::microseconds start{};                  // by the frames' clock
  std::chrono::microseconds time{};                   // of the frame that this message is about
  std::optional<std::chrono::microseconds> end = {};  // of kEnd: it was seen last
  std::string frame_id;                               // in which it was seen last
  std::uint64_t track_id = 0;
  Bbox bbox = {};                  // in that frame
  std::vector<std::string> zones;  // that it is in
  std::vector<std::string> entered;
  std::vector<std::string> left;
  std::vector<LineCrossing> crossed;
  bool stationary = false;
  std::vector<PathPoint> path;   // where it stood, first to last; at most 32 points, evenly thinned
  bool has_snapshot = false;     // one of its frames was chosen as its picture, where such are kept
  bool has_clip = false;         // clips are kept: it has one once it is over, if there is room
  std::string_view reason = {};  // of kEnd: one of these

  static constexpr std::string_view kLost = "lost";             // not found for too long
  static constexpr std::string_view kSourceEnd = "source_end";  // the frames ended before it
  static constexpr std::string_view kShutdown = "shutdown";     // the service stopped before it
  static constexpr std::string_view kRestart = "restart";  // the service began anew; see history/

  bool operator==(const Event&) const = default;
};

std::string_view EventTypeName(Event::Type type);  // "new", "update", "end"

// Where a service answers with the event's picture: "/events/<event_id>/snapshot.jpg", with the id
// percent-encoded.
std::string SnapshotPath(std::string_view event_id);

// And with its clip: "/events/<event_id>/clip".
std::string ClipPath(std::string_view event_id);

// Appends the event as one line of JSON without the newline, as config/event.schema.json has
// it:
//
//   {"schema": "sampleproc.event/1", "event_id", "type", "camera_id", "class", "confidence",
//    "start", "time", "end"?, "frame_id", "track_id", "bbox": [x1,y1,x2,y2], "zones": [],
//    "entered":
//    [], "left": [], "crossed": [{"line", "direction": "left"|"right"}], "stationary",
//    "path": [[x,y]], "snapshot"?: SnapshotPath, "clip"?: ClipPath, "reason"?}
//
// Times are seconds by the frames' clock: since 1970 where frames say when they were taken, of a
// video since its beginning.
void AppendEventJson(const Event& event, std::string& out);

}  // namespace sampleproc::frame
