#include "files/event_comparison.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "files/url_input.h"
#include "frame/event_reader.h"
#include "json/writer.h"
#include "track/box.h"

namespace sampleproc::files {
namespace {

using Life = const EventLife*;
using std::chrono::microseconds;

constexpr double kSameEvent = 0.1;         // least product of what is shared of times and of areas
constexpr microseconds kInstant{100'000};  // of an event of one frame, and the least of others

double Seconds(microseconds time) {
  return json::RoundTo(std::chrono::duration<double>(time).count(), 6);
}

// Its members by name, for comparing: all but those that name it or say how sure it is.
struct Member {
  std::string_view name;
  bool is_place_or_time;
  bool (*same)(const EventLife& a, const EventLife& b);
};
constexpr Member kMembers[] = {
    {"class", false,
     [](const auto& a, const auto& b) { return a.last.class_name == b.last.class_name; }},
    {"start", true, [](const auto& a, const auto& b) { return a.last.start == b.last.start; }},
    {"end", true, [](const auto& a, const auto& b) { return a.End() == b.End(); }},
    {"bbox", true, [](const auto& a, const auto& b) { return a.last.bbox == b.last.bbox; }},
    {"told", false,
     [](const auto& a, const auto& b) {
       return a.begun_at == b.begun_at && a.last.time == b.last.time;
     }},
    {"path", true, [](const auto& a, const auto& b) { return a.last.path == b.last.path; }},
    {"zones", false, [](const auto& a, const auto& b) { return a.last.zones == b.last.zones; }},
    {"entered", false,
     [](const auto& a, const auto& b) {
       return a.last.entered == b.last.entered && a.entered_at == b.entered_at;
     }},
    {"left", false,
     [](const auto& a, const auto& b) {
       return a.last.left == b.last.left && a.left_at == b.left_at;
     }},
    {"crossed", false,
     [](const auto& a, const auto& b) {
       return a.last.crossed == b.last.crossed && a.crossed_at == b.crossed_at;
     }},
    {"stationary", false,
     [](const auto& a, const auto& b) {
       return a.last.stationary == b.last.stationary && a.stationary_at == b.stationary_at;
     }},
    {"reason", false, [](const auto& a, const auto& b) { return a.last.reason == b.last.reason; }},
};

bool Same(const EventLife& a, const EventLife& b) {
  return std::ranges::all_of(kMembers, [&](const Member& each) { return each.same(a, b); });
}

// The smallest box around all places where it is known to have been.
track::Box Area(const EventLife& life) {
  frame::Bbox area = life.first_bbox;
  const auto add = [&area](int x1, int y1, int x2, int y2) {
    area = {std::min(area.x1, x1), std::min(area.y1, y1), std::max(area.x2, x2),
            std::max(area.y2, y2)};
  };
  add(life.last.bbox.x1, life.last.bbox.y1, life.last.bbox.x2, life.last.bbox.y2);
  for (const frame::PathPoint& point : life.last.path) add(point.x, point.y, point.x, point.y);
  return track::Box::Of(area);
}

double SharedTime(const EventLife& a, const EventLife& b) {
  const auto end = [](const EventLife& life) {
    return std::max(life.End(), life.last.start + kInstant);
  };
  const auto both = std::min(end(a), end(b)) - std::max(a.last.start, b.last.start);
  if (both <= microseconds(0)) return 0;
  const auto whole = std::max(end(a), end(b)) - std::min(a.last.start, b.last.start);
  return static_cast<double>(both.count()) / static_cast<double>(whole.count());
}

struct Pair {
  double shared;
  Life before;
  Life after;
};

// All that may be the same event, the best first.
std::vector<Pair> Candidates(const std::vector<Life>& before, const std::vector<Life>& after) {
  std::vector<Pair> pairs;
  for (const Life a : before) {
    for (const Life b : after) {
      if (b->last.start >= std::max(a->End(), a->last.start + kInstant)) break;  // by start
      const double shared = SharedTime(*a, *b) * track::Overlap(Area(*a), Area(*b));
      if (shared < kSameEvent) continue;
      pairs.push_back({shared, a, b});
    }
  }
  std::ranges::stable_sort(pairs, std::greater(), [](const Pair& pair) {
    return std::pair(pair.before->last.class_name == pair.after->last.class_name, pair.shared);
  });
  return pairs;
}

EventChange Compare(const EventLife& before, const EventLife& after) {
  EventChange change{EventChange::Kind::kChanged, before, after, {}};
  for (const Member& each : kMembers) {
    if (each.same(before, after)) continue;
    change.differs.push_back(each.name);
    if (each.is_place_or_time) change.kind = EventChange::Kind::kMoved;
  }
  if (before.last.class_name != after.last.class_name) change.kind = EventChange::Kind::kReclassed;
  return change;
}

// The differences of one camera; both are sorted by their start.
void CompareCamera(std::vector<Life> before, std::vector<Life> after,
                   std::vector<EventChange>& changes) {
  std::set<Life> paired;
  const auto remove_paired = [&] {
    const auto is_paired = [&paired](Life life) { return paired.contains(life); };
    std::erase_if(before, is_paired);
    std::erase_if(after, is_paired);
  };
  for (const Life each : before) {
    const auto at_once =
        std::ranges::equal_range(after, each->last.start, {}, [](Life b) { return b->last.start; });
    const auto same = std::ranges::find_if(
        at_once, [&](Life b) { return !paired.contains(b) && Same(*each, *b); });
    if (same != at_once.end()) paired.insert({each, *same});
  }
  remove_paired();
  std::vector<EventChange> found;
  for (const Pair& pair : Candidates(before, after)) {
    if (paired.contains(pair.before) || paired.contains(pair.after)) continue;
    found.push_back(Compare(*pair.before, *pair.after));
    paired.insert({pair.before, pair.after});
  }
  remove_paired();
  for (const Life each : before) {
    EventChange& lost = found.emplace_back();
    lost.kind = EventChange::Kind::kLost;
    lost.before = *each;
  }
  for (const Life each : after) {
    EventChange& gained = found.emplace_back();
    gained.kind = EventChange::Kind::kGained;
    gained.after = *each;
  }
  std::ranges::stable_sort(found, {}, [](const EventChange& change) {
    const bool gained = change.kind == EventChange::Kind::kGained;
    return (gained ? change.after : change.before).last.start;
  });
  std::ranges::move(found, std::back_inserter(changes));
}

bool HasBefore(const EventChange& change) { return change.kind != EventChange::Kind::kGained; }
bool HasAfter(const EventChange& change) { return change.kind != EventChange::Kind::kLost; }

void WriteLife(std::string_view key, const EventLife& life, json::JsonWriter& json) {
  json.Key(key);
  json.BeginObject();
  json.Member("event_id", life.last.event_id);
  json.Member("class", life.last.class_name);
  json.Member("start", Seconds(life.last.start));
  json.Member("end", Seconds(life.End()));
  json.Key("bbox");
  json.BeginArray();
  const frame::Bbox& box = life.last.bbox;
  for (const int corner : {box.x1, box.y1, box.x2, box.y2}) json.Int(corner);
  json.EndArray();
  json.Key("zones");
  json.BeginArray();
  for (const std::string& zone : life.last.entered) json.String(zone);
  json.EndArray();
  json.EndObject();
}

void AppendLife(const EventLife& life, std::string& out) {
  char text[160];
  const frame::Bbox& box = life.last.bbox;
  std::snprintf(text, sizeof text, " %.1f-%.1f s [%d,%d,%d,%d]", Seconds(life.last.start),
                Seconds(life.End()), box.x1, box.y1, box.x2, box.y2);
  out += life.last.class_name + text;
}

}  // namespace

std::string_view EventChangeName(EventChange::Kind kind) {
  constexpr std::string_view kNames[] = {"gained", "lost", "reclassed", "moved", "changed"};
  return kNames[static_cast<std::size_t>(kind)];
}

void AppendEventChangeJson(const EventChange& change, std::string& out) {
  const EventLife& either = HasBefore(change) ? change.before : change.after;
  json::JsonWriter json(out);
  json.BeginObject();
  json.Member("change", EventChangeName(change.kind));
  json.Member("camera_id", either.last.camera_id);
  if (!change.differs.empty()) {
    json.Key("differs");
    json.BeginArray();
    for (const std::string_view name : change.differs) json.String(name);
    json.EndArray();
  }
  if (HasBefore(change)) WriteLife("before", change.before, json);
  if (HasAfter(change)) WriteLife("after", change.after, json);
  json.EndObject();
}

void AppendEventChangeText(const EventChange& change, std::string& out) {
  std::string name(EventChangeName(change.kind));
  name.resize(11, ' ');
  out += name + ShownName((HasBefore(change) ? change.before : change.after).last.camera_id) + "  ";
  if (HasBefore(change)) AppendLife(change.before, out);
  if (HasBefore(change) && HasAfter(change)) out += " -> ";
  if (HasAfter(change)) AppendLife(change.after, out);
  for (const std::string_view& each : change.differs) {
    out += &each == &change.differs.front() ? " (" : ", ";
    out += each;
  }
  if (!change.differs.empty()) out += ")";
}

bool EventComparison::IsOfEvents(std::string_view text) {
  return text.starts_with("{\"schema\":\"sampleproc.event/");
}

base::Result<EventComparison> EventComparison::Parse(std::string_view text,
                                                     const std::string& path) {
  EventComparison comparison;
  std::size_t number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, end - start);
    start = end + 1;
    ++number;
    const auto event = frame::ReadEvent(std::string(line));
    if (!event || !IsOfEvents(line)) {
      return base::Fail(base::ErrorCode::kInvalidFrame,
                        "line " + std::to_string(number) + " of " + ShownName(path) +
                            ", given to --compare, is not an event as --events writes it");
    }
    Add(*event, comparison.before_);
  }
  return comparison;
}

void EventComparison::Add(const frame::Event& event, Lives& lives) {
  const auto [at, is_new] = lives.try_emplace(event.event_id);
  EventLife& life = at->second;
  if (is_new) {
    life.first_bbox = event.bbox;
    life.begun_at = event.time;
  }
  life.entered_at.insert(life.entered_at.end(), event.entered.size(), event.time);
  life.left_at.insert(life.left_at.end(), event.left.size(), event.time);
  life.crossed_at.insert(life.crossed_at.end(), event.crossed.size(), event.time);
  // Whether it stands still: odd.
  if (event.stationary != (life.stationary_at.size() % 2 == 1)) {
    life.stationary_at.push_back(event.time);
  }
  frame::Event last = event;
  const auto join = [](auto& all, auto& more) {
    std::ranges::move(more, std::back_inserter(all));
    more = std::move(all);
  };
  join(life.last.entered, last.entered);
  join(life.last.left, last.left);
  join(life.last.crossed, last.crossed);
  last.stationary |= life.last.stationary;
  life.last = std::move(last);
  const auto area = [](const frame::Bbox& box) { return track::Box::Of(box).area(); };
  if (is_new || area(event.bbox) > area(life.seen_bbox)) {
    life.seen_frame_id = event.frame_id;
    life.seen_bbox = event.bbox;
    life.seen_at = event.end.value_or(event.time);
  }
}

const EventLife* EventComparison::TakeSame(std::string_view event_id) {
  if (!unpaired_) {
    unpaired_.emplace();
    for (const auto& [id, life] : before_) unpaired_->emplace(life.last.start, &life);
  }
  const auto ended = after_.find(event_id);
  if (ended == after_.end()) return nullptr;
  const EventLife& life = ended->second;
  const auto [first, last] = unpaired_->equal_range(life.last.start);
  const auto same = std::find_if(first, last, [&life](const auto& each) {
    return each.second->last.camera_id == life.last.camera_id && Same(*each.second, life);
  });
  if (same == last) return nullptr;
  const EventLife* const found = same->second;
  unpaired_->erase(same);
  return found;
}

base::Result<void> EventComparison::Take(const frame::Event& event) {
  Add(event, after_);
  return {};
}

std::vector<EventChange> EventComparison::Changes() const {
  std::map<std::string_view, std::pair<std::vector<Life>, std::vector<Life>>> cameras;
  for (const auto& [id, life] : before_) cameras[life.last.camera_id].first.push_back(&life);
  for (const auto& [id, life] : after_) cameras[life.last.camera_id].second.push_back(&life);
  std::vector<EventChange> changes;
  for (auto& [camera, lives] : cameras) {
    const auto by_time = [](Life life) {
      return std::tuple(life->last.start, life->last.track_id);
    };
    std::ranges::stable_sort(lives.first, {}, by_time);
    std::ranges::stable_sort(lives.second, {}, by_time);
    CompareCamera(std::move(lives.first), std::move(lives.second), changes);
  }
  return changes;
}

}  // namespace sampleproc::files
