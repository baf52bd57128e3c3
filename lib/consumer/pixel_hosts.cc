#include "consumer/pixel_hosts.h"

#include <algorithm>

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kRememberedHosts = 256;

}  // namespace

bool PixelHosts::MayAsk(const std::string& host, base::MonoTime now) const {
  if (under_way_ >= fetches_) return false;
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return true;
  const Host& state = found->second;
  if (!state.failing) return state.under_way < fetches_ - under_way_;
  if (now < state.next_try || state.under_way > 0) return false;
  std::size_t failing = 0;
  for (const auto& [name, each] : hosts_) failing += each.failing ? each.under_way : 0;
  return failing < std::max<std::size_t>(1, fetches_ / 2);
}

void PixelHosts::Began(const std::string& host) {
  ++hosts_[host].under_way;
  ++under_way_;
}

bool PixelHosts::Succeeded(const std::string& host, base::MonoTime now) {
  Host& state = hosts_[host];
  Ended(state);
  state.last_success = now;
  ++state.successes;
  state.failures = 0;
  state.pauses = 0;
  const bool had_failed = std::exchange(state.failing, false);
  ForgetSome();
  return had_failed;
}

milliseconds PixelHosts::Failed(const std::string& host, std::uint64_t frame, base::MonoTime now) {
  Host& state = hosts_[host];
  Ended(state);
  if (state.failures++ == 0) {
    state.failed_for = frame;
    state.failed_for_several = false;
  }
  state.failed_for_several |= state.failed_for != frame;
  const bool trusted = state.last_success && now - *state.last_success < kTrusted;
  if (!state.failing && trusted && state.failures < kTries) return milliseconds(0);
  // Several fetches that were under way when it went away are one failure.
  if (!state.failing || now >= state.next_try) {
    const int doublings = std::min(state.pauses++, 10);
    state.next_try = now + std::min(kLongest, kShortest * (1 << doublings));
    state.failing = true;
  }
  return std::chrono::ceil<milliseconds>(state.next_try - now);
}

void PixelHosts::GaveUp(const std::string& host) { Ended(hosts_[host]); }

void PixelHosts::Ended(Host& host) {
  --host.under_way;
  --under_way_;
}

std::uint64_t PixelHosts::successes(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? 0 : found->second.successes;
}

bool PixelHosts::FailsOnlyFor(const std::string& host, std::uint64_t frame) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || found->second.failures == 0) return false;
  return found->second.failed_for == frame && !found->second.failed_for_several;
}

bool PixelHosts::Paused(const std::string& host, base::MonoTime now) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || !found->second.failing) return false;
  return now < found->second.next_try || found->second.under_way > 0;
}

std::optional<base::MonoTime> PixelHosts::NextTry(base::MonoTime now) const {
  std::optional<base::MonoTime> next;
  for (const auto& [name, host] : hosts_) {
    if (!host.failing || host.under_way > 0) continue;
    const base::MonoTime at = now < host.next_try ? host.next_try : host.next_try + kForgotten;
    if (!next || at < *next) next = at;
  }
  return next;
}

std::optional<std::string> PixelHosts::ForgetUnwanted(base::MonoTime now) {
  const auto unwanted = std::ranges::find_if(hosts_, [now](const auto& each) {
    const Host& host = each.second;
    return host.failing && host.under_way == 0 && now >= host.next_try + kForgotten;
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
