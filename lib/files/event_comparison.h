// What has changed between the events of an earlier run and those of this one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "files/event_sink.h"
#include "frame/event.h"

namespace sampleproc::files {

// An event from its first message to its last one. What was entered, left and crossed is that of
// all of them.
struct EventLife {
  frame::Event last;            // with all that was entered, left and crossed
  frame::Bbox first_bbox = {};  // of its first message, which a zone may delay

  // When that was told, by the frames' clock: one time for each of `last`'s, and for each change
  // between standing still and moving.
  std::chrono::microseconds begun_at{};  // of its first message
  std::vector<std::chrono::microseconds> entered_at = {};
  std::vector<std::chrono::microseconds> left_at = {};
  std::vector<std::chrono::microseconds> crossed_at = {};
  std::vector<std::chrono::microseconds> stationary_at = {};

  // Where it was largest, of the frames that its messages were about.
  std::string seen_frame_id = {};
  frame::Bbox seen_bbox = {};
  std::chrono::microseconds seen_at{};

  std::chrono::microseconds End() const { return last.end.value_or(last.time); }
};

// One difference.
struct EventChange {
  enum class Kind {
    kGained,     // an event that was not there
    kLost,       // one that is gone
    kReclassed,  // the same one, of another class
    kMoved,      // it was somewhere else, or at other times
    kChanged,    // zones, lines, whether it stood still, when something was told, or why it ended
  };
  Kind kind = Kind::kChanged;
  EventLife before;  // all but gained
  EventLife after;   // all but lost
  // Of the last three: names of an event's members, which are other or came at other times; "told"
  // when its first or its last message did.
  std::vector<std::string_view> differs;
};

std::string_view EventChangeName(EventChange::Kind kind);

// Appends {"change", "camera_id", "differs"?, "before"?, "after"?} without a newline; "before" and
// "after" are {"event_id", "class", "start", "end", "bbox", "zones"}, the bbox being the last one
// and the zones those that were entered.
void AppendEventChangeJson(const EventChange& change, std::string& out);

// Appends "moved     gate  person 12.4-15.8 s [1,2,3,4] -> person ... (end, path)" likewise.
void AppendEventChangeText(const EventChange& change, std::string& out);

// Events are paired by camera: first those that are the same but for what names them and their
// confidence, told at the same times; then those that share most of their time and of the area
// that they passed through (intersection over union of both, multiplied, at least 0.1; of several
// the best, one of the same class first). What has no partner is lost or gained.
//
// Memory grows with the events of both runs. Used by one thread at a time.
class EventComparison final : public EventSink {
 public:
  // Whether `text` is what --events writes, by how it begins.
  static bool IsOfEvents(std::string_view text);

  // Of the events of an earlier run; `path` is where `text` comes from. Fails with kInvalidFrame,
  // naming the line, for what is not an event.
  static base::Result<EventComparison> Parse(std::string_view text, const std::string& path);

  // An event of this run.
  base::Result<void> Take(const frame::Event& event) override;
  base::Result<void> Flush() override { return {}; }

  // All differences, by camera and time.
  std::vector<EventChange> Changes() const;

  using Lives = std::map<std::string, EventLife, std::less<>>;  // by event_id

  // The events of the earlier run.
  const Lives& earlier() const { return before_; }

  // The earlier event that this run's event `event_id`, whose end was taken, is the same as: no
  // difference will be told of the two. Null when there is none; each earlier one is given once.
  const EventLife* TakeSame(std::string_view event_id);

 private:
  static void Add(const frame::Event& event, Lives& lives);

  Lives before_;
  Lives after_;
  // Earlier ones that TakeSame has not given yet, by their start; made by its first call.
  std::optional<std::multimap<std::chrono::microseconds, const EventLife*>> unpaired_;
};

}  // namespace sampleproc::files
