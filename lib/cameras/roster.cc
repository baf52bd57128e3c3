#include "cameras/roster.h"

#include <algorithm>

namespace sampleproc::cameras {
namespace {

using std::chrono::nanoseconds;

std::int64_t SecondOf(base::MonoTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

void FrameRate::Count(base::MonoTime now) {
  if (!first_) first_ = now;
  const std::int64_t second = SecondOf(now);
  Second& place = seconds_[static_cast<std::size_t>(second % kSeconds)];
  if (place.second != second) place = {second, 0};
  ++place.frames;
}

double FrameRate::At(base::MonoTime now) const {
  if (!first_) return 0;
  const std::int64_t first = SecondOf(now) - (kSeconds - 1);
  std::uint64_t frames = 0;
  for (const Second& each : seconds_) {
    if (each.second >= first) frames += each.frames;
  }
  const base::MonoTime begin{std::chrono::seconds(first)};
  const std::chrono::duration<double> span = now - std::max(begin, *first_);
  return static_cast<double>(frames) / std::max(span.count(), 1.0);
}

Roster::Roster(const Settings& settings, const Directory& directory, const base::Clock& clock)
    : directory_(directory),
      clock_(clock),
      places_(static_cast<std::size_t>(std::max(settings.max_cameras, 0)), settings.idle,
              frame::Newcomers::kReturningFirst) {}

void Roster::Came(const std::string& id, std::string_view door) {
  const base::MonoTime now = clock_.Now();
  const base::MutexLock lock(mutex_);
  Seen gone;
  Place* const place = places_.Take(id, now, [&] { return directory_.Has(id); }, gone);
  if (place == nullptr) {
    ++unlisted_;
    return;
  }
  ++place->frames;
  place->last = now;
  Seen& seen = place->value;
  seen.entry.door = door;
  ++seen.entry.frames_in;
  seen.rate.Count(now);
}

void Roster::Done(const std::string& id, const frame::FrameResult& result) {
  const base::MutexLock lock(mutex_);
  Place* const place = places_.Find(id);
  if (place == nullptr) return;
  Entry& entry = place->value.entry;
  if (frame::CameTooSoon(result)) return CountDropped(place->value, frame::kTooSoon);
  ++entry.looked_at;
  entry.width = result.width;
  entry.height = result.height;
  entry.detections = result.detections.size();
}

void Roster::Lost(const std::string& id, std::string_view reason, std::string_view detail) {
  const base::MonoTime now = clock_.Now();
  const base::MutexLock lock(mutex_);
  Place* const place = places_.Find(id);
  if (place == nullptr) return;
  CountDropped(place->value, reason);
  if (detail.empty()) return;
  place->value.entry.fault = Fault{std::string(reason), std::string(detail), {}};
  std::string& told = place->value.entry.fault->detail;
  if (told.size() > kLongestDetail) {
    // Not within a character of UTF-8.
    std::size_t end = kLongestDetail;
    while (end > 0 && (static_cast<unsigned char>(told[end]) & 0xC0U) == 0x80U) --end;
    told.resize(end);
    told += "...";
  }
  place->value.fault_at = now;
}

// Reasons are words of our own, but of many parts.
void Roster::CountDropped(Seen& seen, std::string_view reason) {
  auto& dropped = seen.entry.dropped;
  const auto at = std::ranges::lower_bound(
      dropped, reason, {}, [](const auto& each) { return std::string_view(each.first); });
  if (at != dropped.end() && at->first == reason) {
    ++at->second;
  } else if (dropped.size() < kMostReasons) {
    dropped.emplace(at, reason, 1);
  }
}

void Roster::Reconfigured() {
  const base::MutexLock lock(mutex_);
  places_.Reserve([this](const std::string& id) { return directory_.Has(id); });
}

bool Roster::Forgotten(const Place& place, base::MonoTime now) {
  return !place.reserved && now - place.last > kRemembered;
}

Roster::Entry Roster::Tell(const std::string& id, const Place& place, base::MonoTime now) {
  Entry entry = place.value.entry;
  entry.id = id;
  entry.configured = place.reserved;
  entry.fps = place.value.rate.At(now);
  entry.age = now - place.last;
  if (entry.fault) entry.fault->age = now - place.value.fault_at;
  return entry;
}

std::vector<Roster::Entry> Roster::List() const {
  const base::MonoTime now = clock_.Now();
  const std::vector<std::string> configured = directory_.ids();
  std::vector<Entry> entries;
  {
    const base::MutexLock lock(mutex_);
    const auto& all = places_.all();
    entries.reserve(all.size() + configured.size());
    for (const auto& [id, place] : all) {
      if (!Forgotten(place, now)) entries.push_back(Tell(id, place, now));
    }
    for (const std::string& id : configured) {
      if (!all.contains(id)) entries.push_back({.id = id, .configured = true});
    }
  }
  std::ranges::sort(entries, {}, &Entry::id);
  return entries;
}

std::optional<Roster::Entry> Roster::Find(const std::string& id) const {
  const base::MonoTime now = clock_.Now();
  {
    const base::MutexLock lock(mutex_);
    const auto place = places_.all().find(id);
    if (place != places_.all().end() && !Forgotten(place->second, now)) {
      return Tell(id, place->second, now);
    }
  }
  if (directory_.Has(id)) return Entry{.id = id, .configured = true};
  return std::nullopt;
}

std::uint64_t Roster::unlisted_frames() const {
  const base::MutexLock lock(mutex_);
  return unlisted_;
}

}  // namespace sampleproc::cameras
