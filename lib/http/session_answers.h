// What a session answers by itself. Internal to http/.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"
#include "http/message.h"

namespace sampleproc::http {

// Made outside the coroutines: g++ 12 destroys the parts of an aggregate in a co_await expression
// twice. They name the request's frame, if a worker has read it by now.
Response TooLate(std::chrono::milliseconds limit, const Request& request);
Response CutOff(const Request& request);
// 503, without a body if there is no memory for one.
Response OutOfMemory(const Request& request) noexcept;

// Never sent: what the log and the metrics say of a request whose client has gone before its
// answer, with 499, as nginx calls that.
Response ClientGone(const Request& request);

// Why a head is not served.
base::Error SlowHead();
base::Error PlainHttp();  // where TLS is spoken
base::Error StoppedInHead();
base::Error HeadEnds();
base::Error TooManyConnections();

// Ends the span of a request that has had no answer, because its connection has ended.
void EndUnanswered(const Request& request) noexcept;

// An answer on its way from a worker to its session's thread, which is sent there to fetch it, or
// finds it at its next tick when there is no memory for sending. Thread-safe; takes no memory.
class AnswerSlot {
 public:
  struct Answer {
    std::uint64_t generation;  // of the session's requests
    Response response;
  };

  // Of two answers the later request's stays: nobody waits for the other any more.
  void Put(Answer answer) noexcept {
    const base::MutexLock lock(mutex_);
    if (!answer_ || answer_->generation <= answer.generation) answer_ = std::move(answer);
  }
  std::optional<Answer> Take() noexcept {
    const base::MutexLock lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

 private:
  base::Mutex mutex_;
  std::optional<Answer> answer_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::http
