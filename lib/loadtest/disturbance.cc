#include "loadtest/disturbance.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "loadtest/target_process.h"

namespace sampleproc::loadtest {
namespace {

using std::chrono::nanoseconds;

constexpr double kLongest = 7 * 24 * 3600;

constexpr std::pair<std::string_view, int> kActions[] = {{"term", SIGTERM}, {"int", SIGINT},
                                                         {"hup", SIGHUP},   {"usr1", SIGUSR1},
                                                         {"kill", SIGKILL}, {"stop", SIGSTOP}};

std::optional<nanoseconds> ParseTime(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || !(value >= 0)) return std::nullopt;
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}};
  for (const auto& [name, seconds] : kUnits) {
    if (std::string_view(unit, end) != name) continue;
    if (value * seconds > kLongest) return std::nullopt;
    return nanoseconds(std::llround(value * seconds * 1e9));
  }
  return std::nullopt;
}

// The next word; `text` is left with what follows it.
std::string_view TakeWord(std::string_view& text) {
  text = base::TrimBlanks(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

// The value of "NAME=TIME".
std::optional<nanoseconds> TakeTime(std::string_view name, std::string_view& text) {
  const std::string_view word = TakeWord(text);
  if (!word.starts_with(name) || !word.substr(name.size()).starts_with('=')) return std::nullopt;
  return ParseTime(word.substr(name.size() + 1));
}

std::optional<Disturbance> ParseOne(std::string_view text) {
  Disturbance planned{.text = std::string(base::TrimBlanks(text))};
  const auto at = TakeTime("at", text);
  if (!at) return std::nullopt;
  planned.at = *at;
  const std::string_view action = TakeWord(text);
  const auto* const known =
      std::ranges::find(kActions, action, &std::pair<std::string_view, int>::first);
  if (known == std::end(kActions)) return std::nullopt;
  planned.signal = known->second;
  if (planned.signal == SIGSTOP) {
    const auto lasts = TakeTime("for", text);
    if (!lasts) return std::nullopt;
    planned.lasts = *lasts;
  }
  if (!base::TrimBlanks(text).empty()) return std::nullopt;
  return planned;
}

}  // namespace

base::Result<std::vector<Disturbance>> ParseDisturbances(std::string_view text) {
  std::vector<Disturbance> all;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    auto one = ParseOne(text.substr(0, comma));
    if (!one) {
      return base::Fail(base::ErrorCode::kUsage,
                        "number " + std::to_string(all.size() + 1) +
                            " is not 'at=TIME ACTION', such as 'at=10s term' or 'at=20s stop "
                            "for=2s'; actions are term, int, hup, usr1, kill and stop");
    }
    all.push_back(std::move(*one));
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
  }
  std::ranges::stable_sort(all, {}, &Disturbance::at);
  return all;
}

Disturber::Disturber(const base::Descriptor& process, std::vector<Disturbance> planned,
                     const base::CancelFlag& stop)
    : process_(process),
      planned_(std::move(planned)),
      start_(base::SystemClock().Now()),
      watch_(stop,
             [this] {
               end_.Cancel();
               GoOn();
             }),
      thread_([this] { Run(); }) {}

Disturber::~Disturber() { end_.Cancel(); }

void Disturber::Run() {
  for (const Disturbance& each : planned_) {
    if (!SleepUntil(each.at)) break;
    Disturb(each);
    if (each.signal != SIGSTOP) continue;
    (void)SleepUntil(each.at + each.lasts);
    GoOn();
  }
}

void Disturber::Disturb(const Disturbance& planned) {
  const base::MutexLock lock(mutex_);
  if (end_.Cancelled()) return;
  const auto sent = SendSignal(process_, planned.signal);
  outcomes_.push_back({planned.text, sent ? "" : sent.error().message});
  stands_still_ = sent && planned.signal == SIGSTOP;
}

void Disturber::GoOn() {
  const base::MutexLock lock(mutex_);
  if (std::exchange(stands_still_, false)) (void)SendSignal(process_, SIGCONT);
}

bool Disturber::SleepUntil(nanoseconds since_start) {
  const base::Deadline due(base::SystemClock(), start_ + since_start - base::SystemClock().Now());
  const base::MutexLock lock(mutex_);
  while (!due.Expired() && !end_.Cancelled()) never_.WaitUntil(mutex_, due, end_);
  return !end_.Cancelled();
}

std::vector<Disturber::Outcome> Disturber::Finish() {
  end_.Cancel();
  if (thread_.joinable()) thread_.join();
  while (outcomes_.size() < planned_.size()) {
    outcomes_.push_back({planned_[outcomes_.size()].text, "the run was over before"});
  }
  return std::move(outcomes_);
}

}  // namespace sampleproc::loadtest
