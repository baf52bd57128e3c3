// Sends spans to a collector, on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/id_source.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/span.h"
#include "net/http_client.h"
#include "resilience/retry_policy.h"
#include "telemetry/options.h"
#include "telemetry/otlp.h"

namespace sampleproc::telemetry {

// Of spans, since the start; those that were taken are the sum of all of it.
struct SpanCounts {
  std::uint64_t exported = 0;     // the collector has them
  std::uint64_t no_room = 0;      // came when telemetry.span_queue waited already
  std::uint64_t rejected = 0;     // the collector does not want them
  std::uint64_t undelivered = 0;  // it was away, or answered with errors, for too long
  std::uint64_t waiting = 0;
};

// Whoever ends a span only puts it into a bounded queue. What the collector answers with 429, 502,
// 503 or 504, or cannot be reached for, is tried again after a growing pause, for
// Options::span_timeout; what it answers otherwise than with 2xx is rejected for good, and so is
// what an answer of 2xx says that it did not take. Where it says when to come again (Retry-After),
// nothing is sent before, for kLongestAsked at most. That spans do not arrive is logged when it
// begins, for each further reason, and when they have arrived for kSteady without a failure; that
// there was no room for some when it begins, and every kDroppedAgain while it goes on. Thread-safe.
class OtlpExporter final : public base::SpanSink {
 public:
  static constexpr std::chrono::seconds kLongestAsked{600};
  static constexpr std::chrono::seconds kDroppedAgain{60};
  static constexpr std::chrono::seconds kSteady{10};
  // Of traces that were not sampled and have failed, so many are taken in a second: of those whose
  // first span failed, and of the others, which what strangers send can make (4xx, a client that
  // goes), or where a part failed that was made good (a fetch that was tried again).
  static constexpr int kFailuresPerSecond = 50;
  static constexpr int kCallersPerSecond = 10;
  static constexpr std::size_t kMostReasons = 8;  // that are logged until spans arrive again

  struct Context {
    const base::Clock& clock;
    base::IdSource& ids;
    base::Logger& log;
    std::string service_name;
    std::string service_version;
  };

  // Where TargetOf(options) says, which is somewhere. All of `context` must outlive the exporter.
  OtlpExporter(const Options& options, const Context& context);
  // What has not been sent is lost.
  ~OtlpExporter() override;

  void Take(base::SpanBatch batch) noexcept override;
  // All of them: Take chooses, when it sees what has failed.
  bool TakesFailure() noexcept override { return true; }

  // Sends what waits, until something of it is not taken now: that and the rest are lost, and all
  // of it while the collector wants nothing sent. Returns at `end` at the latest.
  void Flush(const base::Deadline& end);

  SpanCounts counts() const;

 private:
  using Batches = std::vector<base::SpanBatch>;
  enum class Outcome { kSent, kRejected, kAgain };

  void Run() noexcept;
  // What is sent next; empty when there is, or comes to be, something to tell, or when closing.
  Batches Next() EXCLUDES(mutex_);
  void Deliver(const Batches& batches);
  bool AwaitPermission();
  Outcome Post(const std::string& body, PartialSuccess& partial);
  bool Chosen(const base::SpanBatch& batch) noexcept;
  // `rejected` of the spans were not taken all the same.
  void Count(std::uint64_t SpanCounts::* what, std::size_t spans, std::size_t rejected = 0)
      EXCLUDES(mutex_);
  void Drop(std::size_t spans) REQUIRES(mutex_);
  bool HasDropsToTell() const REQUIRES(mutex_);
  bool Pause(std::chrono::milliseconds time) EXCLUDES(mutex_);
  bool hurrying() const EXCLUDES(mutex_);
  bool closing() const EXCLUDES(mutex_);
  void TellDropped() EXCLUDES(mutex_);
  void TellFailing(std::string_view why, Outcome outcome);
  void Arrived();
  void TellSteady();
  void TellPartial(const PartialSuccess& partial);

  const Options options_;
  const Context context_;
  const net::Options net_;
  const TextPairs fields_;
  const TextPairs resource_;
  net::HttpClient client_;
  const std::string collector_;            // for the log
  resilience::RetryPolicy retry_;          // the thread's own, as are the next two
  std::vector<std::string> reasons_ = {};  // told since spans last arrived for long; none: they do
  std::int64_t refusals_ = 0;              // since then
  std::optional<base::MonoTime> arrive_since_;  // while there are reasons
  std::string partly_;                          // why some were not taken, as last told
  base::MonoTime not_before_{};                 // by the collector's word; of the system's clock
  bool gives_up_ = false;                       // something was not taken at a stop
  const base::CancelFlag cancel_;

  std::atomic<std::int64_t> second_{0};  // of the next two
  std::atomic<int> failures_{0};
  std::atomic<int> of_callers_{0};

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<base::SpanBatch> queue_ GUARDED_BY(mutex_);
  std::size_t queued_ GUARDED_BY(mutex_) = 0;  // spans of queue_, and those that are being sent
  std::size_t sending_ GUARDED_BY(mutex_) = 0;
  SpanCounts counts_ GUARDED_BY(mutex_);
  std::size_t dropped_ GUARDED_BY(mutex_) = 0;  // for want of room, and not told yet
  std::size_t largest_ GUARDED_BY(mutex_) = 0;  // the most of them that came together
  std::optional<base::MonoTime> dropped_told_ GUARDED_BY(mutex_);
  bool hurry_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;

  std::jthread thread_;
};

}  // namespace sampleproc::telemetry
