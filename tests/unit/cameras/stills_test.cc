#include "cameras/stills.h"

#include <catch2/catch.hpp>
#include <optional>

#include "support/fake_clock.h"

namespace sampleproc::cameras {
namespace {

using std::chrono::milliseconds;

struct Bench {
  explicit Bench(std::size_t memory = 1 << 20) : budget(memory), stills(budget, clock) {}

  // What is answered; nothing while it is waited for.
  using Answer = std::shared_ptr<std::optional<StillPtr>>;
  Answer Ask(const std::string& id, bool annotated = false,
             std::optional<std::chrono::nanoseconds> age = milliseconds(1)) {
    auto answer = std::make_shared<std::optional<StillPtr>>();
    stills.Ask(id, annotated, age, [answer](StillPtr still) { answer->emplace(std::move(still)); });
    return answer;
  }

  testing::FakeClock clock;
  resources::MemoryBudget budget;
  Stills stills;
};

TEST_CASE("who asks for a picture gets that of the next frame, and others the same") {
  Bench bench;
  CHECK_FALSE(bench.stills.AnyWanted());
  const auto first = bench.Ask("door");
  const auto second = bench.Ask("door");
  CHECK_FALSE(*first);
  CHECK(bench.stills.AnyWanted());
  CHECK(bench.stills.WantedOf("door").plain);
  CHECK(bench.stills.WantedOf("door").annotated);
  CHECK_FALSE(bench.stills.WantedOf("yard").plain);
  bench.stills.Put("door", false, "jpeg");
  bench.stills.Put("door", true, "annotated");
  REQUIRE(*first);
  REQUIRE(*second);
  CHECK((**first)->jpeg == "jpeg");
  CHECK(**first == **second);
  CHECK_FALSE(bench.stills.AnyWanted());
}

TEST_CASE("a picture is handed out again while it is fresh, and made anew after that") {
  Bench bench;
  const auto first = bench.Ask("door");
  bench.stills.Put("door", false, "one");
  bench.clock.Advance(Stills::kFresh - milliseconds(1));
  const auto second = bench.Ask("door");
  REQUIRE(*second);
  CHECK((**second)->number == (**first)->number);
  bench.clock.Advance(milliseconds(1));
  const auto third = bench.Ask("door");
  CHECK_FALSE(*third);
  bench.stills.Put("door", false, "two");
  CHECK((**third)->jpeg == "two");
  CHECK((**third)->number != (**first)->number);
}

TEST_CASE("a picture with boxes is another one, and both are made of a frame and held") {
  Bench bench;
  const auto plain = bench.Ask("door");
  const auto annotated = bench.Ask("door", true);
  bench.stills.Put("door", false, "plain");
  REQUIRE(*plain);
  CHECK_FALSE(*annotated);
  bench.stills.Put("door", true, "annotated");
  REQUIRE(*annotated);
  CHECK((**annotated)->jpeg == "annotated");
  REQUIRE(*bench.Ask("door"));
}

TEST_CASE("who asks for the other kind gets it, however long the next frame takes") {
  Bench bench;
  const auto plain = bench.Ask("door");
  const auto wants = bench.stills.WantedOf("door");
  if (wants.plain) bench.stills.Put("door", false, "plain");
  if (wants.annotated) bench.stills.Put("door", true, "annotated");
  bench.clock.Advance(milliseconds(1'500));
  const auto annotated = bench.Ask("door", true);
  bench.clock.Advance(Stills::kPatience);
  bench.stills.LookAfter();
  REQUIRE(*annotated);
  REQUIRE(**annotated != nullptr);
  CHECK((**annotated)->jpeg == "annotated");
}

TEST_CASE("without memory for one kind who waits for the other has that") {
  Bench bench(10);
  const auto plain = bench.Ask("door");
  const auto annotated = bench.Ask("door", true);
  bench.stills.Put("door", false, "too large for it");
  REQUIRE(*plain);
  CHECK(**plain == nullptr);
  CHECK_FALSE(*annotated);
  bench.stills.Put("door", true, "fits");
  REQUIRE(*annotated);
  CHECK((**annotated)->jpeg == "fits");
}

TEST_CASE("a picture of the last frame that came is handed out at once, however old it is") {
  Bench bench;
  const auto first = bench.Ask("door");
  bench.stills.Put("door", false, "one");
  bench.clock.Advance(milliseconds(3'000));
  const auto second = bench.Ask("door", false, milliseconds(3'001));
  REQUIRE(*second);
  CHECK(**second == **first);
  // The next frame's is made all the same, for who asks next.
  CHECK(bench.stills.WantedOf("door").plain);
  bench.stills.Put("door", false, "two");
  bench.stills.Put("door", true, "two with boxes");
  CHECK_FALSE(bench.stills.AnyWanted());
  const auto third = bench.Ask("door");
  CHECK((**third)->jpeg == "two");
}

TEST_CASE("a camera that sends no frame is waited for only so long") {
  Bench bench;
  const auto nothing = bench.Ask("door");
  bench.clock.Advance(Stills::kPatience - milliseconds(1));
  bench.stills.LookAfter();
  CHECK_FALSE(*nothing);
  bench.clock.Advance(milliseconds(1));
  bench.stills.LookAfter();
  REQUIRE(*nothing);
  CHECK(**nothing == nullptr);
  // It comes late, and is kept for who asks again.
  CHECK(bench.stills.AnyWanted());
  bench.stills.Put("door", false, "late");
  const auto late = bench.Ask("door");
  REQUIRE(*late);
  CHECK((**late)->jpeg == "late");
  bench.clock.Advance(Stills::kFresh);

  const auto first = bench.Ask("door");
  bench.stills.Put("door", false, "old");
  bench.clock.Advance(milliseconds(1'500));
  const auto again = bench.Ask("door");
  bench.clock.Advance(Stills::kPatience);
  bench.stills.LookAfter();
  REQUIRE(*again);
  CHECK((**again)->jpeg == "old");
  // Nobody waits for a camera that is known to be silent.
  REQUIRE(*bench.Ask("door", false, Stills::kLive));
  REQUIRE(*bench.Ask("yard", false, std::nullopt));
}

TEST_CASE("pictures are paid for out of the budget until nobody has asked for long") {
  Bench bench(1'000);
  {
    const auto answer = bench.Ask("door");
    bench.stills.Put("door", false, std::string(600, 'x'));
    CHECK(bench.budget.used() == 600);
    bench.clock.Advance(Stills::kWanted);
    bench.stills.LookAfter();
    CHECK(bench.budget.used() == 600);  // on its way to who asked
  }
  CHECK(bench.budget.used() == 0);

  const auto first = bench.Ask("door");
  bench.stills.Put("door", false, std::string(600, 'x'));
  bench.clock.Advance(Stills::kFresh);
  const auto second = bench.Ask("door");
  bench.stills.Put("door", false, std::string(600, 'y'));  // no room for two
  REQUIRE(*second);
  CHECK(**second == **first);
  CHECK_FALSE(bench.stills.WantedOf("door").plain);
}

TEST_CASE("what nobody has asked for lately is not made") {
  Bench bench;
  bench.Ask("door", false, std::nullopt);
  CHECK(bench.stills.AnyWanted());
  bench.clock.Advance(Stills::kWanted);
  bench.stills.LookAfter();
  CHECK_FALSE(bench.stills.AnyWanted());
}

TEST_CASE("the number of cameras and of those who wait is bounded") {
  Bench bench;
  std::vector<Bench::Answer> waiting;
  for (std::size_t i = 0; i < Stills::kMostWaiting; ++i) waiting.push_back(bench.Ask("door"));
  const auto one_more = bench.Ask("yard");
  REQUIRE(*one_more);
  CHECK(**one_more == nullptr);
  CHECK_FALSE(*waiting.back());
  for (std::size_t i = 0; i < 2 * Stills::kMostCameras; ++i) {
    bench.Ask("invented-" + std::to_string(i), false, std::nullopt);
  }
  bench.stills.Put("door", false, "jpeg");
  for (const auto& each : waiting) CHECK((*each && **each));
}

TEST_CASE("nobody waits for pictures of a service that ends") {
  Bench bench;
  const auto answer = bench.Ask("door");
  bench.stills.Close();
  REQUIRE(*answer);
  REQUIRE(*bench.Ask("door"));
  CHECK_FALSE(bench.stills.AnyWanted());
  bench.stills.Put("door", false, "jpeg");
  CHECK(bench.budget.used() == 0);
}

}  // namespace
}  // namespace sampleproc::cameras
