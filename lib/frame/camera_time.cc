#include "frame/camera_time.h"

#include <algorithm>
#include <utility>

namespace sampleproc::frame {

CameraTime::Time CameraTime::Take(std::optional<Time> said, std::optional<Time> came) {
  const Time expected = Expected(came);
  const bool is_ahead = said && came && *said > *came + kMostAhead;
  if (!said || is_ahead) return *(last_ = expected);
  const bool is_odd = last_ && IsOdd(*said, expected, came.has_value());
  if (is_odd) {
    if (!std::exchange(doubted_, true)) return *(last_ = expected);
    order_ = TimeOrder();
  }
  const TimeOrder::Place place = order_.Take(*said);
  // Counts as the frame before it, to those who ask TimeOrder as well.
  if (place == TimeOrder::Place::kLate) return *said;
  doubted_ = false;
  return Believe(*said, came, !is_odd && place == TimeOrder::Place::kNext);
}

CameraTime::Time CameraTime::Expected(std::optional<Time> came) const {
  if (came) return said_ ? *said_ + (*came - said_came_) : *came;
  if (!last_) return Time(0);
  return *last_ + (step_ > Time(0) ? std::min<Time>(step_, kAssumedStep) : kAssumedStep);
}

bool CameraTime::IsOdd(Time said, Time expected, bool is_live) const {
  if (said < *last_ - kLongAgo) return true;
  const Time latest = std::max(expected, *last_ + step_ * kUsualSteps);
  return said > latest + (is_live ? Time(kLiveLeap) : Time(kLeap));
}

// A frame that said nothing may have been taken for later than it was: until what is said is at
// that time, time does not go back.
CameraTime::Time CameraTime::Believe(Time said, std::optional<Time> came, bool may_wait) {
  if (said_ && said > *said_) step_ = said - *said_;
  said_ = said;
  said_came_ = came.value_or(Time(0));
  if (may_wait && last_) said = std::max(said, *last_);
  last_ = said;
  return said;
}

}  // namespace sampleproc::frame
