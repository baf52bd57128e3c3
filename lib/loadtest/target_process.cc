#include "loadtest/target_process.h"

// Not said by the header itself before glibc 2.37.
extern "C" {
#include <sys/pidfd.h>
}

#include <poll.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "loadtest/listener.h"

namespace sampleproc::loadtest {

using base::ErrorCode;
using base::Fail;

base::Result<base::Descriptor> OpenTargetProcess(pid_t pid, const Address& address) {
  base::Descriptor process(::pidfd_open(pid, 0));
  if (process.get() < 0) {
    return Fail(ErrorCode::kUnavailable,
                "process " + std::to_string(pid) + ": " + std::strerror(errno));
  }
  // In this order the process that is seen to listen is the one that was opened.
  if (auto listens = ListensAt(pid, address); !listens) return std::unexpected(listens.error());
  return process;
}

bool HasEnded(const base::Descriptor& process) {
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, 0) == 1;
}

base::Result<void> SendSignal(const base::Descriptor& process, int signal) {
  // Signals reach one that has ended and waits for its parent to notice, too.
  if (HasEnded(process)) return Fail(ErrorCode::kUnavailable, "the process had ended");
  if (::pidfd_send_signal(process.get(), signal, nullptr, 0) == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              errno == ESRCH ? "the process had ended" : std::strerror(errno));
}

}  // namespace sampleproc::loadtest
