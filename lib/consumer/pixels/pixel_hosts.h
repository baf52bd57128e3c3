// Which hosts of pixels may be asked now, and how those are that were asked.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

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
//
// A decision by given times, without a thread or a lock: used by one thread at a time. Memory is
// bounded by the hosts of frames that are held: the others are forgotten sooner or later.
class PixelHosts {
 public:
  static constexpr std::chrono::milliseconds kShortest{250};
  static constexpr std::chrono::milliseconds kLongest{30'000};
  static constexpr std::chrono::milliseconds kTrusted{5'000};
  static constexpr std::chrono::milliseconds kForgotten{30'000};
  static constexpr int kTries = 3;
  static constexpr std::chrono::milliseconds kSilent{2'000};

  // At most `fetches` fetches are under way.
  explicit PixelHosts(std::size_t fetches) : fetches_(fetches) {}

  // Whether a fetch from `host` may begin. If so, and it does, Began must follow.
  bool MayAsk(const std::string& host, base::MonoTime now) const;
  void Began(const std::string& host, base::MonoTime now);

  // The host answered after so long, be it that it has no such pixels. True: it had been failing.
  bool Succeeded(const std::string& host, base::MonoTime now, std::chrono::nanoseconds took);
  // It did not. How long until it is asked again; zero: at once, by other frames.
  std::chrono::milliseconds Failed(const std::string& host, base::MonoTime now);
  // The fetch ended by somebody else's fault, and says nothing of the host.
  void GaveUp(const std::string& host);

  // How the host's answers and failures count since it was first asked, as far as it is remembered.
  struct Score {
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
  };
  Score ScoreOf(const std::string& host) const;
  // Whether a frame is at fault that failed so often, every time, since the host's score was
  // `before`: were it as good as the others, that would happen to one in a million by luck.
  bool IsFramesFault(const std::string& host, const Score& before, int failures) const;

  bool IsFailing(const std::string& host) const;
  bool Paused(const std::string& host, base::MonoTime now) const;
  bool AnyFailing() const;
  // After how long without an answer it may be away, though the first fetch that fails for it may
  // be a long time off: kSilent, or twice what its answers take on average where that is more.
  std::chrono::nanoseconds Patience(const std::string& host) const;
  // Whether it has been asked and has answered nothing for so long.
  bool Silent(const std::string& host, base::MonoTime now) const;

  std::size_t under_way() const { return under_way_; }
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
    base::MonoTime asked_since{};      // without an answer
    std::chrono::nanoseconds usual{};  // time of an answer, each counting for an eighth
    base::MonoTime last_wanted{};      // by a frame
    Score score;
    bool failing = false;  // from its first pause to its next success

    bool Trusted() const { return last_success && !failing; }
  };

  static base::MonoTime ForgottenAt(const Host& host);
  void Ended(Host& host);
  void ForgetSome();

  const std::size_t fetches_;
  std::size_t under_way_ = 0;
  std::map<std::string, Host> hosts_;
};

}  // namespace sampleproc::consumer
