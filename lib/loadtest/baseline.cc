#include "loadtest/baseline.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "json/reader.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using base::ErrorCode;
using base::Fail;
using Outcome = Comparison::Outcome;

constexpr std::size_t kLeastSeconds = 8;
constexpr double kChance = 0.01;
constexpr double kLeastChange = 0.05;

// Finds {"seconds": [{"p50_ms": 1.2, "p99_ms": 3.4, "good": 5}, ...]}.
class SecondsReader : public json::JsonHandler {
 public:
  void Key(std::string_view key) override {
    if (depth_ == 1) in_seconds_ = key == "seconds";
    key_ = key;
  }
  void StartObject() override {
    ++depth_;
    if (in_seconds_ && depth_ == 3) seconds_.emplace_back();
  }
  void EndObject(std::size_t /*members*/) override { --depth_; }
  void StartArray() override { ++depth_; }
  void EndArray(std::size_t /*elements*/) override { --depth_; }
  void Number(const json::JsonNumber& number) override {
    if (!in_seconds_ || depth_ != 3) return;
    double value = 0;
    std::from_chars(number.text.data(), number.text.data() + number.text.size(), value);
    Second& second = seconds_.back();
    if (key_ == "p50_ms") second.p50_ms = value;
    if (key_ == "p99_ms") second.p99_ms = value;
    if (key_ == "good") second.good = static_cast<std::uint64_t>(std::max(value, 0.0));
  }

  std::vector<Second> Take() { return std::move(seconds_); }

 private:
  std::vector<Second> seconds_;
  std::string_view key_;
  int depth_ = 0;
  bool in_seconds_ = false;
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<double> Observations(const std::vector<Second>& seconds, double Second::* metric) {
  std::vector<double> values;
  for (std::size_t i = 1; i + 1 < seconds.size(); ++i) {
    if (seconds[i].good > 0) values.push_back(seconds[i].*metric);
  }
  return values;
}

Comparison CompareBy(std::string metric, const std::vector<double>& old_values,
                     const std::vector<double>& new_values) {
  Comparison result{.metric = std::move(metric),
                    .old_ms = Median(old_values),
                    .new_ms = Median(new_values),
                    .chance = MannWhitney(old_values, new_values)};
  const double change = result.new_ms / std::max(result.old_ms, 1e-9) - 1;
  if (result.chance < kChance && std::fabs(change) >= kLeastChange) {
    result.outcome = change > 0 ? Outcome::kSlower : Outcome::kFaster;
  }
  return result;
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSlower:
      return "slower";
    case Outcome::kFaster:
      return "faster";
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

base::Result<std::vector<Second>> ParseBaseline(std::string json) {
  json.resize(json.size() + json::kParseRoom);
  SecondsReader reader;
  if (!json::ParseInPlace(json, {.depth = 32, .nodes = 100'000'000}, reader)) {
    return Fail(ErrorCode::kUsage, "--baseline takes a result of loadtest --json");
  }
  std::vector<Second> seconds = reader.Take();
  if (seconds.empty()) {
    return Fail(ErrorCode::kUsage, "--baseline takes a result of loadtest --json, with seconds");
  }
  return seconds;
}

base::Result<std::vector<Comparison>> Compare(const std::vector<Second>& old_run,
                                              const std::vector<Second>& new_run) {
  std::vector<Comparison> comparisons;
  constexpr std::pair<const char*, double Second::*> kMetrics[] = {{"p50", &Second::p50_ms},
                                                                   {"p99", &Second::p99_ms}};
  for (const auto& [name, metric] : kMetrics) {
    const auto old_values = Observations(old_run, metric);
    const auto new_values = Observations(new_run, metric);
    if (std::min(old_values.size(), new_values.size()) < kLeastSeconds) {
      return Fail(ErrorCode::kUsage,
                  "--baseline needs runs of ten seconds or more with answers in each second");
    }
    comparisons.push_back(CompareBy(name, old_values, new_values));
  }
  return comparisons;
}

std::string Describe(const Comparison& comparison) {
  std::string text = comparison.metric + " " + FormatNumber(comparison.new_ms) + " ms, was " +
                     FormatNumber(comparison.old_ms) + " ms: ";
  text.append(OutcomeName(comparison.outcome));
  return text + " (equal runs differ so in " + FormatNumber(100 * comparison.chance) + " %)";
}

}  // namespace sampleproc::loadtest
