// Tells which hosts of pixels are away, without a line for each moment.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// The condition of a host ends with its next answer. One that begins again within kSteady after
// that lasts until the host has answered and nothing of it has failed for kSteady. A decision by
// given times; used by one thread at a time.
class HostConditions {
 public:
  static constexpr std::chrono::seconds kSteady{5};

  explicit HostConditions(telemetry::Conditions& conditions) : conditions_(conditions) {}

  void Raise(const std::string& name, std::string_view reason, base::MonoTime now);
  // A fetch failed, be it that the host is not paused for it.
  void Failed(const std::string& name, base::MonoTime now) noexcept;
  void Answered(const std::string& name, base::MonoTime now) noexcept;
  // There is no frame of it any more.
  void Forget(const std::string& name) noexcept;
  // Ends what is to end by now; while it is not idle() it is to be called now and then.
  void Look(base::MonoTime now) noexcept;
  bool idle() const { return hosts_.empty(); }

 private:
  struct Host {
    bool told = false;
    bool again = false;     // it began soon after it had ended
    bool answered = false;  // since its last failure
    base::MonoTime last_failure{};
    std::optional<base::MonoTime> ended;
  };

  void End(const std::string& name, Host& host, base::MonoTime now) noexcept;

  telemetry::Conditions& conditions_;
  std::map<std::string, Host> hosts_;  // that are away, or were within kSteady
};

}  // namespace sampleproc::consumer
