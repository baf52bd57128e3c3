#include "consumer/pixels/pixel_hosts.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRememberedHosts = 256;

}  // namespace

bool PixelHosts::MayAsk(const std::string& host, base::MonoTime now) const {
  if (under_way_ >= fetches_) return false;
  const Host state = StateOf(host);
  if (state.Trusted()) return state.under_way < fetches_ - under_way_;
  if (state.failing && (now < state.next_try || state.under_way > 0)) return false;
  const std::size_t others = UnderWayOfOthers();
  return others < ShareOfOthers() && state.under_way < ShareOfOthers() - others;
}

bool PixelHosts::HasShareLeft(const std::string& host, std::string_view suffix) const {
  std::size_t all = 0;
  for (const auto& [name, each] : hosts_) {
    const std::string_view rest = std::string_view(name).substr(std::min(host.size(), name.size()));
    if (name.starts_with(host) && (rest.empty() || rest.starts_with(suffix))) all += each.under_way;
  }
  return 2 * all < fetches_;
}

PixelHosts::Host PixelHosts::StateOf(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? Host{} : found->second;
}

std::size_t PixelHosts::UnderWayOfOthers() const {
  std::size_t others = 0;
  for (const auto& [name, each] : hosts_) others += each.Trusted() ? 0 : each.under_way;
  return others;
}

bool PixelHosts::Barred(const std::string& host, base::MonoTime now) const {
  const Host state = StateOf(host);
  if (state.under_way > 0 || (state.failing && now < state.next_try)) return false;
  return !MayAsk(host, now);
}

bool PixelHosts::TakesFrom(const std::string& barred, const std::string& other) const {
  if (StateOf(barred).Trusted() || UnderWayOfOthers() < ShareOfOthers()) return true;
  return !StateOf(other).Trusted();
}

int PixelHosts::Level(const std::string& host, std::chrono::nanoseconds asked) const {
  const Host state = StateOf(host);
  return LevelOf(state, asked) + (state.score.successes == 0 ? 1 : 0);
}

// What is usual for a host is no reason to cut its fetch short.
int PixelHosts::LevelOf(const Host& host, std::chrono::nanoseconds asked) {
  const std::chrono::nanoseconds slice =
      host.Trusted() ? host.Patience() : std::max<std::chrono::nanoseconds>(kSlice, 2 * host.usual);
  const auto slices = static_cast<std::uint64_t>(std::max<std::int64_t>(0, asked / slice));
  return std::max(host.level, static_cast<int>(std::bit_width(slices)));
}

void PixelHosts::Began(const std::string& host, base::MonoTime now) {
  Host& state = hosts_[host];
  // Of one that failed the silence goes on: what is asked next shows no more than what was before.
  // Nor does the silence end with a fetch that was given up.
  if (state.under_way == 0) {
    if (state.failures == 0) state.asked_since = now - state.silent_before;
    state.under_way_since = now;
  }
  ++state.under_way;
  ++under_way_;
}

bool PixelHosts::Succeeded(const std::string& host, base::MonoTime now,
                           std::chrono::nanoseconds took) {
  Host& state = hosts_[host];
  Ended(state);
  state.usual = state.score.successes == 0 ? took : state.usual + (took - state.usual) / 8;
  state.last_success = now;
  state.Spoke(now);
  ++state.score.successes;
  state.failures = 0;
  state.pauses = 0;
  state.level = 0;
  const bool had_failed = std::exchange(state.failing, false);
  ForgetSome();
  return had_failed;
}

milliseconds PixelHosts::Failed(const std::string& host, base::MonoTime now,
                                std::chrono::nanoseconds took,
                                std::optional<std::chrono::seconds> retry_after) {
  Host& state = hosts_[host];
  state.level = LevelOf(state, took);
  Ended(state);
  return Failed(state, now, retry_after);
}

milliseconds PixelHosts::Failed(Host& state, base::MonoTime now,
                                std::optional<std::chrono::seconds> retry_after) {
  ++state.failures;
  ++state.score.failures;
  state.silent_before = {};
  state.under_way_since = now;
  const bool trusted = state.last_success && now - *state.last_success < kTrusted;
  if (!state.failing && trusted && state.failures < kTries && !retry_after) {
    return milliseconds(0);
  }
  // Several fetches that were under way when it went away are one failure.
  if (!state.failing || now >= state.next_try) {
    const int doublings = std::min(state.pauses++, 10);
    state.next_try =
        now + (retry_after ? std::clamp(milliseconds(*retry_after), kShortest, kLongestWished)
                           : std::min(kLongest, kShortest * (1 << doublings)));
    state.failing = true;
  }
  return std::chrono::ceil<milliseconds>(state.next_try - now);
}

void PixelHosts::Host::Spoke(base::MonoTime now) {
  asked_since = now;
  silent_before = {};
  under_way_since = now;
}

void PixelHosts::Answered(const std::string& host, base::MonoTime now) {
  Host& state = hosts_[host];
  Ended(state);
  state.Spoke(now);
}

milliseconds PixelHosts::GaveUp(const std::string& host, base::MonoTime now,
                                std::chrono::nanoseconds took) {
  Host& state = hosts_[host];
  state.level = LevelOf(state, took);
  const std::chrono::nanoseconds silent = state.SilentFor(now);
  Ended(state);
  if (silent >= state.Patience()) return Failed(state, now);
  if (state.under_way == 0) state.silent_before = silent;
  return milliseconds(0);
}

void PixelHosts::Ended(Host& host) {
  --host.under_way;
  --under_way_;
}

PixelHosts::Score PixelHosts::ScoreOf(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? Score{} : found->second.score;
}

bool PixelHosts::IsFailing(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found != hosts_.end() && found->second.failing;
}

bool PixelHosts::Paused(const std::string& host, base::MonoTime now) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || !found->second.failing) return false;
  return now < found->second.next_try || found->second.under_way > 0;
}

bool PixelHosts::AnyFailing() const {
  return std::ranges::any_of(hosts_, [](const auto& each) { return each.second.failing; });
}

std::chrono::nanoseconds PixelHosts::Patience(const std::string& host) const {
  return StateOf(host).Patience();
}

bool PixelHosts::Silent(const std::string& host, base::MonoTime now) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || found->second.under_way == 0) return false;
  return now - found->second.asked_since >= Patience(host);
}

std::optional<base::MonoTime> PixelHosts::NextTry(base::MonoTime now) const {
  std::optional<base::MonoTime> next;
  for (const auto& [name, host] : hosts_) {
    if (!host.failing || host.under_way > 0) continue;
    const base::MonoTime at = now < host.next_try ? host.next_try : ForgottenAt(host);
    if (!next || at < *next) next = at;
  }
  return next;
}

void PixelHosts::Wanted(const std::string& host, base::MonoTime now) {
  if (const auto found = hosts_.find(host); found != hosts_.end()) found->second.last_wanted = now;
}

base::MonoTime PixelHosts::ForgottenAt(const Host& host) {
  return std::max(host.next_try, host.last_wanted) + kForgotten;
}

std::optional<std::string> PixelHosts::ForgetUnwanted(base::MonoTime now) {
  const auto unwanted = std::ranges::find_if(hosts_, [now](const auto& each) {
    const Host& host = each.second;
    return host.failing && host.under_way == 0 && now >= ForgottenAt(host);
  });
  if (unwanted == hosts_.end()) return std::nullopt;
  return std::move(hosts_.extract(unwanted).key());
}

void PixelHosts::ForgetSome() {
  if (hosts_.size() <= kRememberedHosts) return;
  std::erase_if(
      hosts_, [](const auto& each) { return each.second.under_way == 0 && !each.second.failing; });
}

}  // namespace sampleproc::consumer
