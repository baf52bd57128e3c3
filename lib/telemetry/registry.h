// What the service counts, and the texts in which it tells that.
//
// Each folder has its own numbers in its metrics.h. A number is one row there (kind, name, help,
// labels) and the call that counts it; packaging/METRICS.md is made from the rows. What a folder
// keeps for itself anyway is read when somebody looks (Reading), the rest has a handle.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/trace_context.h"

namespace sampleproc::telemetry {

// The parts of packaging/METRICS.md, in its order; their titles stand in metrics_page.cc.
enum class Chapter { kFrames, kWorkers, kCameras, kConsumer, kResults, kService, kProcess };

enum class MetricKind { kCounter, kGauge, kHistogram };
using enum MetricKind;

// In the order in which they are told; as many as there are before the first "". Their values are
// bounded: no path, frame or client is one.
using LabelNames = std::array<std::string_view, 4>;

// The texts are literals.
struct MetricRow {
  Chapter chapter;
  MetricKind kind;
  std::string_view name;
  std::string_view help;
  LabelNames labels = {};
};

// One row's number for one set of label values; and all of a row's. Internal to telemetry/.
struct Series;
class SeriesSet;
Series& SeriesOf(SeriesSet& all, std::span<const std::string_view> values);

// Handles are pointers: to be copied, resolved once where that is possible, and valid as long as
// the registry. Thread-safe.
class Counter {
 public:
  explicit Counter(Series& series) : series_(&series) {}
  void Add(double count = 1) const noexcept;

 private:
  Series* series_;
};

class Gauge {
 public:
  explicit Gauge(Series& series) : series_(&series) {}
  void Set(double value) const noexcept;

 private:
  Series* series_;
};

// Of times, in seconds.
class Histogram {
 public:
  explicit Histogram(Series& series) : series_(&series) {}
  // The trace that it belongs to is told as an example of those that took so long, if it is
  // sampled.
  void Observe(std::chrono::nanoseconds took,
               const std::optional<base::TraceContext>& trace = std::nullopt) const noexcept;

 private:
  Series* series_;
};

// A row with labels. Thread-safe.
template <typename Handle, std::size_t kLabels>
class Family {
 public:
  explicit Family(SeriesSet& all) : all_(&all) {}

  // The series with these values, in the order of the row's labels. It is told from the first time
  // on that somebody asks for it. Costs a lock and a search; allocates only for a new series.
  template <std::convertible_to<std::string_view>... Values>
    requires(sizeof...(Values) == kLabels)
  Handle Of(const Values&... values) const {
    const std::array<std::string_view, kLabels> key{std::string_view(values)...};
    return Handle(SeriesOf(*all_, key));
  }

 private:
  SeriesSet* all_;
};

template <std::size_t kLabels>
using Counters = Family<Counter, kLabels>;
template <std::size_t kLabels>
using Histograms = Family<Histogram, kLabels>;

// The numbers of one reading's row, when somebody looks.
class Samples {
 public:
  struct Sample {
    double value = 0;
    std::vector<std::string> labels;
  };

  // The values of the row's labels, in its order.
  template <typename Number>
  void Add(Number value, std::initializer_list<std::string_view> labels = {}) {
    all_.push_back({static_cast<double>(value), {labels.begin(), labels.end()}});
  }
  const std::vector<Sample>& all() const { return all_; }

 private:
  std::vector<Sample> all_;
};

// A row whose numbers are made from `Facts` that somebody keeps. A counter or a gauge.
template <typename Facts>
struct Reading {
  MetricKind kind;
  std::string_view name;
  std::string_view help;
  LabelNames labels;
  void (*tell)(const Facts& facts, Samples& samples);
};

// Tells one member, without labels.
template <auto kMember, typename Facts>
void Tell(const Facts& facts, Samples& samples) {
  samples.Add(facts.*kMember);
}

// Reads the counts() of what `find` finds: nothing for nullptr, and never without a `find`.
template <typename Owner>
auto CountsOf(std::function<const Owner*()> find) {
  using Counts = decltype(std::declval<const Owner&>().counts());
  std::function<std::optional<Counts>()> read;
  if (find) {
    read = [find = std::move(find)]() -> std::optional<Counts> {
      const Owner* const owner = find();
      if (owner == nullptr) return std::nullopt;
      return owner->counts();
    };
  }
  return read;
}

// What is counted is added first, then the registry is used by any thread. Rows that have no series
// are not told, so parts of the service that are not there have none.
class Registry {
 public:
  // `clock`, which must outlive it, says when an exemplar was.
  explicit Registry(const base::Clock& clock);
  ~Registry();

  // The Prometheus text format 0.0.4.
  std::string Text() const;
  // The OpenMetrics text format 1.0, with exemplars of histograms.
  std::string OpenMetrics() const;

  // Of all that were added, in that order.
  std::vector<MetricRow> rows() const;

 private:
  friend class Section;
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

// Adds rows to a registry, for one chapter of the page. Names are unique.
class Section {
 public:
  Section(Registry& registry, Chapter chapter) : registry_(&registry), chapter_(chapter) {}

  template <std::size_t kLabels>
  Counters<kLabels> AddCounters(std::string_view name, std::string_view help,
                                const std::string_view (&labels)[kLabels]) {
    return Counters<kLabels>(Add({chapter_, kCounter, name, help, Names(labels)}));
  }
  // One without labels that is told from its first event on, not before.
  Counters<0> AddCounters(std::string_view name, std::string_view help) {
    return Counters<0>(Add({chapter_, kCounter, name, help}));
  }
  Gauge AddGauge(std::string_view name, std::string_view help) {
    return Family<Gauge, 0>(Add({chapter_, kGauge, name, help})).Of();
  }
  template <std::size_t kLabels>
  Histograms<kLabels> AddHistograms(std::string_view name, std::string_view help,
                                    const std::string_view (&labels)[kLabels],
                                    std::vector<double> bounds) {
    return Histograms<kLabels>(
        Add({chapter_, kHistogram, name, help, Names(labels)}, std::move(bounds)));
  }

  // At each look `read` is called once, in the thread of who looks: it returns the facts, as an
  // std::optional or a pointer (nothing: the rows are not told), or a range of them, each of which
  // is told. Without a `read` there are only the rows. `rows` are literals.
  template <typename Facts, std::size_t kRows, typename Read>
  void AddReadings(const Reading<Facts> (&rows)[kRows], std::function<Read()> read) {
    std::vector<MetricRow> added;
    for (const Reading<Facts>& row : rows) {
      added.push_back({chapter_, row.kind, row.name, row.help, row.labels});
    }
    const auto take = [&rows, read = std::move(read)](std::span<Samples> samples) {
      if (!read) return;
      const auto tell = [&](const Facts& facts) {
        for (std::size_t i = 0; i < kRows; ++i) rows[i].tell(facts, samples[i]);
      };
      const Read found = read();
      if constexpr (std::ranges::range<Read>) {
        for (const Facts& facts : found) tell(facts);
      } else {
        if (found) tell(*found);
      }
    };
    Add(std::move(added), take);
  }

 private:
  template <std::size_t kLabels>
  static LabelNames Names(const std::string_view (&labels)[kLabels]) {
    static_assert(kLabels <= std::tuple_size_v<LabelNames>);
    LabelNames names;
    std::ranges::copy(labels, names.begin());
    return names;
  }
  SeriesSet& Add(const MetricRow& row, std::vector<double> bounds = {});
  void Add(std::vector<MetricRow> rows, std::function<void(std::span<Samples>)> take);

  Registry* registry_;
  Chapter chapter_;
};

}  // namespace sampleproc::telemetry
