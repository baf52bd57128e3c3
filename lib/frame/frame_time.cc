#include "frame/frame_time.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace sampleproc::frame {
namespace {

using std::chrono::microseconds;

constexpr double kMaxEpochSeconds = 9'223'372'036.0;

// Takes what it reads off the front of the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Done() const { return rest_.empty(); }

  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `digits` decimal digits.
  std::optional<int> Number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return number;
  }

  // One digit or more as a fraction, to a microsecond; more digits are read and do not count.
  std::optional<microseconds> Fraction() {
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      unit /= 10;
      value += unit * (rest_[digits] - '0');
    }
    rest_.remove_prefix(digits);
    return digits > 0 ? std::optional(microseconds(value)) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::optional<base::WallTime> ParseEpoch(std::string_view text) {
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(seconds >= 0 && seconds < kMaxEpochSeconds)) return std::nullopt;
  // A double is the nearest one to what was written: a microsecond, no less, is what it holds.
  return base::WallTime(microseconds(std::llround(seconds * 1e6)));
}

std::optional<base::WallTime> ParseDate(Scanner& in) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::year;
  const auto year_number = in.Number(4);
  if (!year_number || !in.Take('-')) return std::nullopt;
  const auto month_number = in.Number(2);
  if (!month_number || !in.Take('-')) return std::nullopt;
  const auto day_number = in.Number(2);
  if (!day_number) return std::nullopt;
  const std::chrono::year_month_day date{year(*year_number),
                                         month(static_cast<unsigned>(*month_number)),
                                         day(static_cast<unsigned>(*day_number))};
  if (!date.ok() || *year_number < 1970 || *year_number > 2261) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<microseconds> ParseTimeOfDay(Scanner& in) {
  const auto hours = in.Number(2);
  if (!hours || *hours > 23 || !in.Take(':')) return std::nullopt;
  const auto minutes = in.Number(2);
  if (!minutes || *minutes > 59 || !in.Take(':')) return std::nullopt;
  const auto seconds = in.Number(2);
  if (!seconds || *seconds > 60) return std::nullopt;  // 60: a leap second
  microseconds time =
      std::chrono::hours(*hours) + std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds);
  if (in.Take('.')) {
    const auto fraction = in.Fraction();
    if (!fraction) return std::nullopt;
    time += *fraction;
  }
  return time;
}

// How far the clock was ahead of UTC.
std::optional<microseconds> ParseOffset(Scanner& in) {
  if (in.Done() || in.Take('Z')) return microseconds(0);
  const bool ahead = in.Take('+');
  if (!ahead && !in.Take('-')) return std::nullopt;
  const auto hours = in.Number(2);
  if (!hours || *hours > 23) return std::nullopt;
  in.Take(':');
  const auto minutes = in.Number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const microseconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return ahead ? offset : -offset;
}

}  // namespace

std::optional<base::WallTime> ParseFrameTime(std::string_view text) {
  if (const auto time = ParseEpoch(text)) return time;
  Scanner in(text);
  const auto date = ParseDate(in);
  if (!date || !(in.Take('T') || in.Take(' '))) return std::nullopt;
  const auto time = ParseTimeOfDay(in);
  if (!time) return std::nullopt;
  const auto offset = ParseOffset(in);
  if (!offset || !in.Done()) return std::nullopt;
  return *date + *time - *offset;
}

std::string EpochSeconds(base::WallTime time) {
  const double seconds = std::chrono::duration<double>(time.time_since_epoch()).count();
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 6).ptr;
  return {text, end};
}

}  // namespace sampleproc::frame
