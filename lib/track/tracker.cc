#include "track/tracker.h"

#include <algorithm>
#include <numeric>

#include "track/assignment.h"

namespace sampleproc::track {
namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

// The least overlap with the foretold box.
constexpr double kSureOverlap = 0.25;
constexpr double kWeakOverlap = 0.5;
// In the last round boxes are made larger by this share, and their heights may not differ by more:
// what is small, fast or seldom looked at leaves its own box from one frame to the next.
constexpr double kNearMargin = 0.4;
constexpr double kNearOverlap = 0.15;
constexpr double kLikeHeight = 0.6;

// A new track within a box that another track has taken is the same thing twice.
constexpr double kSameThing = 0.6;

// Of a track's foretold box within another's detection: it is hidden by that.
constexpr double kHidden = 0.5;
constexpr double kOddSize = 1.35;  // of a box that may be that of two things
constexpr double kMergedDoubt = 4;

constexpr double kInPlace = 0.5;  // least overlap with the place it stays in
constexpr double kAtFirst = 0.3;  // least overlap with where it began
constexpr int kPatience = 5;      // times lost_after, for what is stationary
constexpr int kHiddenPatience = 2;
// A jump of the camera's time by more is another recording or a clock that was set.
constexpr FrameClock kSameTime = std::chrono::minutes(1);
constexpr FrameClock kSettling = std::chrono::seconds(1);
constexpr FrameClock kLongestStep = std::chrono::seconds(1);
// What has no id yet is taken for a flash once it was not found for so long, and in so many frames.
constexpr FrameClock kUnprovenFor = std::chrono::milliseconds(500);
constexpr int kUnprovenMisses = 2;
// Of a camera that is looked at seldom nothing is lost before so many frames' time has passed; and
// what would be a jump of another's time is none of it.
constexpr double kLeastLooks = 2.5;
constexpr int kUsualSteps = 3;

double Seconds(FrameClock time) { return std::chrono::duration<double>(time).count(); }

bool IsSure(const Observation& observation) { return observation.kind != Observation::Kind::kWeak; }

double Ratio(double a, double b) { return std::max(a, b) / std::max(1e-9, std::min(a, b)); }

}  // namespace

std::vector<std::uint64_t> Tracker::Update(FrameClock at, std::span<const Observation> seen) {
  Begin(at);
  at = last_;
  DropLost(at);
  // The surest first, as many as are taken; of equally sure ones in the order they came.
  std::vector<std::size_t> order(seen.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return seen[a].confidence > seen[b].confidence; });
  order.resize(std::min(order.size(), kMaxObservations));
  std::vector<Observation> taken;
  for (const std::size_t i : order) taken.push_back(seen[i]);

  std::vector<std::size_t> owners(taken.size(), kNobody);
  for (const Round round : {Round::kSure, Round::kWeak, Round::kNew, Round::kNear}) {
    Match(round, taken, owners);
  }
  Take(at, taken, owners);
  std::vector<std::uint64_t> ids(seen.size(), 0);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (owners[i] != kNobody) ids[order[i]] = known_[owners[i]].track.id;
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (owners[i] == kNobody && IsSure(taken[i])) {
      Start(at, taken[i]);
      // With min_hits of 1 it has its id at once.
      if (!known_.empty() && known_.back().track.begun == at && known_.back().track.id != 0 &&
          known_.back().track.found == taken[i].bbox) {
        ids[order[i]] = known_.back().track.id;
      }
    }
  }
  DropLost(at);
  return ids;
}

void Tracker::Pass(FrameClock at) {
  const FrameClock before = last_;
  Begin(at);
  for (Known& known : known_) {
    known.is_hidden = false;
    ++known.misses;
    if (!known.track.is_stationary) continue;
    known.track.last_seen += last_ - before;
  }
  DropLost(last_);
}

std::vector<Track> Tracker::tracks() const {
  std::vector<Track> tracks;
  for (const Known& known : known_) tracks.push_back(known.track);
  return tracks;
}

// Goes on to the frame's time.
void Tracker::Begin(FrameClock at) {
  ended_.clear();
  if (IsJump(at) || !first_) {
    EndAll();
    steps_ = {at > last_ && first_ ? at - last_ : FrameClock(0), FrameClock(0)};
    first_ = at;
    last_ = at;
  }
  const FrameClock step = std::max(at - last_, FrameClock(0));
  usual_step_ = steps_[0] == steps_[0].zero()   ? step
                : steps_[1] == steps_[1].zero() ? steps_[0]
                                                : std::min(steps_[0], steps_[1]);
  if (step > step.zero()) steps_ = {step, steps_[0]};
  last_ += step;
  for (Known& known : known_) {
    if (!known.track.is_stationary || known.track.is_seen) {
      known.filter.Predict(Seconds(std::min(step, kLongestStep)), known.track.is_seen);
    }
    known.track.box = known.filter.box();
  }
}

// Whether the frame's time is that of another recording, or of a clock that was set.
bool Tracker::IsJump(FrameClock at) {
  if (order_.Take(at) == frame::TimeOrder::Place::kAnew) return true;
  const FrameClock same =
      std::max<FrameClock>({kSameTime, options_.lost_after * kPatience, steps_[0] * kUsualSteps});
  return at - last_ > same;
}

void Tracker::EndAll() {
  for (const Known& known : known_) {
    if (known.track.id != 0) ended_.push_back(known.track);
  }
  known_.clear();
}

// How well an observation goes with a track in this round; 0: not at all.
double Tracker::Gain(Round round, const Known& known, const Observation& observation) const {
  if (observation.class_name != known.track.class_name) return 0;
  const Box found = Box::Of(observation.bbox);
  if (round == Round::kNear) {
    if (Ratio(found.height, known.track.box.height) > 1 / kLikeHeight) return 0;
    const double overlap = Overlap(found.Grown(kNearMargin), known.track.box.Grown(kNearMargin));
    return overlap >= kNearOverlap ? overlap : 0;
  }
  const double overlap = Overlap(found, known.track.box);
  return overlap >= (round == Round::kWeak ? kWeakOverlap : kSureOverlap) ? overlap : 0;
}

void Tracker::Match(Round round, std::span<const Observation> seen,
                    std::vector<std::size_t>& owners) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (std::ranges::find(owners, i) != owners.end()) continue;
    const Track& track = known_[i].track;
    if (round == Round::kNew && track.id != 0) continue;
    if (round == Round::kSure && track.id == 0) continue;
    // What has been lost already is found again by a sure detection only.
    if (round == Round::kWeak && (track.id == 0 || !track.is_seen)) continue;
    rows.push_back(i);
  }
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (owners[i] == kNobody && IsSure(seen[i]) == (round != Round::kWeak)) columns.push_back(i);
  }
  const auto matches =
      Assign(rows.size(), columns.size(), [&](std::size_t row, std::size_t column) {
        return Gain(round, known_[rows[row]], seen[columns[column]]);
      });
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (matches[i]) owners[columns[*matches[i]]] = rows[i];
  }
}

// More than 1 when the box may be that of this track and of another one behind or beside it.
double Tracker::Doubt(const Known& known, const Box& found) const {
  const Box& foretold = known.track.box;
  if (Ratio(found.width, foretold.width) < kOddSize &&
      Ratio(found.height, foretold.height) < kOddSize) {
    return 1;
  }
  const bool has_company = std::ranges::any_of(known_, [&](const Known& other) {
    return &other != &known && other.track.id != 0 &&
           other.track.class_name == known.track.class_name &&
           CommonArea(other.track.box, found) >= kHidden * other.track.box.area();
  });
  return has_company ? kMergedDoubt : 1;
}

void Tracker::Take(FrameClock at, std::span<const Observation> seen,
                   const std::vector<std::size_t>& owners) {
  std::vector<double> doubts(seen.size(), 1);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (owners[i] != kNobody) doubts[i] = Doubt(known_[owners[i]], Box::Of(seen[i].bbox));
  }
  for (std::size_t i = 0; i < known_.size(); ++i) {
    Known& known = known_[i];
    known.is_hidden = false;
    const auto own = std::ranges::find(owners, i);
    known.track.is_seen = own != owners.end();
    if (!known.track.is_seen) {
      ++known.misses;
      for (std::size_t j = 0; j < seen.size() && !known.is_hidden; ++j) {
        known.is_hidden =
            owners[j] != kNobody &&
            CommonArea(known.track.box, Box::Of(seen[j].bbox)) >= kHidden * known.track.box.area();
      }
      continue;
    }
    const auto index = static_cast<std::size_t>(own - owners.begin());
    const Observation& observation = seen[index];
    known.filter.Correct(Box::Of(observation.bbox), doubts[index]);
    known.track.box = known.filter.box();
    known.track.found = observation.bbox;
    known.track.found_confidence = observation.confidence;
    known.track.confidence = std::max(known.track.confidence, observation.confidence);
    known.track.last_seen = at;
    ++known.hits;
    known.misses = 0;
    Watch(at, known);
  }
  for (Known& known : known_) {
    if (known.track.id == 0 && known.hits >= options_.min_hits) known.track.id = next_id_++;
  }
}

void Tracker::Watch(FrameClock at, Known& known) const {
  Track& track = known.track;
  if (Overlap(known.place, track.box) < kInPlace) {
    known.place = track.box;
    known.in_place_since = at;
  }
  track.is_stationary = at - known.in_place_since >= options_.stationary_after;
  if (Overlap(known.first, track.box) < kAtFirst) track.has_moved = true;
}

void Tracker::Start(FrameClock at, const Observation& observation) {
  if (known_.size() >= kMaxTracks) return;
  const Box box = Box::Of(observation.bbox);
  const bool is_known = std::ranges::any_of(known_, [&](const Known& known) {
    return known.track.id != 0 && known.track.is_seen &&
           known.track.class_name == observation.class_name &&
           Overlap(known.track.box, box) >= kSameThing;
  });
  if (is_known) return;
  Track track{
      .serial = next_serial_++,
      .id = options_.min_hits <= 1 ? next_id_++ : 0,
      .class_name = std::string(observation.class_name),
      .confidence = observation.confidence,
      .box = box,
      .found = observation.bbox,
      .found_confidence = observation.confidence,
      .begun = at,
      .last_seen = at,
      .is_seen = true,
      .was_there = observation.kind == Observation::Kind::kStill || at - *first_ < kSettling};
  known_.push_back({std::move(track), BoxFilter(box), box, at, box});
}

void Tracker::DropLost(FrameClock at) {
  std::erase_if(known_, [&](const Known& known) {
    const Track& track = known.track;
    const FrameClock unseen = at - track.last_seen;
    if (track.id == 0) return unseen > kUnprovenFor && known.misses >= kUnprovenMisses;
    const int patience = track.is_stationary ? kPatience : known.is_hidden ? kHiddenPatience : 1;
    if (unseen <= options_.lost_after * patience) return false;
    if (Seconds(unseen) <= Seconds(usual_step_) * kLeastLooks) return false;
    ended_.push_back(track);
    return true;
  });
}

}  // namespace sampleproc::track
