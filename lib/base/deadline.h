// How long a piece of work may still take, and whether anybody still wants it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"

namespace sampleproc::base {

// A point in monotonic time. Cheap to copy. An absent point never expires.
class Deadline {
 public:
  Deadline() = default;  // never
  Deadline(const Clock& clock, std::chrono::nanoseconds from_now)
      : clock_(&clock), at_(clock.Now() + from_now) {}

  bool Expired() const { return clock_ != nullptr && clock_->Now() >= at_; }
  bool Never() const { return clock_ == nullptr; }
  bool OnSystemClock() const { return clock_ == &SystemClock(); }
  MonoTime At() const { return at_; }

  // Whichever comes first.
  static Deadline Earlier(const Deadline& a, const Deadline& b) {
    if (a.Never()) return b;
    if (b.Never()) return a;
    return a.at_ <= b.at_ ? a : b;
  }

 private:
  const Clock* clock_ = nullptr;
  MonoTime at_{};
};

// A bound on the CPU time of the thread that makes it and asks it. CPU time never runs ahead of
// real time, so the thread's clock, a system call, is read only when that much real time has
// passed.
class CpuDeadline {
 public:
  CpuDeadline() = default;  // never
  explicit CpuDeadline(std::chrono::nanoseconds from_now)
      : real_(SystemClock(), from_now), cpu_(ThreadCpuClock(), from_now) {}

  bool Expired() const { return real_.Expired() && cpu_.Expired(); }

 private:
  Deadline real_;
  Deadline cpu_;
};

// Set once by whoever asked for the work (from any thread), read by whoever does it. Copies share
// one flag.
class CancelFlag {
 public:
  CancelFlag() : source_(std::make_shared<std::stop_source>()) {}

  // Calls what watches the flag (CancelWatch), on this thread, before it returns. Hold no lock
  // that a watcher takes.
  void Cancel() const { source_->request_stop(); }
  // Whether there are copies; false only when nobody else can see this flag any more.
  bool Shared() const { return source_.use_count() > 1; }
  bool Cancelled() const { return source_->stop_requested(); }
  std::stop_token Token() const { return source_->get_token(); }

 private:
  std::shared_ptr<std::stop_source> source_;
};

// Has `on_cancel` called once when the flag is cancelled while this object lives; at once, by the
// constructor, when it is already. The destructor waits for a call that is under way.
class CancelWatch {
 public:
  CancelWatch(const CancelFlag& flag, std::function<void()> on_cancel)
      : callback_(flag.Token(), std::move(on_cancel)) {}

 private:
  std::stop_callback<std::function<void()>> callback_;
};

// The context of a call: by when it must have ended, whether anybody still wants it, and under
// which span it is done. Made at the door, handed down, cheap to copy. Deadline and stop are asked
// between the parts of the work, never in its innermost loop; a part that is worth a span of its
// own begins one with `trace`.
struct Allowance {
  Deadline deadline = {};
  CancelFlag cancel = {};
  CpuDeadline cpu = {};  // for work that stays on one thread
  SpanParent trace = {};

  // Nothing, or kCancelled, or kDeadline. `where` completes "ran out of time in ...".
  Result<void> Check(std::string_view where) const;

  // The same, for at most `time` from now by the system's clock.
  Allowance Within(std::chrono::nanoseconds time) const;

  // The same for work that is part of `span`.
  Allowance Under(const Span& span) const;
};

}  // namespace sampleproc::base
