#include "loadtest/server_metrics.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sampleproc::loadtest {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds kEvery{1};
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::seconds kLastPatience{2};
constexpr std::string_view kStages = "sampleproc_stage_duration_seconds_";
constexpr double kMost = 1e15;
constexpr std::size_t kMostStages = 100;
constexpr std::size_t kLongestStage = 64;
constexpr std::string_view kQueued = "sampleproc_queue_frames";

std::optional<double> NumberAfterSpace(std::string_view line) {
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [stop, error] =
      std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
  // NaN is legal there, and within no bounds.
  if (error != std::errc() || !(value >= 0 && value <= kMost)) return std::nullopt;
  return value;
}

bool IsStageName(std::string_view name) {
  return !name.empty() && name.size() <= kLongestStage && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

// Of sampleproc_stage_duration_seconds_sum{stage="queue"} 1.25, what stands between the quotes.
std::string_view StageOf(std::string_view line) {
  constexpr std::string_view kLabel = "{stage=\"";
  const std::size_t at = line.find(kLabel);
  if (at == std::string_view::npos) return "";
  line.remove_prefix(at + kLabel.size());
  return line.substr(0, line.find('"'));
}

}  // namespace

ServerSample ParseServerSample(std::string_view text) {
  ServerSample sample;
  // A stage is known when both of its numbers are.
  struct Numbers {
    std::optional<double> seconds;
    std::optional<double> frames;
  };
  std::map<std::string, Numbers, std::less<>> stages;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(kQueued) && line.substr(kQueued.size()).starts_with(' ')) {
      sample.queued = NumberAfterSpace(line).value_or(0);
      continue;
    }
    if (!line.starts_with(kStages)) continue;
    const std::string_view rest = line.substr(kStages.size());
    const std::string stage(StageOf(rest));
    const auto number = NumberAfterSpace(line);
    if (!IsStageName(stage) || !number) continue;
    if (stages.size() == kMostStages && !stages.contains(stage)) continue;
    if (rest.starts_with("sum{")) stages[stage].seconds = *number;
    if (rest.starts_with("count{")) stages[stage].frames = *number;
  }
  for (const auto& [stage, numbers] : stages) {
    if (numbers.seconds && numbers.frames) {
      sample.stages[stage] = {*numbers.seconds, *numbers.frames};
    }
  }
  return sample;
}

std::vector<std::string> StagesOf(const ServerSecond& of) {
  constexpr std::string_view kBefore[] = {"fetch", "queue", "turn", "lane", "memory", "decode"};
  constexpr std::string_view kAfter[] = {"encode", "settle", "total"};
  const auto place = [&](const std::string& stage) {
    const auto before = std::ranges::find(kBefore, stage) - std::begin(kBefore);
    if (before < std::ssize(kBefore)) return before;
    const auto after = std::ranges::find(kAfter, stage);
    const auto steps = std::ssize(kBefore);
    return after == std::end(kAfter) ? steps : steps + 1 + (after - std::begin(kAfter));
  };
  std::vector<std::string> stages;
  for (const auto& [stage, ms] : of.stage_ms) stages.push_back(stage);
  std::ranges::stable_sort(stages, {}, place);
  return stages;
}

ServerSecond Between(const ServerSample& before, const ServerSample& after, double second) {
  ServerSecond made{.second = second, .stage_ms = {}, .queued = after.queued};
  for (const auto& [stage, sums] : after.stages) {
    const auto at = before.stages.find(stage);
    StageSums old = at == before.stages.end() ? StageSums{} : at->second;
    if (old.frames > sums.frames || old.seconds > sums.seconds) old = {};
    const double frames = sums.frames - old.frames;
    if (stage == "total") made.frames = frames;
    if (frames > 0) made.stage_ms[stage] = 1000 * (sums.seconds - old.seconds) / frames;
  }
  return made;
}

ServerWatch::ServerWatch(Fetch fetch)
    : fetch_(std::move(fetch)), start_(base::SystemClock().Now()) {
  Sample(base::Allowance().Within(kPatience));
  thread_ = std::jthread([this] { Run(); });
}

ServerWatch::~ServerWatch() { stop_.Cancel(); }

void ServerWatch::Run() {
  base::Mutex mutex;
  base::CondVar never;
  const base::Allowance until_stopped{.cancel = stop_};
  const base::MonoTime begun = base::SystemClock().Now();
  for (auto turn = 1; !stop_.Cancelled(); ++turn) {
    const base::MonoTime next = begun + turn * kEvery;
    const base::Deadline due(base::SystemClock(), next - base::SystemClock().Now());
    {
      const base::MutexLock lock(mutex);
      while (!due.Expired() && !stop_.Cancelled()) never.WaitUntil(mutex, due, stop_);
    }
    if (!stop_.Cancelled()) Sample(until_stopped.Within(kPatience));
  }
}

void ServerWatch::Sample(const base::Allowance& allowance) {
  const auto text = fetch_(allowance);
  const double second = Seconds(base::SystemClock().Now() - start_).count();
  if (!text) {
    if (text.error().code == base::ErrorCode::kCancelled) return;  // the last one tells
    report_.problem = text.error().message;
    return;
  }
  ServerSample sample = ParseServerSample(*text);
  if (sample.stages.empty()) {
    // A service that has not seen a frame yet has no stages either; the next sample tells.
    if (!has_first_) first_ = last_ = std::move(sample);
    has_first_ = true;
    return;
  }
  if (has_first_) report_.seconds.push_back(Between(last_, sample, second));
  if (!has_first_) first_ = sample;
  has_first_ = true;
  last_ = std::move(sample);
}

ServerReport ServerWatch::Finish() {
  stop_.Cancel();
  if (thread_.joinable()) thread_.join();
  Sample(base::Allowance().Within(kLastPatience));
  const double second = report_.seconds.empty() ? 0 : report_.seconds.back().second;
  report_.total = Between(first_, last_, second);
  if (report_.seconds.empty() && report_.problem.empty()) {
    report_.problem = "its /metrics has no sampleproc_stage_duration_seconds";
  }
  return std::move(report_);
}

}  // namespace sampleproc::loadtest
