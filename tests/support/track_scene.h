// Things that move before a camera by rule, so that it is known which is where in each frame.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "track/event_maker.h"
#include "track/tracker.h"

namespace sampleproc::track {

constexpr int kSceneWidth = 1000;
constexpr int kSceneHeight = 500;
constexpr FrameClock kFrameTime = std::chrono::milliseconds(200);

// Where a thing's foot is at certain times, in pixels; straight between them, not there outside.
struct Waypoint {
  double at;  // seconds
  double x;
  double y;
};

struct Thing {
  std::string class_name;
  double width;
  double height;
  std::vector<Waypoint> way;
  int layer = 0;  // what has a higher one stands in front

  bool Box(double at, frame::Bbox& box) const {
    if (way.empty() || at < way.front().at || at > way.back().at) return false;
    std::size_t i = 1;
    while (i + 1 < way.size() && way[i].at < at) ++i;
    const Waypoint& a = way[i - 1];
    const Waypoint& b = way[i];
    const double share = b.at > a.at ? (at - a.at) / (b.at - a.at) : 0;
    const double x = a.x + (b.x - a.x) * share;
    const double y = a.y + (b.y - a.y) * share;
    box = {static_cast<int>(std::lround(x - width / 2)), static_cast<int>(std::lround(y - height)),
           static_cast<int>(std::lround(x + width / 2)), static_cast<int>(std::lround(y))};
    return true;
  }
};

// What a detector would find: boxes that tremble by up to 3 % of their size, and, of what is hidden
// by more than half by something in front, weak boxes or none.
class SyntheticScene {
 public:
  SyntheticScene(std::vector<Thing> things, const Options& options = {}, frame::Scene scene = {},
                 std::uint32_t seed = 1)
      : things_(std::move(things)), random_(seed), tracker_(options), maker_(std::move(scene)) {}

  // The frames from 0, or from the one after those that there were, to `seconds`; events are
  // collected, and which track each thing had.
  void Run(double seconds) {
    const auto frames = static_cast<int>(std::lround(seconds * 5));
    for (; next_ <= frames; ++next_) Step(next_);
  }

  void UseScene(const frame::Scene& scene) { maker_.UseScene(scene); }

  void Finish() { Collect(maker_.Finish()); }

  // How often a thing's id became another one while it was there.
  int switches() const { return switches_; }
  // The ids that a thing has had.
  const std::set<std::uint64_t>& ids(std::size_t thing) { return ids_[thing]; }
  const std::vector<frame::Event>& events() const { return events_; }
  std::string Json() const {
    std::string text;
    for (const frame::Event& event : events_) {
      frame::AppendEventJson(event, text);
      text += '\n';
    }
    return text;
  }

 private:
  void Step(int number) {
    const double at = number / 5.0;
    std::vector<Observation> seen;
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < things_.size(); ++i) {
      frame::Bbox box;
      if (!things_[i].Box(at, box)) continue;
      const double hidden = Hidden(i, at, box);
      Tremble(box);
      if (hidden > 0.7) continue;
      const bool is_weak = hidden > 0.4;
      seen.push_back({things_[i].class_name, is_weak ? 0.3 : 0.9, box,
                      is_weak ? Observation::Kind::kWeak : Observation::Kind::kSure});
      of.push_back(i);
    }
    const FrameClock clock = kFrameTime * number;
    const auto ids = tracker_.Update(clock, seen);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == 0) continue;
      std::uint64_t& last = last_id_[of[i]];
      if (last != 0 && last != ids[i]) ++switches_;
      last = ids[i];
      ids_[of[i]].insert(ids[i]);
    }
    Collect(maker_.Update({"yard", "f" + std::to_string(number), clock, kSceneWidth, kSceneHeight},
                          tracker_.tracks(), tracker_.ended()));
  }

  double Hidden(std::size_t thing, double at, const frame::Bbox& box) const {
    double most = 0;
    const track::Box own = track::Box::Of(box);
    for (const Thing& other : things_) {
      frame::Bbox front;
      if (other.layer <= things_[thing].layer || !other.Box(at, front)) continue;
      most = std::max(most, CommonArea(own, track::Box::Of(front)) / own.area());
    }
    return most;
  }

  void Tremble(frame::Bbox& box) {
    const int width = box.x2 - box.x1;
    const int height = box.y2 - box.y1;
    const auto by = [this](int side) {
      const auto most = static_cast<std::uint32_t>(std::max(1, side * 3 / 100));
      return static_cast<int>(random_() % (2 * most + 1)) - static_cast<int>(most);
    };
    box.x1 += by(width);
    box.x2 += by(width);
    box.y1 += by(height);
    box.y2 += by(height);
  }

  void Collect(std::vector<frame::Event> events) {
    std::move(events.begin(), events.end(), std::back_inserter(events_));
  }

  const std::vector<Thing> things_;
  std::mt19937 random_;
  Tracker tracker_;
  EventMaker maker_;
  std::map<std::size_t, std::uint64_t> last_id_;
  std::map<std::size_t, std::set<std::uint64_t>> ids_;
  std::vector<frame::Event> events_;
  int switches_ = 0;
  int next_ = 0;  // frame
};

}  // namespace sampleproc::track
