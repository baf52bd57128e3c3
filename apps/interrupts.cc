#include "apps/interrupts.h"

#include <unistd.h>

#include <csignal>

namespace sampleproc::apps {

Interrupts::Interrupts(const base::CancelFlag& stop)
    : signals_{SIGHUP, SIGINT, SIGQUIT, SIGTERM}, watcher_([this, stop] { Watch(stop); }) {}

Interrupts::~Interrupts() {
  signals_.Wake();
  watcher_.join();
}

std::optional<ExitCode> Interrupts::code() const {
  const int signal = signal_;
  if (signal == 0) return std::nullopt;
  return static_cast<ExitCode>(static_cast<int>(ExitCode::kSignal) + signal);
}

void Interrupts::Watch(const base::CancelFlag& stop) {
  signal_ = signals_.Wait();
  if (signal_ == 0) return;
  stop.Cancel();
  if (signals_.Wait() != 0) ::_exit(static_cast<int>(*code()));
}

}  // namespace sampleproc::apps
