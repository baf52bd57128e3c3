// Makes events of tracks: what a thing did from its first frame to its last, by the camera's zones
// and lines.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/event.h"
#include "frame/scene.h"
#include "frame/snapshot.h"
#include "track/path.h"
#include "track/tracker.h"

namespace sampleproc::track {

// The frame that the tracks are of.
struct FrameFacts {
  std::string camera_id;
  std::string frame_id;
  FrameClock at{};
  int width = 1;
  int height = 1;
  // Takes of which events this frame is the best picture so far. Null: no pictures are kept.
  std::vector<frame::Snapshot>* best_of = nullptr;
  bool keeps_clips = false;  // of events
};

// Used by one thread at a time. Memory: that of the tracker's tracks.
//
// An event's picture is that of the frame with which it is told first, and of each later one in
// which the thing was found more surely than in the last picture by kClearlySurer or more: so it is
// as sure as any frame, to that much, and there are 20 of an event at most, nearly always one to
// three. The same frames give the same pictures.
//
// Nothing is told of a track without an id, of what was there before anybody looked until it moves,
// and, where there are zones or lines, of what has entered none and crossed none.
class EventMaker {
 public:
  static constexpr double kClearlySurer = 0.05;

  // `origin` ends the events' ids: it is to be of this camera, and of this object, alone.
  explicit EventMaker(frame::Scene scene, std::string origin = "")
      : scene_(std::move(scene)), origin_(std::move(origin)) {}

  // From the next frame on the camera has this scene. What is in it as before keeps what is known
  // of each thing; in a zone that is new, things have still to be found. Events that are open stay
  // so.
  void UseScene(const frame::Scene& scene);

  // What is to be told after a frame. `tracks` are all there are, `ended` those that have ended
  // with this frame.
  std::vector<frame::Event> Update(const FrameFacts& frame, const std::vector<Track>& tracks,
                                   const std::vector<Track>& ended);

  // The ends of all events that are open, for this reason (a constant's text): the camera has no
  // more frames.
  std::vector<frame::Event> Finish(std::string_view reason = frame::Event::kSourceEnd);

 private:
  struct InZone {
    std::optional<FrameClock> inside_since;
    std::optional<FrameClock> outside_since;
    bool is_in = false;  // for long enough
  };
  struct Life {
    Track track;
    std::string frame_id;  // of the last frame in which it was seen
    FrameClock seen{};     // likewise
    std::string event_id;  // empty: nothing has been told yet
    bool matters = false;
    bool told_stationary = false;
    std::optional<double> picture;  // how sure it was found in the frame that is its picture
    std::vector<InZone> zones;      // as the scene's
    std::vector<std::optional<frame::Point>> at_line;  // last place off each line
    Path path;
    std::vector<std::string> entered;
    std::vector<std::string> left;
    std::vector<frame::LineCrossing> crossed;
  };

  void Follow(const FrameFacts& frame, Life& life) const;
  void FollowZones(FrameClock at, const frame::Point& foot, Life& life) const;
  void FollowLines(const frame::Point& foot, double height, Life& life) const;
  static void ChoosePicture(const FrameFacts& frame, Life& life);
  frame::Event Tell(Life& life, frame::Event::Type type) const;

  frame::Scene scene_;
  const std::string origin_;
  std::string camera_id_;
  bool keeps_clips_ = false;
  FrameClock at_{};
  std::map<std::uint64_t, Life> lives_;  // by the tracks' serial numbers
};

}  // namespace sampleproc::track
