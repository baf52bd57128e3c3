#include "service/shutdown_phases.h"

#include <algorithm>

namespace sampleproc::service {

std::chrono::milliseconds TimeForWork(std::chrono::milliseconds timeout, Afterwards afterwards) {
  if (afterwards == Afterwards::kNothing) return TimeForResults(timeout);
  return timeout - std::min(std::chrono::milliseconds(1'500), timeout / 3);
}

std::chrono::milliseconds TimeForResults(std::chrono::milliseconds timeout) {
  return timeout - std::min(std::chrono::milliseconds(500), timeout / 5);
}

std::int64_t ShutdownPhases::Since(base::MonoTime then) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now() - then).count();
}

void ShutdownPhases::Begin(std::string_view name) {
  End();
  phase_begun_ = clock_.Now();
  line_ = "shutdown " + std::to_string(++number_) + "/" + std::to_string(kPhases) + ": ";
  line_ += name;
  log_.Info(line_);
  notifier_.Send("STATUS=" + line_);
}

void ShutdownPhases::End() {
  if (line_.empty()) return;
  log_.Info(line_ + " done", {{"took_ms", Since(phase_begun_)}});
  line_.clear();
}

std::int64_t ShutdownPhases::TookMs() const { return Since(begun_); }

}  // namespace sampleproc::service
