#include "consumer/pixels/host_conditions.h"

namespace sampleproc::consumer {

using telemetry::condition::kPixelHost;

void HostConditions::Raise(const std::string& name, std::string_view reason, base::MonoTime now) {
  Host& host = hosts_[name];
  if (!host.told) host.again = host.ended && now - *host.ended < kSteady;
  host.told = true;
  host.answered = false;
  host.last_failure = now;
  conditions_.Raise(kPixelHost, name, reason);
}

void HostConditions::Failed(const std::string& name, base::MonoTime now) noexcept {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  found->second.answered = false;
  found->second.last_failure = now;
}

void HostConditions::Answered(const std::string& name, base::MonoTime now) noexcept {
  const auto found = hosts_.find(name);
  if (found == hosts_.end() || !found->second.told) return;
  found->second.answered = true;
  if (!found->second.again) End(name, found->second, now);
}

void HostConditions::Forget(const std::string& name) noexcept {
  hosts_.erase(name);
  conditions_.Forget(kPixelHost, name);
}

void HostConditions::Look(base::MonoTime now) noexcept {
  for (auto& [name, host] : hosts_) {
    if (host.told && host.answered && now - host.last_failure >= kSteady) End(name, host, now);
  }
  std::erase_if(hosts_, [now](const auto& each) {
    return !each.second.told && now - *each.second.ended >= kSteady;
  });
}

void HostConditions::End(const std::string& name, Host& host, base::MonoTime now) noexcept {
  host.told = false;
  host.ended = now;
  conditions_.Forget(kPixelHost, name);  // which is watched here
}

}  // namespace sampleproc::consumer
