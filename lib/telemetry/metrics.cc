#include "telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iterator>
#include <sstream>
#include <tuple>

#include "base/mutex.h"
#include "telemetry/camera_counts.h"
#include "telemetry/frame_history.h"
#include "telemetry/metric_families.h"
#include "telemetry/open_metrics.h"

namespace sampleproc::telemetry {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::MetricFamily;

// Of http.server.request.duration in OpenTelemetry's semantic conventions.
const prometheus::Histogram::BucketBoundaries kRequestBuckets = {
    .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
const prometheus::Histogram::BucketBoundaries kStageBuckets = {
    .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

constexpr const char* kRequests = "http_server_request_duration_seconds";
constexpr std::string_view kOtherMethod = "_OTHER";

double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// What a request was counted by, of the metric that it was counted in.
std::tuple<std::string_view, std::string_view, int, bool> KeyOf(
    const prometheus::ClientMetric& metric) {
  std::map<std::string_view, std::string_view> labels;
  for (const auto& label : metric.label) labels[label.name] = label.value;
  const std::string_view status = labels["status"];
  int number = 0;
  std::from_chars(status.data(), status.data() + status.size(), number);
  const std::string_view method = labels["method"];
  return {method == kOtherMethod ? std::string_view() : method, labels["route"], number,
          labels["scheme"] == "https"};
}

}  // namespace

class Metrics::Impl {
 public:
  Impl(const base::Clock& given_clock, std::string version, IsConfigured is_configured)
      : clock(given_clock), cameras(registry, given_clock, std::move(is_configured)) {
    BuildGauge()
        .Name("sampleproc_build_info")
        .Help("1, with the version as a label.")
        .Register(registry)
        .Add({{"version", std::move(version)}})
        .Set(1);
    reload_successful.Set(1);
    reload_time.Set(WallSeconds());
  }

  double WallSeconds() const {
    return std::chrono::duration<double>(clock.Wall().time_since_epoch()).count();
  }

  const base::Clock& clock;
  prometheus::Registry registry;
  prometheus::Family<prometheus::Histogram>& requests =
      BuildHistogram()
          .Name(kRequests)
          .Help("From the end of a request's head to its answer.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& frames =
      BuildCounter()
          .Name("sampleproc_frames_total")
          .Help("Frames by the way they came, and what became of them.")
          .Register(registry);
  prometheus::Counter& came_too_soon =
      BuildCounter()
          .Name("sampleproc_frames_passed_over_total")
          .Help(
              "Completed frames that no step has looked at: they came too soon for their "
              "camera's fps.")
          .Register(registry)
          .Add({{"reason", std::string(frame::kTooSoon)}});
  CameraCounts cameras;
  prometheus::Family<prometheus::Histogram>& stages =
      BuildHistogram()
          .Name("sampleproc_stage_duration_seconds")
          .Help(
              "Time of frames by stage, that of failed ones included: fetch, queue, turn, lane, "
              "memory, decode, each step, total in work, encode, settle.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& consumer_offered =
      BuildCounter()
          .Name("sampleproc_consumer_frames_offered_total")
          .Help("Frames that were pulled from the upstream.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& consumer_frames =
      BuildCounter()
          .Name("sampleproc_consumer_frames_total")
          .Help("Pulled frames by what became of them, and why.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& consumer_failures =
      BuildCounter()
          .Name("sampleproc_consumer_pull_failures_total")
          .Help("Pulls of frames that failed, by the type of the error.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& settlements_refused =
      BuildCounter()
          .Name("sampleproc_consumer_settlements_refused_total")
          .Help(
              "Results, dead letters, acknowledgements and touches of frames in work that Redis "
              "refused, by its word for it. Each is tried again.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& events =
      BuildCounter()
          .Name("sampleproc_events_total")
          .Help("Messages of events that the step \"track\" made: new, update, end.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& reloads =
      BuildCounter()
          .Name("sampleproc_config_reloads_total")
          .Help("Readings of the configuration after the start (SIGHUP), by what became of them.")
          .Register(registry);
  prometheus::Gauge& reload_successful =
      BuildGauge()
          .Name("sampleproc_config_last_reload_successful")
          .Help("Whether the last reading of the configuration succeeded.")
          .Register(registry)
          .Add({});
  prometheus::Gauge& reload_time =
      BuildGauge()
          .Name("sampleproc_config_last_reload_success_timestamp_seconds")
          .Help("When the configuration in force was read, in seconds since 1970.")
          .Register(registry)
          .Add({});

  // Children once made are found again without building their labels.
  using RequestKey = std::tuple<std::string, std::string, int, bool>;
  struct RequestChild {
    prometheus::Histogram* histogram;
    Exemplars exemplars = {};  // of each bucket the last one; empty before the first
  };
  mutable base::Mutex mutex;
  std::map<RequestKey, RequestChild, std::less<>> request_children GUARDED_BY(mutex);
  std::map<std::string, prometheus::Histogram*, std::less<>> stage_children GUARDED_BY(mutex);
  std::map<std::string, prometheus::Counter*, std::less<>> completed
      GUARDED_BY(mutex);  // by source
  std::map<std::pair<std::string, std::string>, std::uint64_t> lost GUARDED_BY(mutex);
  FrameHistory history GUARDED_BY(mutex);

  prometheus::Counter& CompletedOf(std::string_view source) REQUIRES(mutex) {
    auto found = completed.find(source);
    if (found == completed.end()) {
      const std::string name(source);
      auto& made = frames.Add({{"source", name}, {"outcome", "completed"}});
      found = completed.emplace(name, &made).first;
    }
    return *found->second;
  }

  void ObserveStage(std::string_view stage, std::chrono::nanoseconds took) REQUIRES(mutex) {
    auto found = stage_children.find(stage);
    if (found == stage_children.end()) {
      const std::string name(stage);
      found = stage_children.emplace(name, &stages.Add({{"stage", name}}, kStageBuckets)).first;
    }
    found->second->Observe(Seconds(took));
  }

  void Exemplify(RequestChild& child, double seconds, const base::TraceContext& trace) const
      REQUIRES(mutex) {
    child.exemplars.resize(kRequestBuckets.size() + 1);
    const auto bound = std::ranges::lower_bound(kRequestBuckets, seconds);
    child.exemplars[static_cast<std::size_t>(bound - kRequestBuckets.begin())] = {
        .trace_id = trace.trace_id, .value = seconds, .when = clock.Wall()};
  }

  // Of each child its buckets'; copied, so that writing them out holds up nobody.
  using ExemplarsByRequest = std::map<RequestKey, Exemplars, std::less<>>;
  ExemplarsByRequest CopyExemplars() const {
    ExemplarsByRequest copies;
    const base::MutexLock lock(mutex);
    for (const auto& [key, child] : request_children) {
      if (!child.exemplars.empty()) copies.emplace(key, child.exemplars);
    }
    return copies;
  }

  std::vector<MetricFamily> Collect(const Gauges& gauges) {
    cameras.ForgetIdle();
    std::vector<MetricFamily> families = registry.Collect();
    AddReadings(gauges, families);
    return families;
  }
};

Metrics::Metrics(const base::Clock& clock, std::string version, IsConfigured is_configured)
    : impl_(std::make_unique<Impl>(clock, std::move(version), std::move(is_configured))) {}

Metrics::~Metrics() = default;

void Metrics::RequestAnswered(std::string_view method, std::string_view route, int status, bool tls,
                              std::chrono::nanoseconds took,
                              const std::optional<base::TraceContext>& trace) {
  const base::MutexLock lock(impl_->mutex);
  auto& children = impl_->request_children;
  auto child = children.find(std::tuple(method, route, status, tls));
  if (child == children.end()) {
    auto& made =
        impl_->requests.Add({{"method", std::string(method.empty() ? kOtherMethod : method)},
                             {"route", std::string(route)},
                             {"scheme", tls ? "https" : "http"},
                             {"status", std::to_string(status)}},
                            kRequestBuckets);
    const Impl::RequestKey key(method, route, status, tls);
    child = children.emplace(key, Impl::RequestChild{&made}).first;
  }
  child->second.histogram->Observe(Seconds(took));
  if (trace && (trace->flags & base::TraceContext::kSampled) != 0) {
    impl_->Exemplify(child->second, Seconds(took), *trace);
  }
}

void Metrics::FrameWorkedOn(const frame::FrameTimes& times,
                            std::span<const frame::StepReport> steps) noexcept {
  using std::chrono::nanoseconds;
  const std::pair<std::string_view, nanoseconds> parts[] = {{"turn", times.turn},
                                                            {"lane", times.lane},
                                                            {"memory", times.memory},
                                                            {"decode", times.decode}};
  try {
    const base::MutexLock lock(impl_->mutex);
    for (const auto& [stage, took] : parts) {
      if (took > nanoseconds(0)) impl_->ObserveStage(stage, took);
    }
    for (const frame::StepReport& step : steps) {
      if (step.skipped.empty()) impl_->ObserveStage(step.name, step.took);
    }
    impl_->ObserveStage("total", times.total);
  } catch (const std::exception&) {  // no memory
  }
}

void Metrics::StageEnded(std::string_view stage, std::chrono::nanoseconds took) noexcept {
  try {
    const base::MutexLock lock(impl_->mutex);
    impl_->ObserveStage(stage, took);
  } catch (const std::exception&) {  // no memory
  }
}

void Metrics::FrameCompleted(std::string_view source, const frame::FrameResult& result) {
  {
    const base::MutexLock lock(impl_->mutex);
    impl_->CompletedOf(source).Increment();
    impl_->history.Completed(result.times.total);
  }
  if (frame::CameTooSoon(result)) impl_->came_too_soon.Increment();
  if (result.camera_id && !result.camera_id->empty()) impl_->cameras.Completed(*result.camera_id);
}

void Metrics::FrameFailed(std::string_view source, const std::string& camera,
                          const base::Error& error) {
  const std::string_view type = base::ErrorCodeName(error.code);
  {
    const base::MutexLock lock(impl_->mutex);
    impl_->CompletedOf(source);  // so that shares of what failed have both their parts
    impl_->frames.Add({{"source", std::string(source)}, {"outcome", std::string(type)}})
        .Increment();
    impl_->history.Failed(error.code, impl_->clock.Now());
  }
  if (!camera.empty()) impl_->cameras.Failed(camera, type);
}

void Metrics::CamerasReconfigured() { impl_->cameras.Reconfigured(); }

void Metrics::ConsumerFramesOffered(std::size_t frames) {
  impl_->consumer_offered.Add({}).Increment(static_cast<double>(frames));
}

void Metrics::ConsumerFrameSettled(std::string_view outcome, std::string_view reason) {
  impl_->consumer_frames.Add({{"outcome", std::string(outcome)}, {"reason", std::string(reason)}})
      .Increment();
  if (outcome != "dropped" && outcome != "dead") return;
  const base::MutexLock lock(impl_->mutex);
  ++impl_->lost[{std::string(outcome), std::string(reason)}];
}

std::map<std::pair<std::string, std::string>, std::uint64_t> Metrics::lost() const {
  const base::MutexLock lock(impl_->mutex);
  return impl_->lost;
}

void Metrics::ConsumerPullFailed(const base::Error& error) {
  impl_->consumer_failures.Add({{"type", std::string(base::ErrorCodeName(error.code))}})
      .Increment();
}

void Metrics::SettlementRefused(std::string_view reason) {
  impl_->settlements_refused.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::EventTold(std::string_view type) {
  impl_->events.Add({{"type", std::string(type)}}).Increment();
}

void Metrics::ConfigReloaded(bool successful) {
  impl_->reloads.Add({{"outcome", successful ? "applied" : "refused"}}).Increment();
  impl_->reload_successful.Set(successful ? 1 : 0);
  if (successful) impl_->reload_time.Set(impl_->WallSeconds());
}

FrameTotals Metrics::totals() const {
  const base::MutexLock lock(impl_->mutex);
  return impl_->history.Totals(impl_->clock.Now());
}

std::string Metrics::Text(const Gauges& gauges) const {
  const std::vector<MetricFamily> families = impl_->Collect(gauges);
  // A stream hides what it had no memory for, and half a text is worse than none.
  std::ostringstream text;
  text.exceptions(std::ios::badbit | std::ios::failbit);
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

std::string Metrics::OpenMetrics(const Gauges& gauges) const {
  const Impl::ExemplarsByRequest exemplars = impl_->CopyExemplars();
  std::vector<ToldFamily> all;
  for (MetricFamily& family : impl_->Collect(gauges)) {
    ToldFamily told{std::move(family), {}};
    told.exemplars.resize(told.family.metric.size());
    for (std::size_t i = 0; told.family.name == kRequests && i < told.exemplars.size(); ++i) {
      const auto found = exemplars.find(KeyOf(told.family.metric[i]));
      if (found != exemplars.end()) told.exemplars[i] = found->second;
    }
    all.push_back(std::move(told));
  }
  return OpenMetricsText(all);
}

}  // namespace sampleproc::telemetry
