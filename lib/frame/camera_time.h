// When the frames of one camera were taken, also of those that do not say so, or say what cannot
// be.
#pragma once

#include <chrono>
#include <optional>

#include "frame/frame_time.h"

namespace sampleproc::frame {

// Gives each frame of a camera a time, in the order in which they are worked on:
//   - what the frame says, if that goes with the frames before it;
//   - where it says nothing: as long after the last frame that said something as it came after
//     that one. A camera whose frames never say anything goes by the time at which they come;
//   - where it says a time more than kMostAhead ahead of our own clock, as one that says nothing;
//   - where it says a time far behind what is expected (kLongAgo) or far ahead of it (kLiveLeap,
//     kLeap, or kUsualSteps steps of this camera if that is longer), as one that says nothing,
//     unless the frame before it did so too: one frame with such a time is a fault of its sender,
//     two are a clock that was set, another recording, or a pause. So one odd frame changes nothing
//     for the others.
// Without arrivals, as in files, a frame that says nothing is a step behind the one before it:
// kAssumedStep, or this camera's last step where that is shorter. So the same frames have the same
// times in every run.
//
// One thread at a time.
class CameraTime {
 public:
  using Time = TimeOrder::Time;

  static constexpr std::chrono::minutes kMostAhead{1};
  static constexpr std::chrono::minutes kLongAgo{1};
  static constexpr std::chrono::seconds kLiveLeap{10};  // where it is known when frames come
  static constexpr std::chrono::minutes kLeap{1};       // else
  static constexpr int kUsualSteps = 3;
  static constexpr std::chrono::milliseconds kAssumedStep{200};

  // `said` is what the frame says, `came` when it came by our clock, both since 1970, or `said` by
  // any clock of the recording's; null: not known. Times may go back where TimeOrder says that they
  // begin anew, and for what it calls late.
  Time Take(std::optional<Time> said, std::optional<Time> came);

 private:
  Time Expected(std::optional<Time> came) const;
  bool IsOdd(Time said, Time expected, bool is_live) const;
  Time Believe(Time said, std::optional<Time> came, bool may_wait);

  TimeOrder order_;           // of what was said and believed
  std::optional<Time> last_;  // given
  std::optional<Time> said_;  // last, and believed
  Time said_came_{};          // when that frame came
  Time step_{};               // between two frames that were believed; 0: not known
  bool doubted_ = false;      // what was said last
};

}  // namespace sampleproc::frame
