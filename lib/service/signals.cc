#include "service/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

namespace sampleproc::service {

Signals::Signals(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  signal_fd_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || wake_fd_ < 0) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
}

Signals::~Signals() {
  ::close(signal_fd_);
  ::close(wake_fd_);
}

int Signals::Wait(std::optional<std::chrono::milliseconds> patience) const {
  const int timeout = patience ? static_cast<int>(patience->count()) : -1;
  for (;;) {
    pollfd entries[] = {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    const int found = ::poll(entries, 2, timeout);
    if (found == 0) return 0;
    if (found < 0) continue;
    signalfd_siginfo info;
    if ((entries[0].revents & POLLIN) != 0 &&
        ::read(signal_fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      return static_cast<int>(info.ssi_signo);
    }
    if ((entries[1].revents & POLLIN) != 0) return 0;
  }
}

void Signals::Wake() const {
  const std::uint64_t one = 1;
  // Only a full counter could fail, and a full counter wakes as well.
  (void)!::write(wake_fd_, &one, sizeof one);
}

}  // namespace sampleproc::service
