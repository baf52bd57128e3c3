#include "sim/scheduler.h"

#include <cxxabi.h>
#include <sys/single_threaded.h>
#include <ucontext.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <utility>

namespace sampleproc::sim {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;
// A fiber is interrupted at one lock in so many, on average.
constexpr std::size_t kInterrupted = 6;
// Before the clock must have moved.
constexpr std::uint64_t kMostSwitches = 2'000'000;

// The exceptions that a thread is at, which libstdc++ keeps by thread; fibers have one each.
struct Exceptions {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

void Swap(Exceptions& mine) {
  auto* const now = reinterpret_cast<Exceptions*>(abi::__cxa_get_globals());
  std::swap(*now, mine);
}

}  // namespace

struct Scheduler::Fiber {
  ucontext_t context{};
  std::unique_ptr<char[]> stack;  // none of the first, which has the thread's
  Start start = nullptr;
  void* argument = nullptr;
  void* result = nullptr;
  bool ended = false;
  const void* waits_for = nullptr;  // null: it can go on
  const char* how = "";
  Time until = kNever;
  bool timed_out = false;
  Exceptions exceptions;
  int error = 0;
  bool exempt = false;  // its allocations do not fail
  std::size_t number = 0;
};

Scheduler* Scheduler::current_ = nullptr;

Scheduler::Scheduler(std::uint64_t seed, Time longest,
                     std::function<void(const std::string&)> stands_still)
    : random_(seed), longest_(longest), stands_still_(std::move(stands_still)) {}

Scheduler::~Scheduler() = default;

void Scheduler::Run(const std::function<void()>& main) {
  fibers_.push_back(std::make_unique<Fiber>());
  running_ = fibers_.front().get();
  running_->exempt = true;
  current_ = this;
  __libc_single_threaded = 0;  // libstdc++ leaves out what one thread alone does not need
  main();
  const bool left = std::ranges::any_of(
      fibers_, [this](const auto& fiber) { return fiber.get() != running_ && !fiber->ended; });
  if (left) stands_still_("threads are left that nobody has joined\n" + Waiting());
  current_ = nullptr;
  running_ = nullptr;
}

std::uintptr_t Scheduler::Create(Start start, void* argument) {
  const Exempt exempt;
  auto fiber = std::make_unique<Fiber>();
  if (stacks_.empty()) {
    fiber->stack.reset(new char[kStackBytes]);
  } else {
    fiber->stack = std::move(stacks_.back());
    stacks_.pop_back();
  }
  fiber->start = start;
  fiber->argument = argument;
  fiber->number = ++created_;
  ::getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack.get();
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = nullptr;
  ::makecontext(&fiber->context, &Scheduler::Enter, 0);
  fibers_.push_back(std::move(fiber));
  const auto name = reinterpret_cast<std::uintptr_t>(fibers_.back().get());
  MaybeYield();
  return name;
}

void Scheduler::Enter() { current_->Body(); }

void Scheduler::Body() {
  Fiber* const self = running_;
  self->result = self->start(self->argument);
  self->ended = true;
  Wake(self, true);
  SwitchTo(Next());
}

void* Scheduler::Join(std::uintptr_t name) {
  auto* const fiber = reinterpret_cast<Fiber*>(name);
  while (!fiber->ended) Wait(fiber, kNever, "the end of a thread");
  const Exempt exempt;
  void* const result = fiber->result;
  stacks_.push_back(std::move(fiber->stack));
  std::erase_if(fibers_, [&](const auto& each) { return each.get() == fiber; });
  return result;
}

// Whoever can go on, drawn; when nobody can, the clock moves to the next moment that one waits for.
Scheduler::Fiber* Scheduler::Next() {
  for (;;) {
    Fiber* chosen = nullptr;
    Time next = kNever;
    std::size_t ready = 0;
    for (const auto& fiber : fibers_) {
      if (fiber->ended) continue;
      if (fiber->waits_for == nullptr) {
        // Each of those so far is the chosen one with the same chance.
        if (random_.Below(++ready) == 0) chosen = fiber.get();
      } else {
        next = std::min(next, fiber->until);
      }
    }
    if (chosen != nullptr) return chosen;
    if (next == kNever) stands_still_("all threads wait for each other\n" + Waiting());
    if (next > longest_) stands_still_("the run does not end\n" + Waiting());
    switches_at_ = switches_;
    now_ = std::max(now_, next);
    for (const auto& fiber : fibers_) {
      if (fiber->ended || fiber->waits_for == nullptr || fiber->until > now_) continue;
      fiber->waits_for = nullptr;
      fiber->timed_out = true;
    }
  }
}

void Scheduler::SwitchTo(Fiber* next) {
  Fiber* const self = running_;
  if (next == self) return;
  if (++switches_ - switches_at_ > kMostSwitches) {
    stands_still_("threads go round and no time passes\n" + Waiting());
  }
  self->error = errno;
  Swap(self->exceptions);
  running_ = next;
  ::swapcontext(&self->context, &next->context);
  Swap(self->exceptions);
  errno = self->error;
}

bool Scheduler::Wait(const void* what, Time until, const char* how) {
  Fiber* const self = running_;
  if (until <= now_ && until != kNever) {
    Yield();
    return false;
  }
  self->waits_for = what;
  self->how = how;
  self->until = until;
  self->timed_out = false;
  SwitchTo(Next());
  return !self->timed_out;
}

void Scheduler::Wake(const void* what, bool all) {
  if (all) {
    for (const auto& fiber : fibers_) {
      if (fiber->waits_for == what) fiber->waits_for = nullptr;
    }
    return;
  }
  Fiber* chosen = nullptr;
  std::size_t waiting = 0;
  for (const auto& fiber : fibers_) {
    if (fiber->waits_for == what && random_.Below(++waiting) == 0) chosen = fiber.get();
  }
  if (chosen != nullptr) chosen->waits_for = nullptr;
}

void Scheduler::MaybeYield() {
  if (random_.OneIn(kInterrupted)) Yield();
}

void Scheduler::AbandonOthers() {
  for (auto& fiber : fibers_) {
    if (fiber.get() == running_ || fiber->ended) continue;
    fiber->ended = true;
    fiber->waits_for = nullptr;
  }
}

void Scheduler::Yield() { SwitchTo(Next()); }

bool Scheduler::AllocationFails() {
  if (running_->exempt || !allocation_fails_) return false;
  const Exempt exempt;
  return allocation_fails_();
}

Scheduler::Exempt::Exempt(bool exempt) {
  if (current_ != nullptr) before_ = std::exchange(current_->running_->exempt, exempt);
}

Scheduler::Exempt::~Exempt() {
  if (current_ != nullptr) current_->running_->exempt = before_;
}

std::string Scheduler::Waiting() const {
  std::string text;
  for (const auto& fiber : fibers_) {
    if (fiber->ended) continue;
    char line[128];
    std::snprintf(line, sizeof line, "  thread %zu waits for %s %p until %lld ms\n", fiber->number,
                  fiber->waits_for == nullptr ? "its turn" : fiber->how, fiber->waits_for,
                  fiber->until == kNever ? -1LL : static_cast<long long>(fiber->until / 1'000'000));
    text += line;
  }
  return text;
}

}  // namespace sampleproc::sim
