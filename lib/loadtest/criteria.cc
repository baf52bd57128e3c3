#include "loadtest/criteria.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/ascii.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using base::ErrorCode;
using base::Fail;
using Subject = Criterion::Subject;

// The number at the start of `text`, which is left with what follows it.
std::optional<double> TakeNumber(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

bool ReadSubject(std::string_view text, Criterion& criterion) {
  if (text.starts_with('p')) {
    text.remove_prefix(1);
    const auto percentile = TakeNumber(text);
    if (!percentile || !text.empty() || *percentile > 100) return false;
    criterion.percentile = *percentile;
    return true;
  }
  constexpr std::pair<std::string_view, Subject> kSubjects[] = {{"max", Subject::kMax},
                                                                {"mean", Subject::kMean},
                                                                {"errors", Subject::kErrors},
                                                                {"rate", Subject::kRate}};
  for (const auto& [name, subject] : kSubjects) {
    if (text != name) continue;
    criterion.subject = subject;
    return true;
  }
  return false;
}

bool ReadLimit(std::string_view text, Criterion& criterion) {
  const auto number = TakeNumber(text);
  if (!number) return false;
  criterion.limit = *number;
  switch (criterion.subject) {
    case Subject::kErrors:
      criterion.is_share = text == "%";
      return text.empty() || criterion.is_share;
    case Subject::kRate:
      return text.empty() || text == "/s";
    default:
      break;
  }
  if (text == "us") {
    criterion.limit /= 1000;
  } else if (text == "s") {
    criterion.limit *= 1000;
  } else if (text != "ms") {
    return false;
  }
  return true;
}

std::optional<Criterion> ParseOne(std::string_view text) {
  Criterion criterion;
  criterion.text = text;
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos) return std::nullopt;
  criterion.below = text[sign] == '<';
  criterion.or_equal = text.substr(sign + 1).starts_with('=');
  const std::string_view limit = text.substr(sign + (criterion.or_equal ? 2 : 1));
  if (!ReadSubject(base::TrimBlanks(text.substr(0, sign)), criterion)) return std::nullopt;
  if (!ReadLimit(base::TrimBlanks(limit), criterion)) return std::nullopt;
  return criterion;
}

// What is unanswered takes as long as it has waited, at least. Where that tells no more than what
// is finished, it would hide something, and is left out. NaN when nothing was sent.
double Percentile(const Measurement& measured, double percentile) {
  const double finished = measured.PercentileOfAll(measured.corrected, percentile);
  if (measured.open.count() == 0) return finished;
  Histogram all = measured.corrected;
  all.Merge(measured.open);
  const std::uint64_t rank = RankOf(percentile, measured.Finished() + measured.open.count());
  if (rank > all.count()) return std::numeric_limits<double>::infinity();
  return std::fmax(finished, Milliseconds(all.ValueAtRank(rank)));
}

double Mean(const Measurement& measured) {
  const double finished = measured.MeanOfAll(measured.corrected);
  if (measured.open.count() == 0 || std::isinf(finished)) return finished;
  Histogram all = measured.corrected;
  all.Merge(measured.open);
  return std::fmax(finished, all.Mean() / 1e6);
}

double Measure(const Criterion& criterion, const Measurement& measured, double rate) {
  const auto finished = static_cast<double>(measured.Finished());
  switch (criterion.subject) {
    case Subject::kPercentile:
      return Percentile(measured, criterion.percentile);
    case Subject::kMax:
      return Percentile(measured, 100);
    case Subject::kMean:
      return Mean(measured);
    default:
      break;
  }
  // Of nothing nothing can be said.
  if (finished == 0) return std::numeric_limits<double>::quiet_NaN();
  if (criterion.subject == Subject::kRate) return rate;
  const auto errors = static_cast<double>(measured.ErrorCount());
  return criterion.is_share ? 100 * errors / finished : errors;
}

bool Holds(const Criterion& criterion, double measured) {
  if (measured == criterion.limit) return criterion.or_equal;
  return criterion.below == (measured < criterion.limit);
}

}  // namespace

base::Result<std::vector<Criterion>> ParseCriteria(std::string_view text) {
  std::vector<Criterion> criteria;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto one = ParseOne(base::TrimBlanks(text.substr(0, comma)));
    if (!one) {
      return Fail(ErrorCode::kUsage,
                  "criterion " + std::to_string(criteria.size() + 1) +
                      " is not SUBJECT<LIMIT, such as p99<80ms, errors<0.1%, max<1s or rate>100");
    }
    criteria.push_back(*one);
    if (comma == text.size()) return criteria;
    text.remove_prefix(comma + 1);
  }
}

std::vector<Judgement> Judge(const std::vector<Criterion>& criteria, const Measurement& measured,
                             double achieved_rate) {
  std::vector<Judgement> judgements;
  for (const Criterion& criterion : criteria) {
    const double value = Measure(criterion, measured, achieved_rate);
    const bool holds = !std::isnan(value) && Holds(criterion, value);
    judgements.push_back({criterion, value, holds});
  }
  return judgements;
}

bool AllHold(const std::vector<Judgement>& judgements) {
  return std::ranges::all_of(judgements, &Judgement::holds);
}

std::string Describe(const Judgement& judgement) {
  const Criterion& criterion = judgement.criterion;
  std::string measured = "beyond measure, because too many requests failed";
  if (std::isnan(judgement.measured)) return criterion.text + ": missed, nothing was finished";
  if (std::isfinite(judgement.measured)) {
    measured = FormatNumber(judgement.measured);
    if (criterion.subject == Subject::kErrors) {
      measured += criterion.is_share ? " %" : "";
    } else {
      measured += criterion.subject == Subject::kRate ? "/s" : " ms";
    }
  }
  return criterion.text + ": " + (judgement.holds ? "held" : "missed") + ", measured " + measured;
}

}  // namespace sampleproc::loadtest
