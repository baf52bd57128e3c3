// Sends spans to a collector, on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
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
#include "telemetry/metrics.h"
#include "telemetry/options.h"
#include "telemetry/otlp.h"

namespace sampleproc::telemetry {

// Whoever ends a span only puts it into a bounded queue. What the collector answers with 429, 502,
// 503 or 504, or cannot be reached for, is tried again after a growing pause, or when it says
// (Retry-After), for kPatience; what it answers otherwise than with 2xx is rejected for good, and
// so is what an answer of 2xx says that it did not take. That spans do not arrive is logged when it
// begins, for each further reason, and when it ends. Thread-safe.
class OtlpExporter final : public base::SpanSink {
 public:
  static constexpr std::chrono::seconds kPatience{60};
  // Of traces that were not sampled and have failed, so many are taken in a second: of those that
  // failed here, and of the others, which what strangers send can make (4xx, a client that goes).
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

  // Sends what waits; what fails now is not tried again. Returns at `end` at the latest.
  void Flush(const base::Deadline& end);

  SpanCounts counts() const;

 private:
  using Batches = std::vector<base::SpanBatch>;
  enum class Outcome { kSent, kRejected, kAgain };

  void Run() noexcept;
  Batches Next() EXCLUDES(mutex_);
  void Deliver(const Batches& batches);
  Outcome Post(const std::string& body, std::chrono::milliseconds& pause, PartialSuccess& partial);
  bool Chosen(const base::SpanBatch& batch) noexcept;
  // `rejected` of the spans were not taken all the same.
  void Count(std::uint64_t SpanCounts::* what, std::size_t spans, std::size_t rejected = 0)
      EXCLUDES(mutex_);
  bool Pause(std::chrono::milliseconds time) EXCLUDES(mutex_);
  bool hurrying() const EXCLUDES(mutex_);
  void TellFailing(std::string_view why);
  void TellArrived();
  void TellPartial(const PartialSuccess& partial);

  const Options options_;
  const Context context_;
  const net::Options net_;
  const TextPairs fields_;
  const TextPairs resource_;
  net::HttpClient client_;
  const std::string collector_;            // for the log
  resilience::RetryPolicy retry_;          // the thread's own, as are the next two
  std::vector<std::string> reasons_ = {};  // told since spans last arrived; none: they do
  std::string partly_;                     // why some were not taken, as last told
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
  bool hurry_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;

  std::jthread thread_;
};

}  // namespace sampleproc::telemetry
