#include "process/frame_tracker.h"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/null_logger.h"

namespace sampleproc::process {
namespace {

using frame::FrameAction;
using frame::FrameState;

void GoThrough(TrackedFrame& frame, std::initializer_list<FrameAction> actions) {
  for (const FrameAction action : actions) CHECK(frame.Apply(action));
}

std::size_t InRegistry(const FrameTracker& tracker) {
  std::size_t sum = 0;
  for (const std::size_t count : tracker.CountByState()) sum += count;
  return sum;
}

TEST_CASE("a frame goes through its states and leaves the registry; totals stay") {
  test::NullLogger log;
  FrameTracker tracker(10, log);
  {
    TrackedFrame frame = tracker.Receive("a");
    GoThrough(frame, {FrameAction::kValidate, FrameAction::kQueue, FrameAction::kStart});
    CHECK(tracker.CountByState()[static_cast<std::size_t>(FrameState::kProcessing)] == 1);
    TrackedFrame moved = std::move(frame);
    GoThrough(moved, {FrameAction::kComplete, FrameAction::kArchive});
    CHECK(moved.state() == FrameState::kArchived);
    CHECK(InRegistry(tracker) == 1);
  }
  CHECK(InRegistry(tracker) == 0);
  CHECK(tracker.totals().frames == 1);
  CHECK(tracker.totals().entered[static_cast<std::size_t>(FrameState::kCompleted)] == 1);
}

TEST_CASE("an invalid transition is refused, counted and changes nothing") {
  test::NullLogger log;
  FrameTracker tracker(10, log);
  TrackedFrame frame = tracker.Receive("a");
  const auto refused = frame.Apply(FrameAction::kComplete);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "a frame that is RECEIVED does not allow 'complete'");
  CHECK(frame.state() == FrameState::kReceived);
  CHECK(tracker.totals().refused == 1);
}

TEST_CASE("retries are counted by frame") {
  test::NullLogger log;
  FrameTracker tracker(10, log);
  TrackedFrame frame = tracker.Receive("a");
  GoThrough(frame, {FrameAction::kValidate, FrameAction::kQueue});
  for (int i = 0; i < 3; ++i) {
    GoThrough(frame, {FrameAction::kStart, FrameAction::kFail, FrameAction::kRetry,
                      FrameAction::kRequeue});
  }
  TrackedFrame other = tracker.Receive("b");
  CHECK(tracker.totals().retries == 3);
  CHECK(tracker.totals().max_retries == 3);
  CHECK(tracker.totals().frames_with_retries == 1);
}

TEST_CASE("the same id may be on its way twice") {
  test::NullLogger log;
  FrameTracker tracker(10, log);
  TrackedFrame first = tracker.Receive("same");
  TrackedFrame second = tracker.Receive("same");
  CHECK(first.Apply(FrameAction::kValidate));
  CHECK(second.state() == FrameState::kReceived);
  CHECK(InRegistry(tracker) == 2);
}

TEST_CASE("at its cap the registry lets frames through and counts them as untracked") {
  test::NullLogger log;
  FrameTracker tracker(2, log);
  std::vector<TrackedFrame> held;
  for (int i = 0; i < 5; ++i) held.push_back(tracker.Receive("x"));
  CHECK(InRegistry(tracker) == 2);
  CHECK(tracker.totals().untracked == 3);
  GoThrough(held.back(), {FrameAction::kValidate, FrameAction::kQueue, FrameAction::kStart,
                          FrameAction::kComplete});
  held.clear();
  CHECK(InRegistry(tracker) == 0);
}

TEST_CASE("callbacks that throw harm nothing, for 100,000 frames") {
  test::NullLogger log;
  FrameTracker tracker(100, log);
  int transitions = 0, completed = 0;
  tracker.OnTransition([](const FrameTransition&) { throw std::runtime_error("no"); });
  tracker.OnTransition([&](const FrameTransition&) { ++transitions; });
  tracker.OnEnter(FrameState::kCompleted, [&](const FrameTransition& transition) {
    ++completed;
    if (transition.frame_id == "f") throw std::runtime_error("no");
  });
  for (int i = 0; i < 100'000; ++i) {
    TrackedFrame frame = tracker.Receive("f");
    (void)frame.Apply(FrameAction::kValidate);
    (void)frame.Apply(FrameAction::kQueue);
    (void)frame.Apply(FrameAction::kStart);
    (void)frame.Apply(FrameAction::kComplete);
  }
  CHECK(transitions == 400'000);
  CHECK(completed == 100'000);
  CHECK(tracker.totals().callback_failures == 500'000);
  CHECK(InRegistry(tracker) == 0);
}

// Kilobytes of the process that are in memory (proc(5), /proc/self/statm).
long ResidentKilobytes() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, resident = 0;
  statm >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

// A sanitizer keeps freed memory for a while, so it cannot be measured, and is slow at it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasured = false;
#else
constexpr bool kMeasured = true;
#endif

TEST_CASE("ten million frames leave memory flat, at the registry's cap too") {
  const int count = kMeasured ? 10'000'000 : 200'000;
  test::NullLogger log;
  FrameTracker tracker(4, log);
  std::deque<TrackedFrame> on_their_way;
  const auto frames = [&](int more) {
    for (int i = 0; i < more; ++i) {
      on_their_way.push_back(tracker.Receive("a frame whose id does not fit into the object"));
      (void)on_their_way.back().Apply(FrameAction::kValidate);
      if (on_their_way.size() > 8) on_their_way.pop_front();
    }
  };
  frames(100'000);
  const long before = ResidentKilobytes();
  frames(count - 100'000);
  const long growth = ResidentKilobytes() - before;
  if (kMeasured) CHECK(growth < 20'000);  // two bytes a frame would be as much
  on_their_way.clear();
  CHECK(tracker.totals().frames == static_cast<std::uint64_t>(count));
  CHECK(tracker.totals().untracked > 0);
  CHECK(InRegistry(tracker) == 0);
}

TEST_CASE("many threads keep the counts right") {
  test::NullLogger log;
  FrameTracker tracker(3, log);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5'000; ++i) {
          TrackedFrame frame = tracker.Receive("f");
          (void)frame.Apply(FrameAction::kValidate);
          (void)frame.Apply(FrameAction::kFail);  // invalid here
        }
      });
    }
  }
  CHECK(tracker.totals().frames == 20'000);
  CHECK(tracker.totals().refused == 20'000);
  CHECK(InRegistry(tracker) == 0);
}

}  // namespace
}  // namespace sampleproc::process
