#include "process/camera_turns.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace sampleproc::process {
namespace {

using base::ErrorCode;
using Turn = CameraTurns::Turn;

const std::optional<std::string> kDoor = "door";
const std::optional<std::string> kYard = "yard";

// Whether the turn may go now. A cancelled allowance makes Wait answer at once.
bool MayGo(Turn& turn) {
  base::Allowance allowance;
  allowance.cancel.Cancel();
  return turn.Wait(allowance).has_value();
}

TEST_CASE("a camera's frames go one after the other, other cameras' beside them") {
  CameraTurns turns;
  Turn first = turns.Begin();
  Turn second = turns.Begin();
  Turn other = turns.Begin();
  first.Declare(kDoor);
  second.Declare(kDoor);
  other.Declare(kYard);
  CHECK(MayGo(first));
  CHECK_FALSE(MayGo(second));
  CHECK(MayGo(other));
  first.End();
  CHECK(MayGo(second));
}

TEST_CASE("a turn that does not come was waited for too") {
  using std::chrono::milliseconds;
  CameraTurns turns;
  Turn first = turns.Begin();
  Turn second = turns.Begin();
  first.Declare(kDoor);
  second.Declare(kDoor);
  const base::Allowance allowance{.deadline = base::Deadline(base::SystemClock(), milliseconds(5))};
  CHECK_FALSE(second.Wait(allowance));
  CHECK(second.awaited_turn() > milliseconds(0));  // what was left of them when it began
  CHECK(second.waited() == milliseconds(0));  // its error says already that others are to blame
  first.End();
  const auto failed = second.awaited_turn();
  CHECK(second.Wait({}));
  CHECK(second.awaited_turn() == failed + second.waited());
  const Turn moved = std::move(second);
  CHECK(moved.awaited_turn() >= failed);
}

TEST_CASE("while nobody knows whose an earlier frame is, later ones wait") {
  CameraTurns turns;
  Turn unknown = turns.Begin();
  Turn later = turns.Begin();
  later.Declare(kDoor);
  CHECK_FALSE(MayGo(later));
  SECTION("it turns out to be another camera's") {
    unknown.Declare(kYard);
    CHECK(MayGo(later));
  }
  SECTION("it has no camera") {
    unknown.Declare(std::nullopt);
    CHECK(MayGo(later));
  }
  SECTION("it is the same camera's") {
    unknown.Declare(kDoor);
    CHECK_FALSE(MayGo(later));
  }
  SECTION("it fails before anybody knew") {
    unknown = Turn();
    CHECK(MayGo(later));
  }
}

TEST_CASE("a turn without a camera is over once that is said, and so is one that ended") {
  CameraTurns turns;
  Turn earlier = turns.Begin();
  Turn without = turns.Begin();
  without.Declare(std::nullopt);
  CHECK(turns.open() == 1);
  CHECK(MayGo(without));
  without.End();
  CHECK(turns.open() == 1);
}

TEST_CASE("a turn that is passed over holds nobody up and never comes") {
  CameraTurns turns;
  Turn stuck = turns.Begin();
  Turn later = turns.Begin();
  later.Declare(kDoor);
  SECTION("before anybody knew whose it is") {}
  SECTION("of the same camera") { stuck.Declare(kDoor); }
  CHECK_FALSE(MayGo(later));
  turns.PassOver(stuck.number());
  CHECK(MayGo(later));
  stuck.Declare(kDoor);
  CHECK(stuck.Wait({}).error().code == ErrorCode::kDeadline);
  CHECK(turns.open() == 1);
}

TEST_CASE("a turn that has come is not passed over: what it is at is not for two at a time") {
  CameraTurns turns;
  Turn first = turns.Begin();
  Turn second = turns.Begin();
  first.Declare(kDoor);
  second.Declare(kDoor);
  REQUIRE(first.Wait({}));
  turns.PassOver(first.number());
  CHECK_FALSE(MayGo(second));
}

TEST_CASE("the first declaration counts, and a moved turn keeps its place") {
  CameraTurns turns;
  Turn first = turns.Begin();
  first.Declare(kDoor);
  first.Declare(kYard);
  Turn second = turns.Begin();
  second.Declare(kDoor);
  Turn moved = std::move(first);
  CHECK_FALSE(MayGo(second));
  moved = Turn();
  CHECK(MayGo(second));
}

TEST_CASE("a caller without a turn never waits") {
  Turn none;
  none.Declare(kDoor);
  CHECK(MayGo(none));
  none.End();
}

TEST_CASE("waiting ends with the allowance") {
  CameraTurns turns;
  Turn first = turns.Begin();
  Turn second = turns.Begin();
  second.Declare(kDoor);
  base::Allowance cancelled;
  cancelled.cancel.Cancel();
  CHECK(second.Wait(cancelled).error().code == ErrorCode::kCancelled);
  base::Allowance late;
  late.deadline = base::Deadline(base::SystemClock(), std::chrono::milliseconds(1));
  CHECK(second.Wait(late).error().code == ErrorCode::kOverloaded);  // it was not its own time
}

TEST_CASE("a waiting turn ends as soon as it is cancelled") {
  CameraTurns turns;
  const Turn first = turns.Begin();
  Turn second = turns.Begin();
  second.Declare(kDoor);
  const base::Allowance allowance;
  std::jthread canceller([&] { allowance.cancel.Cancel(); });
  CHECK(second.Wait(allowance).error().code == ErrorCode::kCancelled);
}

TEST_CASE("many workers keep every camera's order, whatever fails in between", "[threads]") {
  constexpr int kFrames = 3000;
  constexpr int kCameras = 3;
  CameraTurns turns;
  std::mutex queue;
  int next = 0;  // guarded by queue
  std::array<std::atomic<int>, kCameras> last;
  for (auto& number : last) number = -1;
  std::atomic<int> out_of_order = 0;
  std::atomic<int> waited = 0;

  const auto work = [&](unsigned seed) {
    std::minstd_rand dice(seed);
    for (;;) {
      std::unique_lock lock(queue);
      if (next == kFrames) return;
      const int number = next++;
      Turn turn = turns.Begin();
      lock.unlock();
      const unsigned roll = static_cast<unsigned>(dice());
      if (roll % 11 == 0) continue;  // fails while its metadata is read
      if (roll % 7 == 0) {
        turn.Declare(std::nullopt);
        continue;
      }
      const int camera = number % kCameras;
      turn.Declare(std::to_string(camera));
      if (roll % 5 == 0) continue;  // fails while it is decoded
      if (roll % 3 == 0) std::this_thread::yield();
      if (!turn.Wait({})) return;
      ++waited;
      // Nobody else is here with this camera: a plain read and write suffice for the order.
      std::atomic<int>& before = last[static_cast<std::size_t>(camera)];
      if (before.load(std::memory_order_relaxed) >= number) ++out_of_order;
      before.store(number, std::memory_order_relaxed);
      if (roll % 2 == 0) turn.End();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < 8; ++i) workers.emplace_back(work, i + 1);
  }
  CHECK(out_of_order == 0);
  CHECK(waited > kFrames / 3);
  CHECK(turns.open() == 0);
}

TEST_CASE("a camera's frames follow each other stage by stage") {
  CameraTurns turns;
  Turn first = turns.Begin();
  Turn second = turns.Begin();
  first.Declare(kDoor);
  second.Declare(kDoor);
  CHECK(MayGo(first));
  CHECK_FALSE(MayGo(second));
  first.EndStage();  // the first is at its detector
  CHECK(MayGo(second));
  second.EndStage();  // and so is the second, which is not to overtake it
  CHECK_FALSE(MayGo(second));
  CHECK(MayGo(first));
  first.End();
  CHECK(MayGo(second));
}

TEST_CASE("who awaits all comes after the last stage of the frames before") {
  CameraTurns turns;
  Turn frame = turns.Begin();
  Turn end = turns.Begin();
  frame.Declare(kDoor);
  end.Declare(kDoor);
  end.AwaitAll();
  CHECK(MayGo(frame));
  frame.EndStage();
  CHECK_FALSE(MayGo(end));
  frame.End();
  CHECK(MayGo(end));
}

TEST_CASE(
    "a stuck frame that is passed over between two stages holds up nobody and comes too late") {
  CameraTurns turns;
  Turn first = turns.Begin();
  Turn second = turns.Begin();
  first.Declare(kDoor);
  second.Declare(kDoor);
  CHECK(MayGo(first));
  turns.PassOver(first.number());  // its turn has come: it is left alone
  CHECK_FALSE(MayGo(second));
  first.EndStage();
  turns.PassOver(first.number());
  CHECK(MayGo(second));
  second.EndStage();
  CHECK(MayGo(second));
  CHECK_FALSE(MayGo(first));
}

}  // namespace
}  // namespace sampleproc::process
