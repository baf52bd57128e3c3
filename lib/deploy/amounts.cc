#include "deploy/amounts.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "config/units.h"

namespace sampleproc::deploy {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::optional<milliseconds> ReadDuration(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ') continue;
    plain += text[at];
    if (text.substr(at).starts_with("min")) at += 2;
  }
  return config::ParseDuration(plain, seconds(1));
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
