#include "files/event_differences.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "files/box_words.h"
#include "files/task.h"
#include "files/url_input.h"

namespace sampleproc::files {
namespace {

using EventKind = EventChange::Kind;
using process::Mark;
using std::chrono::microseconds;

constexpr std::string_view kArrow = " \u2192 ";
constexpr std::size_t kMostTracked = 64;  // in a frame

std::string IdKey(const std::string& camera, const std::string& frame_id) {
  return "i" + camera + '\0' + frame_id;
}

std::string TimeKey(const std::string& camera, const std::string& frame_id, microseconds time) {
  return "t" + camera + '\0' + frame_id.substr(frame_id.rfind('/') + 1) + '\0' +
         std::to_string(time.count());
}

std::string ClockText(microseconds time) {
  return SecondsText(std::chrono::duration<double>(time).count());
}

std::string TimesOf(const EventLife& life) {
  return ClockText(life.last.start) + "\u2013" + ClockText(life.End()) + " s";
}

std::string Names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& each : names) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

std::string LinesOf(const EventLife& life) {
  std::vector<std::string> names;
  for (const frame::LineCrossing& each : life.last.crossed) {
    names.push_back(each.line + (each.to_right ? " to the right" : " to the left"));
  }
  return Names(names);
}

// Of an event's members the ones that are told, in words.
struct Told {
  std::string_view name;
  bool always;  // else only where it differs or says something
  std::string (*text)(const EventLife& life);
};
constexpr Told kTold[] = {
    {"class", true, [](const auto& life) { return life.last.class_name; }},
    {"times", true, [](const auto& life) { return TimesOf(life); }},
    {"confidence", true, [](const auto& life) { return ConfidenceText(life.last.confidence); }},
    {"last box", true, [](const auto& life) { return BoxText(life.last.bbox); }},
    {"zones entered", false, [](const auto& life) { return Names(life.last.entered); }},
    {"zones left", false, [](const auto& life) { return Names(life.last.left); }},
    {"zones at its end", false, [](const auto& life) { return Names(life.last.zones); }},
    {"lines crossed", false, [](const auto& life) { return LinesOf(life); }},
    {"stood still", false,
     [](const auto& life) { return std::string(life.last.stationary ? "yes" : "none"); }},
    {"ended by", false,
     [](const auto& life) {
       return life.last.reason.empty() ? "none" : std::string(life.last.reason);
     }},
    {"last seen in", true, [](const auto& life) { return ShownName(life.last.frame_id); }},
    {"event", true, [](const auto& life) { return ShownName(life.last.event_id); }},
};

void AddFacts(const EventChange& change, Difference& difference) {
  const bool is_gained = change.kind == EventKind::kGained;
  const bool is_lost = change.kind == EventKind::kLost;
  if (!change.differs.empty()) {
    std::string names;
    for (const std::string_view name : change.differs) {
      if (!names.empty()) names += ", ";
      names += name;
    }
    difference.facts.emplace_back("differs in", names);
  }
  for (const Told& each : kTold) {
    const std::string before = is_gained ? "" : each.text(change.before);
    const std::string after = is_lost ? "" : each.text(change.after);
    std::string text = before;
    if (is_gained) text = after;
    if (!is_gained && !is_lost && before != after) text.append(kArrow).append(after);
    if (each.always || text != "none") difference.facts.emplace_back(each.name, text);
    if (each.name == "last box" && !is_gained && !is_lost && before != after) {
      difference.facts.emplace_back("last box is",
                                    MoveText(change.before.last.bbox, change.after.last.bbox));
    }
  }
}

std::string Label(const std::string& class_name, double confidence) {
  return class_name + " " + ConfidenceText(confidence);
}

}  // namespace

EventDifferences::EventDifferences(EventComparison& comparison, PictureStore& store,
                                   DifferenceReport& report)
    : comparison_(comparison), store_(store), report_(report) {
  for (const auto& [id, life] : comparison.earlier()) {
    const std::string& camera = life.last.camera_id;
    wanted_.emplace(IdKey(camera, life.seen_frame_id), &life);
    wanted_.emplace(TimeKey(camera, life.seen_frame_id, life.seen_at), &life);
  }
}

std::vector<std::string_view> EventDifferences::Kinds() {
  std::vector<std::string_view> kinds;
  for (const EventKind kind : {EventKind::kGained, EventKind::kLost, EventKind::kReclassed,
                               EventKind::kMoved, EventKind::kChanged}) {
    kinds.push_back(EventChangeName(kind));
  }
  return kinds;
}

std::vector<EventDifferences::Match> EventDifferences::EarlierIn(
    const frame::SourceRef& source, const frame::FrameResult& result) const {
  std::vector<Match> found;
  if (!result.camera_id) return found;
  const auto add = [&](const std::string& key, bool is_exact) {
    const auto [first, last] = wanted_.equal_range(key);
    for (auto each = first; each != last; ++each) found.push_back({each->second, is_exact});
  };
  add(IdKey(*result.camera_id, result.frame_id), true);
  const auto time = TimeOf(source);
  if (time) add(TimeKey(*result.camera_id, result.frame_id, *time), false);
  return found;
}

bool EventDifferences::Wants(const Task& task, const frame::FrameResult& result) const {
  return !result.snapshots.empty() || !EarlierIn(task.source, result).empty();
}

EventDifferences::ShotPtr EventDifferences::Keep(const Record& record) {
  const frame::FrameResult& result = *record.result;
  auto shot = std::make_shared<Shot>();
  shot->frame_id = result.frame_id;
  if (record.source.pts) shot->time = " at " + SecondsText(*record.source.pts) + " s";
  shot->width = result.width;
  shot->height = result.height;
  for (const frame::Detection& each : result.detections) {
    if (each.track_id != 0 && shot->tracked.size() < kMostTracked) {
      shot->tracked.emplace(each.track_id, each);
    }
  }
  shot->problem = record.picture->problem;
  if (!shot->problem.empty()) return shot;
  auto kept = store_.Keep(record.picture->jpeg);
  if (kept) {
    shot->picture = std::move(*kept);
  } else {
    shot->problem = kept.error().message;
  }
  return shot;
}

void EventDifferences::TakePicture(const Record& record) {
  if (!record.result || record.picture == nullptr) return;
  const frame::FrameResult& result = *record.result;
  ShotPtr shot;
  const auto once = [&] {
    if (shot == nullptr) shot = Keep(record);
    return shot;
  };
  for (const frame::Snapshot& each : result.snapshots) {
    const auto known = now_.find(each.event_id);
    // An older picture is better than none.
    const bool is_kept = known != now_.end() && known->second.shot->picture != nullptr;
    if (is_kept && once()->picture == nullptr) continue;
    now_[each.event_id] = {once(), each.detection};
  }
  for (const auto& [life, is_exact] : EarlierIn(record.source, result)) {
    const auto [at, is_first] = before_.try_emplace(life->last.event_id);
    Before& before = at->second;
    if (is_first || (is_exact && !before.is_exact)) {
      before = {once(), is_exact};
    } else if (!is_exact && !before.is_exact) {
      before.shot = nullptr;
    }
  }
}

base::Result<void> EventDifferences::Take(const frame::Event& event) {
  if (event.type != frame::Event::Type::kEnd) return {};
  const EventLife* const same = comparison_.TakeSame(event.event_id);
  if (same == nullptr) return {};
  if (const auto at = now_.find(event.event_id); at != now_.end()) now_.erase(at);
  if (const auto at = before_.find(same->last.event_id); at != before_.end()) before_.erase(at);
  return {};
}

// The earlier event's frame with its box, and this run's beside it where it was found there; and
// the best frame of this run's event where that has not been seen yet.
void EventDifferences::AddPictures(const EventChange& change, Difference& difference) const {
  std::vector<std::string> problems;
  const auto add = [&](const Shot& shot, std::vector<process::MarkedBox> boxes,
                       const std::string& what) {
    if (shot.picture == nullptr) {
      problems.push_back(shot.problem);
      return;
    }
    const std::string place = ShownName(shot.frame_id) + shot.time;
    std::string alt = "Frame " + place;
    for (const process::MarkedBox& each : boxes) {
      alt +=
          "; " + std::string(MarkName(each.mark)) + ": " + each.label + " at " + BoxText(each.box);
    }
    difference.pictures.push_back(
        {shot.picture, shot.width, shot.height, std::move(boxes), place + what, std::move(alt)});
  };
  bool is_shown = change.kind == EventKind::kLost;
  if (change.kind != EventKind::kGained) {
    const EventLife& before = change.before;
    const auto at = before_.find(before.last.event_id);
    if (at == before_.end()) {
      problems.push_back("the earlier run's frame " + ShownName(before.seen_frame_id) +
                         " is none that this run had a result for");
    } else if (at->second.shot == nullptr) {
      problems.push_back("several frames of this run have the name and time of the earlier run's " +
                         ShownName(before.seen_frame_id) + ", and none its id");
    } else {
      const Shot& shot = *at->second.shot;
      std::vector<process::MarkedBox> boxes = {
          {before.seen_bbox, Mark::kBefore, before.last.class_name}};
      std::string what = "; where the earlier run's box was largest, of the frames it was told of";
      const auto beside = shot.tracked.find(change.after.last.track_id);
      if (!is_shown && beside != shot.tracked.end()) {
        const frame::Detection& now = beside->second;
        boxes.push_back({now.bbox, Mark::kNow, Label(now.class_name, now.confidence)});
        what += ", and this run's box in that frame: " + MoveText(before.seen_bbox, now.bbox);
        is_shown = shot.picture != nullptr;
      }
      add(shot, std::move(boxes), what);
    }
  }
  if (!is_shown) {
    const auto at = now_.find(change.after.last.event_id);
    if (at == now_.end()) {
      problems.emplace_back("the frame in which this run found it failed");
    } else {
      const frame::Detection& best = at->second.detection;
      add(*at->second.shot, {{best.bbox, Mark::kNow, Label(best.class_name, best.confidence)}},
          "; where this run was surest");
    }
  }
  for (const std::string& each : problems) {
    if (!difference.no_picture.empty()) difference.no_picture += "; ";
    difference.no_picture += each;
  }
}

void EventDifferences::Add(const EventChange& change) {
  const bool is_gained = change.kind == EventKind::kGained;
  const EventLife& either = is_gained ? change.after : change.before;
  Difference difference;
  difference.camera = either.last.camera_id.empty() ? "" : ShownName(either.last.camera_id);
  difference.kinds = {EventChangeName(change.kind)};
  difference.title = either.last.class_name + ", " + TimesOf(either);
  AddFacts(change, difference);
  AddPictures(change, difference);
  if (!difference.pictures.empty() && !difference.no_picture.empty()) {
    difference.facts.emplace_back("no second picture", std::exchange(difference.no_picture, ""));
  }
  report_.Add(std::move(difference));
  if (!is_gained) before_.erase(change.before.last.event_id);
  if (change.kind != EventKind::kLost) now_.erase(change.after.last.event_id);
}

}  // namespace sampleproc::files
