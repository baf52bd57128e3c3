#include "telemetry/crash_flush.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <utility>

namespace sampleproc::telemetry {
namespace {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

constexpr std::array<int, 5> kFaults = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// What a handler can get at. Written while no handler is in place.
struct Watched {
  std::atomic<const LogProgress*> progress = nullptr;
  std::array<struct sigaction, kFaults.size()> before = {};
};

Watched& TheWatched() {
  static constinit Watched watched;
  return watched;
}

std::int64_t NowMs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void AwaitLines(const LogProgress& progress) {
  if (progress.thread == ::gettid()) return;
  const std::uint64_t wanted = progress.kept;
  const std::int64_t begun = NowMs();
  std::int64_t moved = begun;
  std::uint64_t seen = progress.writes;
  while (progress.settled < wanted) {
    const std::int64_t now = NowMs();
    const std::uint64_t writes = progress.writes;
    if (writes != seen) moved = now;
    seen = writes;
    if (now - moved >= CrashFlush::kStill.count() || now - begun >= CrashFlush::kLongest.count()) {
      return;
    }
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

void OnFault(int signal, siginfo_t* info, void*) {
  const int error = errno;
  const Watched& watched = TheWatched();
  if (const LogProgress* progress = watched.progress) AwaitLines(*progress);
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    if (kFaults[i] == signal) ::sigaction(signal, &watched.before[i], nullptr);
  }
  // A fault happens again as soon as the handler has returned; what was sent has to be sent again.
  if (info->si_code <= 0) ::raise(signal);
  errno = error;
}

}  // namespace

CrashFlush::CrashFlush(std::shared_ptr<const LogProgress> progress)
    : progress_(std::move(progress)) {
  Watched& watched = TheWatched();
  const LogProgress* none = nullptr;
  in_charge_ = watched.progress.compare_exchange_strong(none, progress_.get());
  if (!in_charge_) return;
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    ::sigaction(kFaults[i], nullptr, &watched.before[i]);
  }
  struct sigaction action{};
  action.sa_sigaction = &OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : kFaults) ::sigaction(signal, &action, nullptr);
}

CrashFlush::~CrashFlush() {
  if (!in_charge_) return;
  Watched& watched = TheWatched();
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    ::sigaction(kFaults[i], &watched.before[i], nullptr);
  }
  watched.progress = nullptr;
}

}  // namespace sampleproc::telemetry
