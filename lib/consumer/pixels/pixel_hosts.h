// Which hosts of pixels may be asked now, and how those are that were asked.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "resilience/retry_policy.h"

namespace sampleproc::consumer {

// A host that fails costs its own frames time, and nobody else anything:
//
//   - hosts that have answered have half of the fetches to themselves; those that have not, or that
//     fail, have the other half between them
//   - one host has at most half of what it may have, and less while others use theirs
//   - a host that fails is paused: first for kShortest, twice as long after each further failure,
//     up to kLongest. One that answered within kTrusted is paused only after kTries failures in a
//     row, because that one frame may be the culprit
//   - after a pause one fetch at a time asks it, until one succeeds; the caller lets a frame ask
//   that
//     has failed there least often, so that frames which always fail do not speak for the host
//   - a fetch that its frame gave up is no failure, but a host that has answered nothing for longer
//     than its Patience while it was asked has failed, whoever gave up first
//   - hosts have levels: 0 after an answer, 1 at first, and higher the longer a fetch from them has
//     gone on without one. Low levels are asked first, and where all the fetches that a host may
//     have are taken, one of a higher level is cut short for it (a multilevel feedback queue). So
//     those that hang keep a new one, or one that has just failed, waiting for a moment only, and
//     one that is slow has twice as long at each level
//
// A decision by given times, without a thread or a lock: used by one thread at a time. Memory is
// bounded by the hosts of frames that are held: the others are forgotten sooner or later.
class PixelHosts {
 public:
  static constexpr std::chrono::milliseconds kShortest{250};
  static constexpr std::chrono::milliseconds kLongest{30'000};
  static constexpr std::chrono::milliseconds kLongestWished = resilience::kLongestRetryAfter;
  static constexpr std::chrono::milliseconds kTrusted{5'000};
  static constexpr std::chrono::milliseconds kForgotten{30'000};
  static constexpr int kTries = 3;
  static constexpr std::chrono::milliseconds kSilent{2'000};
  static constexpr std::chrono::milliseconds kSlice{250};

  // At most `fetches` fetches are under way.
  explicit PixelHosts(std::size_t fetches) : fetches_(fetches) {}

  // Whether a fetch from `host` may begin. If so, and it does, Began must follow.
  bool MayAsk(const std::string& host, base::MonoTime now) const;
  void Began(const std::string& host, base::MonoTime now);

  // The host answered after so long, be it that it has no such pixels. True: it had been failing.
  bool Succeeded(const std::string& host, base::MonoTime now, std::chrono::nanoseconds took);
  // It did not, for so long, or said after how long it is to be asked again (Retry-After): then it
  // is. How long until it is asked again; zero: at once, by other frames.
  std::chrono::milliseconds Failed(const std::string& host, base::MonoTime now,
                                   std::chrono::nanoseconds took = {},
                                   std::optional<std::chrono::seconds> retry_after = {});
  // The fetch ended by somebody else's fault, after the host had said something.
  void Answered(const std::string& host, base::MonoTime now);
  // The fetch ended without an answer, because nobody waited for it any longer. By itself that says
  // nothing of the host; if it has been silent for too long it has Failed, with the same answer.
  std::chrono::milliseconds GaveUp(const std::string& host, base::MonoTime now,
                                   std::chrono::nanoseconds took);

  // How the host's answers and failures count since it was first asked, as far as it is remembered.
  struct Score {
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
  };
  Score ScoreOf(const std::string& host) const;

  bool IsFailing(const std::string& host) const;
  bool Paused(const std::string& host, base::MonoTime now) const;
  bool AnyFailing() const;
  // After how long without an answer it may be away, though the first fetch that fails for it may
  // be a long time off: kSilent, or twice what its answers take on average where that is more.
  std::chrono::nanoseconds Patience(const std::string& host) const;
  // How long its answers take on average; zero: it has not answered yet.
  std::chrono::nanoseconds Usual(const std::string& host) const { return StateOf(host).usual; }
  // Whether it has been asked and has answered nothing for so long.
  bool Silent(const std::string& host, base::MonoTime now) const;

  // How late its turn comes, the lowest being first; with a fetch that has gone on for so long.
  int Level(const std::string& host, std::chrono::nanoseconds asked = {}) const;
  // Whether some host may be Barred: all fetches that it could have are taken.
  bool AnyBarred() const { return under_way_ >= fetches_ || UnderWayOfOthers() >= ShareOfOthers(); }
  // Whether nothing but the fetches of others keeps it from being asked at all.
  bool Barred(const std::string& host, base::MonoTime now) const;
  // Whether a `barred` host could be asked once a fetch from `other` has ended.
  bool TakesFrom(const std::string& barred, const std::string& other) const;

  std::size_t under_way() const { return under_way_; }
  // Whether a host that goes by several names, its own and that with `suffix...`, has fewer fetches
  // than one may have.
  bool HasShareLeft(const std::string& host, std::string_view suffix) const;
  // When to look again, because a pause has ended or a host can be forgotten. Nothing: no need to.
  std::optional<base::MonoTime> NextTry(base::MonoTime now) const;

  // A frame waits for the host, though it may not get its turn for long.
  void Wanted(const std::string& host, base::MonoTime now);
  // Forgets a host that failed and that nobody has asked again or wanted for kForgotten after its
  // pause: there is no frame of it any more. Returns its name; nothing when there is no such host
  // left.
  std::optional<std::string> ForgetUnwanted(base::MonoTime now);

 private:
  struct Host {
    std::size_t under_way = 0;
    int failures = 0;  // in a row
    int pauses = 0;    // since the last success
    base::MonoTime next_try{};
    std::optional<base::MonoTime> last_success;
    base::MonoTime asked_since{};  // without an answer
    // The same without the time in which nothing was under way, and since the last failure: until
    // the fetches began that are under way now, and when that was.
    std::chrono::nanoseconds silent_before{};
    base::MonoTime under_way_since{};
    std::chrono::nanoseconds usual{};  // time of an answer, each counting for an eighth
    base::MonoTime last_wanted{};      // by a frame
    Score score;
    int level = 0;         // by the longest fetch since its last answer
    bool failing = false;  // from its first pause to its next success

    bool Trusted() const { return last_success && !failing; }
    std::chrono::nanoseconds Patience() const {
      return std::max<std::chrono::nanoseconds>(kSilent, 2 * usual);
    }
    std::chrono::nanoseconds SilentFor(base::MonoTime now) const {
      return silent_before + (under_way > 0 ? now - under_way_since : std::chrono::nanoseconds(0));
    }
    void Spoke(base::MonoTime now);
  };

  static base::MonoTime ForgottenAt(const Host& host);
  Host StateOf(const std::string& host) const;
  // Of the hosts that have not answered, or that fail: their fetches, and how many those may be.
  std::size_t UnderWayOfOthers() const;
  std::size_t ShareOfOthers() const { return std::max<std::size_t>(1, fetches_ / 2); }
  static int LevelOf(const Host& host, std::chrono::nanoseconds asked);
  static std::chrono::milliseconds Failed(Host& host, base::MonoTime now,
                                          std::optional<std::chrono::seconds> retry_after = {});
  void Ended(Host& host);
  void ForgetSome();

  const std::size_t fetches_;
  std::size_t under_way_ = 0;
  std::map<std::string, Host> hosts_;
};

}  // namespace sampleproc::consumer
