// What the service itself says of where its time goes, second by second, from its /metrics.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"

namespace sampleproc::loadtest {

// Sums since the service began, of sampleproc_stage_duration_seconds.
struct StageSums {
  double seconds = 0;
  double frames = 0;
};

// One answer of /metrics: its stages by name (queue, decode, each step, total), and the frames that
// wait for a worker. Empty when the text has none: then it is another service's.
struct ServerSample {
  std::map<std::string, StageSums, std::less<>> stages;
  double queued = 0;
};

// Of Prometheus' text format; lines of other metrics, and broken ones, are passed over. So are
// numbers that no service can mean (not finite, negative, beyond 1e15), names of stages that are
// none (other than letters, digits, _ - . of 64 bytes at most), and all beyond 100 stages.
ServerSample ParseServerSample(std::string_view text);

// What frames took between two samples, in milliseconds a frame, and how many frames they were.
struct ServerSecond {
  double second = 0;  // of the run, when the later sample was taken
  std::map<std::string, double, std::less<>> stage_ms;
  double frames = 0;
  double queued = 0;  // at that time
};

// The stages in the order in which a frame meets them: from fetch, queue and decode by way of the
// steps to encode and settle; total at the end.
std::vector<std::string> StagesOf(const ServerSecond& of);

// What `after` has more than `before`. A service that was started anew in between counts from 0.
ServerSecond Between(const ServerSample& before, const ServerSample& after, double second);

struct ServerReport {
  std::vector<ServerSecond> seconds;
  ServerSecond total;   // of the whole run
  std::string problem;  // why there is nothing, or not all; ""
};

// Takes its first sample while it is constructed, for which it waits five seconds at most, so that
// all that comes later counts; then one each second, on a thread of its own.
class ServerWatch {
 public:
  // Fetches the text within what is allowed; called by that thread and by Finish.
  using Fetch = std::function<base::Result<std::string>(const base::Allowance&)>;

  explicit ServerWatch(Fetch fetch);
  ~ServerWatch();
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;

  // Takes a last sample, for which it waits two seconds at most, and ends the thread.
  ServerReport Finish();

 private:
  void Run();
  void Sample(const base::Allowance& allowance);

  const Fetch fetch_;
  const base::MonoTime start_;
  const base::CancelFlag stop_;
  // Of the thread until it has been joined.
  bool has_first_ = false;
  ServerSample first_;
  ServerSample last_;
  ServerReport report_;
  std::jthread thread_;
};

}  // namespace sampleproc::loadtest
