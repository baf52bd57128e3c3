#include "telemetry/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <iterator>
#include <map>
#include <sstream>
#include <variant>

#include "base/mutex.h"
#include "telemetry/open_metrics.h"

namespace sampleproc::telemetry {
namespace {

using Key = std::vector<std::string>;  // the values of a row's labels

// Series are looked up without building their key.
struct KeyLess {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(),
        [](std::string_view left, std::string_view right) { return left < right; });
  }
};

prometheus::MetricFamily FamilyOf(const MetricRow& row) {
  constexpr prometheus::MetricType kTypes[] = {prometheus::MetricType::Counter,  // as MetricKind
                                               prometheus::MetricType::Gauge,
                                               prometheus::MetricType::Histogram};
  return {
      std::string(row.name), std::string(row.help), kTypes[static_cast<std::size_t>(row.kind)], {}};
}

template <typename Values>
void AddLabels(const MetricRow& row, const Values& values, prometheus::ClientMetric& metric) {
  auto name = row.labels.begin();
  for (const std::string& value : values) metric.label.push_back({std::string(*name++), value});
}

// With an example of what each bucket counts.
class TimedHistogram {
 public:
  TimedHistogram(const std::vector<double>& bounds, const base::Clock& clock)
      : bounds_(bounds), clock_(clock), histogram_(bounds) {}

  void Observe(double seconds, const std::optional<base::TraceContext>& trace) EXCLUDES(mutex_) {
    histogram_.Observe(seconds);
    if (!trace || (trace->flags & base::TraceContext::kSampled) == 0) return;
    const auto bucket = std::ranges::lower_bound(bounds_, seconds) - bounds_.begin();
    const base::MutexLock lock(mutex_);
    exemplars_.resize(bounds_.size() + 1);
    exemplars_[static_cast<std::size_t>(bucket)] = {
        .trace_id = trace->trace_id, .value = seconds, .when = clock_.Wall()};
  }
  prometheus::ClientMetric Collect() const { return histogram_.Collect(); }
  Exemplars CopyExemplars() const EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    return exemplars_;
  }

 private:
  const std::vector<double>& bounds_;  // of the row
  const base::Clock& clock_;
  prometheus::Histogram histogram_;
  mutable base::Mutex mutex_;
  Exemplars exemplars_ GUARDED_BY(mutex_);  // empty before the first
};

}  // namespace

struct Series {
  std::variant<prometheus::Counter, prometheus::Gauge, TimedHistogram> number;
};

class SeriesSet {
 public:
  SeriesSet(const MetricRow& row, std::vector<double> bounds, const base::Clock& clock)
      : row_(row), bounds_(std::move(bounds)), clock_(clock) {}

  Series& Of(std::span<const std::string_view> values) EXCLUDES(mutex_) {
    const base::MutexLock lock(mutex_);
    if (const auto found = series_.find(values); found != series_.end()) return *found->second;
    Key key(values.begin(), values.end());
    return *series_.emplace(std::move(key), Make()).first->second;
  }

  ToldFamily Collect() const EXCLUDES(mutex_) {
    ToldFamily told{FamilyOf(row_), {}};
    const base::MutexLock lock(mutex_);
    for (const auto& [values, series] : series_) {
      told.family.metric.push_back(
          std::visit([](const auto& number) { return number.Collect(); }, series->number));
      AddLabels(row_, values, told.family.metric.back());
      if (const auto* histogram = std::get_if<TimedHistogram>(&series->number)) {
        told.exemplars.push_back(histogram->CopyExemplars());
      }
    }
    return told;
  }

 private:
  std::unique_ptr<Series> Make() const {
    if (row_.kind == kHistogram) {
      return std::unique_ptr<Series>(new Series{
          decltype(Series::number)(std::in_place_type<TimedHistogram>, bounds_, clock_)});
    }
    auto made = std::make_unique<Series>();
    if (row_.kind == kGauge) made->number.emplace<prometheus::Gauge>();
    return made;
  }

  const MetricRow row_;
  const std::vector<double> bounds_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<Key, std::unique_ptr<Series>, KeyLess> series_ GUARDED_BY(mutex_);
};

Series& SeriesOf(SeriesSet& all, std::span<const std::string_view> values) {
  return all.Of(values);
}

void Counter::Add(double count) const noexcept {
  std::get<prometheus::Counter>(series_->number).Increment(count);
}

void Gauge::Set(double value) const noexcept {
  std::get<prometheus::Gauge>(series_->number).Set(value);
}

void Histogram::Observe(std::chrono::nanoseconds took,
                        const std::optional<base::TraceContext>& trace) const noexcept {
  try {
    std::get<TimedHistogram>(series_->number)
        .Observe(std::chrono::duration<double>(took).count(), trace);
  } catch (const std::exception&) {  // no memory for the example
  }
}

class Registry::Impl {
 public:
  explicit Impl(const base::Clock& given) : clock(given) {}

  // Rows whose numbers are counted with handles, or read.
  struct Part {
    std::vector<MetricRow> rows;
    std::unique_ptr<SeriesSet> series;                  // of the only row
    std::function<void(std::span<Samples>)> take = {};  // without `series`
  };

  std::vector<ToldFamily> Collect() const {
    std::vector<ToldFamily> all;
    const auto add = [&](ToldFamily told) {
      if (!told.family.metric.empty()) all.push_back(std::move(told));
    };
    for (const Part& part : parts) {
      if (part.series) {
        add(part.series->Collect());
        continue;
      }
      std::vector<Samples> samples(part.rows.size());
      part.take(samples);
      for (std::size_t i = 0; i < samples.size(); ++i) add(Told(part.rows[i], samples[i]));
    }
    return all;
  }

  const base::Clock& clock;
  std::vector<Part> parts;

 private:
  static ToldFamily Told(const MetricRow& row, const Samples& samples) {
    ToldFamily told{FamilyOf(row), {}};
    for (const Samples::Sample& sample : samples.all()) {
      prometheus::ClientMetric metric;
      AddLabels(row, sample.labels, metric);
      (row.kind == kCounter ? metric.counter.value : metric.gauge.value) = sample.value;
      told.family.metric.push_back(std::move(metric));
    }
    return told;
  }
};

Registry::Registry(const base::Clock& clock) : impl_(std::make_unique<Impl>(clock)) {}
Registry::~Registry() = default;

std::string Registry::Text() const {
  std::vector<prometheus::MetricFamily> families;
  for (ToldFamily& told : impl_->Collect()) families.push_back(std::move(told.family));
  // A stream hides what it had no memory for, and half a text is worse than none.
  std::ostringstream text;
  text.exceptions(std::ios::badbit | std::ios::failbit);
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

std::string Registry::OpenMetrics() const { return OpenMetricsText(impl_->Collect()); }

std::vector<MetricRow> Registry::rows() const {
  std::vector<MetricRow> all;
  for (const Impl::Part& part : impl_->parts) std::ranges::copy(part.rows, std::back_inserter(all));
  return all;
}

SeriesSet& Section::Add(const MetricRow& row, std::vector<double> bounds) {
  Registry::Impl& all = *registry_->impl_;
  all.parts.push_back({{row}, std::make_unique<SeriesSet>(row, std::move(bounds), all.clock)});
  return *all.parts.back().series;
}

void Section::Add(std::vector<MetricRow> rows, std::function<void(std::span<Samples>)> take) {
  registry_->impl_->parts.push_back({std::move(rows), nullptr, std::move(take)});
}

}  // namespace sampleproc::telemetry
