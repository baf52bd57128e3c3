#include "track/event_maker.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "track/geometry.h"

namespace sampleproc::track {
namespace {

using frame::Event;
using frame::Line;
using frame::Point;
using frame::Zone;

// A box trembles. Who is out of a zone for less than this has not left it, and a line is crossed
// once the foot is so far behind it, in shares of the box's height.
constexpr FrameClock kOutsideFor = std::chrono::milliseconds(500);
constexpr double kBehindLine = 0.05;

// Of what is not told yet, as a parked car whose box trembles on a zone's edge, the last are kept.
constexpr std::size_t kMaxUntold = 16;

template <typename T>
void Note(T what, std::vector<T>& untold) {
  if (untold.size() == kMaxUntold) untold.erase(untold.begin());
  untold.push_back(std::move(what));
}

// What each place of `now` has in `known`, which is in the order of `before`; a place that was not
// there, or not as it is now, has nothing.
template <typename Place, typename State>
std::vector<State> Rearranged(const std::vector<Place>& before, const std::vector<Place>& now,
                              const std::vector<State>& known) {
  std::vector<State> states(now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    const auto same = std::ranges::find(before, now[i]);
    const auto place = static_cast<std::size_t>(same - before.begin());
    if (place < known.size()) states[i] = known[place];
  }
  return states;
}

// Leaves of `names` those of places that are as they were.
template <typename Place, typename Told, typename Name>
void KeepSame(const std::vector<Place>& before, const std::vector<Place>& now,
              std::vector<Told>& names, const Name& name) {
  std::erase_if(names, [&](const Told& each) {
    const auto old = std::ranges::find(before, name(each), &Place::name);
    return old == before.end() || std::ranges::find(now, *old) == now.end();
  });
}

bool IsOf(const std::string& class_name, const std::vector<std::string>& classes) {
  return classes.empty() || std::ranges::find(classes, class_name) != classes.end();
}

}  // namespace

void EventMaker::UseScene(const frame::Scene& scene) {
  if (scene == scene_) return;
  const auto own = [](const std::string& name) { return name; };
  for (auto& [serial, life] : lives_) {
    life.zones = Rearranged(scene_.zones, scene.zones, life.zones);
    life.at_line = Rearranged(scene_.lines, scene.lines, life.at_line);
    KeepSame(scene_.zones, scene.zones, life.entered, own);
    KeepSame(scene_.zones, scene.zones, life.left, own);
    KeepSame(scene_.lines, scene.lines, life.crossed, std::mem_fn(&frame::LineCrossing::line));
    // What mattered by the old scene alone does so only once it has been told.
    life.matters = !life.event_id.empty();
  }
  scene_ = scene;
}

std::vector<Event> EventMaker::Update(const FrameFacts& frame, const std::vector<Track>& tracks,
                                      const std::vector<Track>& ended) {
  camera_id_ = frame.camera_id;
  keeps_clips_ = frame.keeps_clips;
  at_ = frame.at;
  std::vector<Event> events;
  for (const Track& track : ended) {
    const auto life = lives_.find(track.serial);
    if (life == lives_.end() || life->second.event_id.empty()) continue;
    // What was outside when it was seen last will not come back in.
    for (std::size_t i = 0; i < life->second.zones.size(); ++i) {
      InZone& zone = life->second.zones[i];
      if (!zone.is_in || !zone.outside_since) continue;
      zone.is_in = false;
      Note(scene_.zones[i].name, life->second.left);
    }
    events.push_back(Tell(life->second, Event::Type::kEnd));
    events.back().reason = Event::kLost;
  }
  std::erase_if(lives_, [&](const auto& life) {
    return std::ranges::find(tracks, life.first, &Track::serial) == tracks.end();
  });
  for (const Track& track : tracks) {
    Life& life = lives_[track.serial];
    life.track = track;
    if (track.is_seen) Follow(frame, life);
    const bool has_place = scene_.zones.empty() && scene_.lines.empty();
    life.matters = life.matters || has_place || !life.entered.empty() || !life.crossed.empty();
    if (track.id == 0 || !life.matters || (track.was_there && !track.has_moved)) continue;
    const bool is_new = life.event_id.empty();
    if (is_new) {
      life.event_id = frame.frame_id + "-" + std::to_string(track.id);
      if (!origin_.empty()) life.event_id += "-" + origin_;
    }
    ChoosePicture(frame, life);
    if (is_new) {
      events.push_back(Tell(life, Event::Type::kNew));
    } else if (life.told_stationary != track.is_stationary || !life.entered.empty() ||
               !life.left.empty() || !life.crossed.empty()) {
      events.push_back(Tell(life, Event::Type::kUpdate));
    }
  }
  return events;
}

std::vector<Event> EventMaker::Finish(std::string_view reason) {
  std::vector<Event> events;
  for (auto& [serial, life] : lives_) {
    if (life.event_id.empty()) continue;
    events.push_back(Tell(life, Event::Type::kEnd));
    events.back().reason = reason;
  }
  lives_.clear();
  return events;
}

void EventMaker::Follow(const FrameFacts& frame, Life& life) const {
  const Box& box = life.track.box;
  const double width = frame.width;
  const double height = frame.height;
  // Below 1, for what reaches the picture's edge is in zones that do.
  const double most = std::nextafter(1.0, 0.0);
  const Point foot = {std::clamp(box.foot_x() / width, 0.0, most),
                      std::clamp(box.foot_y() / height, 0.0, most)};
  life.frame_id = frame.frame_id;
  life.seen = frame.at;
  life.path.Add({static_cast<int>(std::lround(foot.x * width)),
                 static_cast<int>(std::lround(foot.y * height))});
  FollowZones(frame.at, foot, life);
  FollowLines(foot, box.height / height, life);
}

void EventMaker::FollowZones(FrameClock at, const Point& foot, Life& life) const {
  life.zones.resize(scene_.zones.size());
  for (std::size_t i = 0; i < scene_.zones.size(); ++i) {
    const Zone& zone = scene_.zones[i];
    InZone& state = life.zones[i];
    if (!IsOf(life.track.class_name, zone.classes)) continue;
    if (IsInside(foot, zone.polygon)) {
      if (!state.inside_since) state.inside_since = at;
      state.outside_since.reset();
      if (!state.is_in && at - *state.inside_since >= zone.dwell) {
        state.is_in = true;
        Note(zone.name, life.entered);
      }
      continue;
    }
    if (!state.inside_since) continue;
    if (!state.outside_since) state.outside_since = at;
    if (at - *state.outside_since < kOutsideFor) continue;
    if (state.is_in) Note(zone.name, life.left);
    state = {};
  }
}

void EventMaker::FollowLines(const Point& foot, double height, Life& life) const {
  life.at_line.resize(scene_.lines.size());
  for (std::size_t i = 0; i < scene_.lines.size(); ++i) {
    const Line& line = scene_.lines[i];
    if (!IsOf(life.track.class_name, line.classes)) continue;
    const double side = Side(foot, line.from, line.to);
    const double length = std::hypot(line.to.x - line.from.x, line.to.y - line.from.y);
    if (std::abs(side) < kBehindLine * height * length) continue;
    std::optional<Point>& before = life.at_line[i];
    if (before && Meets(*before, foot, line)) {
      Note(frame::LineCrossing{line.name, side > 0}, life.crossed);
    }
    before = foot;
  }
}

void EventMaker::ChoosePicture(const FrameFacts& frame, Life& life) {
  const Track& track = life.track;
  if (frame.best_of == nullptr || !track.is_seen) return;
  if (life.picture && track.found_confidence < *life.picture + kClearlySurer) return;
  life.picture = track.found_confidence;
  frame.best_of->push_back({life.event_id,
                            {.class_name = track.class_name,
                             .confidence = track.found_confidence,
                             .bbox = track.found,
                             .detector = {},
                             .track_id = track.id}});
}

// What was entered, left and crossed is told with it.
Event EventMaker::Tell(Life& life, Event::Type type) const {
  life.told_stationary = life.track.is_stationary;
  Event event{.event_id = life.event_id,
              .type = type,
              .camera_id = camera_id_,
              .class_name = life.track.class_name,
              .confidence = life.track.confidence,
              .start = life.track.begun,
              // Where the frames' time has gone back, it ended with the time before.
              .time = std::max(at_, life.seen),
              .frame_id = life.frame_id,
              .track_id = life.track.id,
              .bbox = life.track.found,
              .zones = {},
              .entered = std::exchange(life.entered, {}),
              .left = std::exchange(life.left, {}),
              .crossed = std::exchange(life.crossed, {}),
              .stationary = life.track.is_stationary,
              .path = life.path.Points(),
              .has_snapshot = life.picture.has_value(),
              .has_clip = keeps_clips_};
  if (type == Event::Type::kEnd) event.end = life.seen;
  for (std::size_t i = 0; i < life.zones.size(); ++i) {
    if (life.zones[i].is_in) event.zones.push_back(scene_.zones[i].name);
  }
  return event;
}

}  // namespace sampleproc::track
