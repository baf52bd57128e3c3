#include "deploy/amounts.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "config/units.h"

namespace sampleproc::deploy {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct SpanUnit {
  double milliseconds;
  std::array<std::string_view, 5> names;  // what is not used repeats the first
};
constexpr double kDay = 24 * 3'600'000.0;
constexpr SpanUnit kSpanUnits[] = {
    {0.001, {"us", "usec", "\u00b5s", "\u03bcs", "us"}},
    {1, {"ms", "msec", "ms", "ms", "ms"}},
    {1'000, {"", "s", "sec", "second", "seconds"}},
    {60'000, {"m", "min", "minute", "minutes", "m"}},
    {3'600'000, {"h", "hr", "hour", "hours", "h"}},
    {kDay, {"d", "day", "days", "d", "d"}},
    {7 * kDay, {"w", "week", "weeks", "w", "w"}},
    {30.44 * kDay, {"M", "month", "months", "M", "M"}},
    {365.25 * kDay, {"y", "year", "years", "y", "y"}},
};

}  // namespace

std::optional<milliseconds> ReadDuration(std::string_view text) {
  return config::ParseDuration(text, seconds(1));
}

std::optional<milliseconds> ReadTimeSpan(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto skip = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  };
  const auto take = [&](std::size_t length) {
    const std::string_view taken = text.substr(0, length);
    text.remove_prefix(taken.size());
    return taken;
  };
  skip();
  if (text == "infinity") return kForever;
  if (text.empty()) return std::nullopt;
  double sum = 0;
  for (; !text.empty(); skip()) {
    const auto number = config::ParseReal(take(text.find_first_not_of("0123456789.")));
    skip();
    const std::string_view unit = take(text.find_first_of(" \t0123456789."));
    const auto* const found = std::ranges::find_if(kSpanUnits, [&](const SpanUnit& each) {
      return std::ranges::find(each.names, unit) != each.names.end();
    });
    if (!number || found == std::end(kSpanUnits)) return std::nullopt;
    sum += *number * found->milliseconds;
  }
  if (sum >= static_cast<double>(kForever.count())) return kForever;
  return milliseconds(static_cast<std::int64_t>(sum));
}

std::optional<std::int64_t> ReadSize(std::string_view text, bool letters_are_binary) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = config::ParseReal(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string unit(text.substr(digits));
  if (letters_are_binary && (unit.ends_with('b') || unit.ends_with('B'))) unit.pop_back();
  double factor = 1;
  if (!unit.empty()) {
    constexpr std::string_view kLetters = "KMGTkmgt";
    const std::size_t letter = kLetters.find(unit.front());
    const bool binary = letters_are_binary || unit.ends_with('i');
    if (letter == std::string_view::npos || unit.size() > 2 ||
        (unit.size() == 2 && unit.back() != 'i')) {
      return std::nullopt;
    }
    if (unit == "m" && !letters_are_binary) return std::nullopt;  // thousandths, to Kubernetes
    for (std::size_t power = 0; power <= letter % 4; ++power) factor *= binary ? 1024 : 1000;
  }
  const double bytes = *number * factor;
  if (bytes > static_cast<double>(std::numeric_limits<std::int64_t>::max() / 2)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(bytes);
}

milliseconds SleepIn(std::string_view command) {
  const std::vector<std::string> words = SplitWords(command);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word != "sleep" && !word.ends_with("/sleep")) continue;
    std::string amount = words[i + 1];
    while (!amount.empty() && (amount.back() == ';' || amount.back() == '&')) amount.pop_back();
    return ReadDuration(amount).value_or(milliseconds(0));
  }
  return milliseconds(0);
}

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool begun = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      begun = true;
    } else if (c == ' ' || c == '\t') {
      if (begun) words.push_back(std::exchange(word, {}));
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (begun) words.push_back(std::move(word));
  return words;
}

}  // namespace sampleproc::deploy
