#include "loadtest/baseline.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "json/reader.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using base::ErrorCode;
using base::Fail;
using Outcome = Comparison::Outcome;

constexpr std::size_t kLeastSeconds = 8;
constexpr double kLeastLength = 10;  // of a run: so many seconds, its first and its last besides
constexpr double kChance = 0.01;
constexpr double kLeastChange = 0.05;
constexpr double kLeastErrors = 0.1;  // percent
constexpr double kFailed = std::numeric_limits<double>::infinity();

// Finds {"seconds": [{"p50_ms": 1.2, "p99_ms": null, "good": 5, "errors": 1}, ...]} and the
// texts beside.
class BaselineReader : public json::JsonHandler {
 public:
  void Key(std::string_view key) override {
    if (depth_ == 1) in_seconds_ = key == "seconds";
    if (depth_ == 1) in_latency_ = key == "latency";
    if (depth_ == 2) in_corrected_ = in_latency_ && key == "corrected";
    key_ = key;
  }
  void StartObject() override {
    ++depth_;
    if (in_seconds_ && depth_ == 3) made_.seconds.emplace_back();
  }
  void EndObject(std::size_t /*members*/) override { --depth_; }
  void StartArray() override { ++depth_; }
  void EndArray(std::size_t /*elements*/) override { --depth_; }
  void String(std::span<char> value) override {
    if (depth_ != 1) return;
    const std::string_view text(value.data(), value.size());
    if (key_ == "target") made_.target = text;
    if (key_ == "load") made_.load = text;
    if (key_ == "loop") made_.loop = text;
    if (key_ == "verdict") made_.verdict = text;
  }
  void Null() override { SetLatency(kFailed); }
  void Number(const json::JsonNumber& number) override {
    double value = 0;
    std::from_chars(number.text.data(), number.text.data() + number.text.size(), value);
    SetLatency(value);
    if (depth_ == 1 && key_ == "elapsed_s") made_.elapsed_s = value;
    if (!in_seconds_ || depth_ != 3) return;
    // 2^53, beyond which a double no longer counts.
    const auto count = static_cast<std::uint64_t>(std::clamp(value, 0.0, 9007199254740992.0));
    if (key_ == "intended") made_.seconds.back().intended = count;
    if (key_ == "good") made_.seconds.back().good = count;
    if (key_ == "errors") made_.seconds.back().errors = count;
  }

  Baseline Take() { return std::move(made_); }

 private:
  void SetLatency(double value) {
    if (depth_ != 3) return;
    if (in_corrected_ && key_ == "p99_ms") made_.p99_ms = value;
    if (in_corrected_ && key_ == "p999_ms") made_.p999_ms = value;
    if (!in_seconds_) return;
    if (key_ == "p50_ms") made_.seconds.back().p50_ms = value;
    if (key_ == "p99_ms") made_.seconds.back().p99_ms = value;
  }

  Baseline made_;
  std::string_view key_;
  int depth_ = 0;
  bool in_seconds_ = false;
  bool in_latency_ = false;
  bool in_corrected_ = false;
};

constexpr const char* kNeeds =
    " are needed: runs of ten seconds or more with answers in each second";

// Of targets such as "http://127.0.0.1:8099/health", "unix:/run/a.sock/health" and, whose path is
// "", "redis://127.0.0.1:6379 frames".
bool IsSamePath(std::string_view was, std::string_view target, std::string_view path) {
  constexpr std::string_view kRedis = "redis://";
  if (was.starts_with(kRedis) || target.starts_with(kRedis)) {
    return was.starts_with(kRedis) && target.starts_with(kRedis);
  }
  const std::size_t authority = was.find("://");
  // Where the path of a socket ends, its name does not tell.
  if (authority == std::string_view::npos) return was.ends_with(path);
  const std::size_t slash = std::min(was.find('/', authority + 3), was.size());
  return was.substr(slash) == path;
}

double Median(const std::vector<double>& unsorted) {
  std::vector<double> values = unsorted;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

struct Metric {
  const char* name;
  double (*value)(const Second& second);
  bool more_is_better;
  bool is_share;
};
constexpr Metric kMetrics[] = {
    {"p50", [](const Second& second) { return second.p50_ms; }, false, false},
    {"p99", [](const Second& second) { return second.p99_ms; }, false, false},
    {"errors",
     [](const Second& second) {
       return 100 * static_cast<double>(second.errors) /
              static_cast<double>(second.good + second.errors);
     },
     false, true},
    {"rate", [](const Second& second) { return static_cast<double>(second.good); }, true, false},
};

// Of percentiles of all requests, by how much they must differ: those of few requests do by chance.
struct Margin {
  const char* metric;
  const char* title;
  double percentile;
  double Baseline::* old_value;
  double factor;
  double more_ms;
};
constexpr Margin kMargins[] = {
    {"run_p99", "p99 of all requests", 99, &Baseline::p99_ms, 2, 20},
    {"run_p999", "p99.9 of all requests", 99.9, &Baseline::p999_ms, 4, 50},
};
constexpr std::uint64_t kLeastBeyond = 10;

double FinishedIn(const Second& second) {
  return static_cast<double>(second.good) + static_cast<double>(second.errors);
}

// Of the whole seconds in which something was finished, or should have been: where less than one
// request a second is, a second without one says nothing.
std::vector<double> Observations(const std::vector<Second>& seconds, const Metric& metric) {
  double finished = 0;
  for (const Second& second : seconds) finished += FinishedIn(second);
  const bool is_dense = finished >= static_cast<double>(seconds.size());
  std::vector<double> values;
  double open = 0;
  for (std::size_t i = 0; i + 1 < seconds.size(); ++i) {
    open += static_cast<double>(seconds[i].intended) - FinishedIn(seconds[i]);
    if (i == 0) continue;
    if (FinishedIn(seconds[i]) > 0) {
      values.push_back(metric.value(seconds[i]));
    } else if (open > 0 && is_dense && !metric.is_share) {
      values.push_back(metric.more_is_better ? 0 : kFailed);
    }
  }
  return values;
}

Comparison CompareBy(const Metric& metric, const std::vector<double>& old_values,
                     const std::vector<double>& new_values) {
  const auto middle = metric.is_share ? &Mean : &Median;
  Comparison result{.metric = metric.name,
                    .old_value = middle(old_values),
                    .new_value = middle(new_values),
                    .chance = MannWhitney(old_values, new_values)};
  if (*result.chance >= kChance || result.new_value == result.old_value) return result;
  const bool is_large =
      metric.is_share
          ? std::fabs(result.new_value - result.old_value) >= kLeastErrors
          : std::fabs(result.new_value / std::max(result.old_value, 1e-9) - 1) >= kLeastChange;
  const bool is_worse = (result.new_value > result.old_value) != metric.more_is_better;
  if (is_large) result.outcome = is_worse ? Outcome::kSlower : Outcome::kFaster;
  return result;
}

}  // namespace

std::string_view OutcomeName(const Comparison& comparison) {
  const bool counts = comparison.metric == "errors";
  switch (comparison.outcome) {
    case Outcome::kSlower:
      return counts ? "more" : "slower";
    case Outcome::kFaster:
      return counts ? "fewer" : "faster";
    case Outcome::kSame:
      break;
  }
  return "same";
}

double MannWhitney(const std::vector<double>& a, const std::vector<double>& b) {
  struct Value {
    double value;
    bool of_a;
  };
  std::vector<Value> all;
  for (const double value : a) all.push_back({value, true});
  for (const double value : b) all.push_back({value, false});
  std::ranges::sort(all, {}, &Value::value);
  const auto n = static_cast<double>(all.size());
  double ranks_of_a = 0;
  double ties = 0;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i;
    while (end < all.size() && all[end].value == all[i].value) ++end;
    const auto count = static_cast<double>(end - i);
    const double rank = static_cast<double>(i + end + 1) / 2;  // from 1, the mean of equal ones
    for (; i < end; ++i) ranks_of_a += all[i].of_a ? rank : 0;
    ties += count * count * count - count;
  }
  const auto na = static_cast<double>(a.size());
  const auto nb = static_cast<double>(b.size());
  const double u = ranks_of_a - na * (na + 1) / 2;
  const double variance = na * nb / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance <= 0) return 1;  // all are equal
  const double off = std::max(std::fabs(u - na * nb / 2) - 0.5, 0.0);
  return std::erfc(off / std::sqrt(2 * variance));
}

base::Result<Baseline> ParseBaseline(std::string json, bool closed) {
  json.resize(json.size() + json::kParseRoom);
  BaselineReader reader;
  if (!json::ParseInPlace(json, {.depth = 32, .nodes = 100'000'000}, reader)) {
    return Fail(ErrorCode::kUsage, "this is no result of loadtest --json");
  }
  Baseline baseline = reader.Take();
  if (baseline.seconds.empty()) {
    return Fail(ErrorCode::kUsage, "this is no result of loadtest --json: it has no seconds");
  }
  if (baseline.verdict == "invalid") {
    return Fail(ErrorCode::kUsage,
                "that run was INVALID, and its numbers say nothing about the target; "
                "make another");
  }
  if (!baseline.loop.empty() && (baseline.loop == "closed") != closed) {
    return Fail(ErrorCode::kUsage,
                std::string("that run was ") + (closed ? "an open" : "a closed") +
                    " loop and this one is not; what they measure cannot be compared");
  }
  for (Second& second : baseline.seconds) {
    // Earlier versions wrote 0 where nothing was answered.
    if (second.good == 0 && second.errors > 0 && second.p50_ms == 0) {
      second.p50_ms = second.p99_ms = kFailed;
    }
  }
  return baseline;
}

base::Result<void> MayCompare(const Baseline& old_run, std::string_view target,
                              std::string_view path, std::chrono::nanoseconds length) {
  const double seconds = std::chrono::duration<double>(length).count();
  if (length.count() > 0 && seconds < kLeastLength) {
    return Fail(ErrorCode::kUsage, "this run is to last " + FormatNumber(seconds) +
                                       " s; a comparison needs ten seconds or more; use a longer "
                                       "--duration");
  }
  if (old_run.elapsed_s < kLeastLength) {
    return Fail(ErrorCode::kUsage, "that run lasted " + FormatNumber(old_run.elapsed_s) +
                                       " s; a comparison needs ten seconds or more; make another");
  }
  const std::size_t of_old = Observations(old_run.seconds, kMetrics[0]).size();
  if (of_old < kLeastSeconds) {
    return Fail(ErrorCode::kUsage, std::to_string(of_old) + " seconds of that run have answers, " +
                                       "its first and last besides; " +
                                       std::to_string(kLeastSeconds) + kNeeds);
  }
  const std::string_view was = old_run.target;
  if (!was.empty() && !IsSamePath(was, target, path)) {
    return Fail(ErrorCode::kUsage, "that run was of " + Printable(was) + ", this one is to be of " +
                                       std::string(target) +
                                       "; what other paths take cannot be compared");
  }
  return {};
}

base::Result<std::vector<Comparison>> Compare(const std::vector<Second>& old_run,
                                              const std::vector<Second>& new_run, bool same_load) {
  std::vector<Comparison> comparisons;
  for (const Metric& metric : kMetrics) {
    if (metric.more_is_better && !same_load) continue;
    const auto old_values = Observations(old_run, metric);
    const auto new_values = Observations(new_run, metric);
    if (std::min(old_values.size(), new_values.size()) < kLeastSeconds) {
      if (metric.is_share) continue;  // it stood still most of the time, which the others tell
      return Fail(ErrorCode::kUsage, std::to_string(new_values.size()) +
                                         " seconds of this run can be compared with " +
                                         std::to_string(old_values.size()) + " of that one, and " +
                                         std::to_string(kLeastSeconds) + kNeeds);
    }
    comparisons.push_back(CompareBy(metric, old_values, new_values));
  }
  return comparisons;
}

std::vector<Comparison> CompareRuns(const Baseline& old_run, const Measurement& new_run) {
  std::vector<Comparison> comparisons;
  const std::uint64_t all = new_run.Finished();
  for (const Margin& margin : kMargins) {
    const double was = old_run.*margin.old_value;
    if (std::isnan(was) || all <= 2 * kLeastBeyond) continue;
    Comparison result{.metric = margin.metric,
                      .old_value = was,
                      .new_value = new_run.PercentileOfAll(new_run.corrected, margin.percentile)};
    // What ten requests or more have exceeded.
    const std::uint64_t rank = std::min(RankOf(margin.percentile, all), all - kLeastBeyond);
    const double sure = rank > new_run.corrected.count()
                            ? kFailed
                            : Milliseconds(new_run.corrected.ValueAtRank(rank));
    const auto exceeds = [&margin](double value, double other) {
      return value > margin.factor * other && value > other + margin.more_ms;
    };
    if (exceeds(sure, was)) result.outcome = Outcome::kSlower;
    if (exceeds(was, result.new_value)) result.outcome = Outcome::kFaster;
    comparisons.push_back(std::move(result));
  }
  return comparisons;
}

std::string Describe(const Comparison& comparison) {
  const std::string_view unit = comparison.metric == "rate"     ? "/s"
                                : comparison.metric == "errors" ? " %"
                                                                : " ms";
  const auto* const margin = std::ranges::find(kMargins, comparison.metric, &Margin::metric);
  const bool is_of_run = margin != std::end(kMargins);
  std::string text =
      is_of_run ? margin->title
                : comparison.metric + (comparison.metric == "errors" ? " (mean of the seconds)"
                                                                     : " (median of the seconds)");
  text += " " + FormatLatency(comparison.new_value, unit) + ", was " +
          FormatLatency(comparison.old_value, unit) + ": ";
  text.append(OutcomeName(comparison));
  if (is_of_run) {
    return text + " (a difference is over " + FormatNumber(margin->factor) + " times as much and " +
           FormatNumber(margin->more_ms) + " ms more)";
  }
  return text + " (equal runs differ so in " + FormatNumber(100 * comparison.chance.value_or(1)) +
         " %)";
}

}  // namespace sampleproc::loadtest
