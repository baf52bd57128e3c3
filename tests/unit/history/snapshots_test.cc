#include "history/snapshots.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <future>

#include "support/counting_log.h"
#include "unit/history/await.h"
#include "unit/history/snapshot_samples.h"

namespace sampleproc::history {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A keeper of pictures in a folder, by the machine's clock.
class Bench {
 public:
  testing::TempDir dir;
  SnapshotOptions options{.path = dir.path() / "pictures"};
  test::CountingLog log;
  telemetry::Conditions conditions{base::SystemClock(), log};
  resources::MemoryBudget budget{std::size_t{64} << 20};

  std::unique_ptr<Snapshots> Begin() {
    return std::make_unique<Snapshots>(options,
                                       SnapshotsContext{base::SystemClock(), budget, conditions,
                                                        [](int) { return milliseconds(10); }});
  }
  SnapshotPicturePtr Picture(int number, std::size_t bytes = 1000) {
    auto picture = std::make_shared<SnapshotPicture>();
    picture->jpeg = JpegOf(number, bytes);
    picture->memory = budget.TryReserve(picture->jpeg.size(), "a picture").value();
    return picture;
  }
  static base::Result<KeptSnapshot> Get(Snapshots& snapshots, int number, bool wanted = true) {
    std::promise<base::Result<KeptSnapshot>> answer;
    snapshots.Get(
        EventId(number), {}, [wanted](const auto&) { return wanted; },
        [&](base::Result<KeptSnapshot> kept) { answer.set_value(std::move(kept)); });
    return answer.get_future().get();
  }
  std::string Reason(Snapshots& snapshots) {
    snapshots.LookAfter();
    for (const auto& condition : conditions.List()) {
      if (condition.name == telemetry::condition::kSnapshots) return condition.reason;
    }
    return "";
  }
};

TEST_CASE("pictures are answered at once, kept soon, and there after the next start") {
  Bench bench;
  base::WallTime came;
  {
    const auto snapshots = bench.Begin();
    const auto both = bench.Picture(1);
    snapshots->Take(SnapshotOf(1), both);
    snapshots->Take(SnapshotOf(2), both);
    const auto kept = Bench::Get(*snapshots, 1);
    REQUIRE(kept);
    CHECK(kept->content.jpeg == JpegOf(1));
    CHECK(kept->content.snapshot == SnapshotOf(1));
    came = kept->facts.came;
    CHECK(Bench::Get(*snapshots, 1, false)->content.jpeg.empty());
    CHECK(Bench::Get(*snapshots, 3).error().code == ErrorCode::kNotFound);
    CHECK(snapshots->Finish(Patience()) == 0);
    CHECK(snapshots->counts().kept == 2);
    CHECK(Bench::Get(*snapshots, 1).error().code == ErrorCode::kShuttingDown);
    snapshots->Take(SnapshotOf(3), both);  // too late
    CHECK(snapshots->counts().waiting == 0);
  }
  CHECK(bench.budget.used() == 0);
  const auto snapshots = bench.Begin();
  CHECK(Bench::Get(*snapshots, 2)->content.jpeg == JpegOf(1));
  CHECK(Bench::Get(*snapshots, 1)->facts.came == came);
  CHECK(Await([&] { return snapshots->counts().files == 2; }));
  CHECK(snapshots->counts().bytes == FactsOf(bench.options.path).bytes);
}

TEST_CASE("pictures that cannot be kept are told of, wait within bounds, and are kept in the end") {
  Bench bench;
  bench.options.path = bench.dir.path() / "disk" / "pictures";
  const auto snapshots = bench.Begin();
  REQUIRE(
      Await([&] { return bench.Reason(*snapshots).find("No such file") != std::string::npos; }));
  CHECK(Bench::Get(*snapshots, 1000).error().code == ErrorCode::kUnavailable);
  const int most = static_cast<int>(Snapshots::kMostWaiting);
  for (int number = 0; number < most + 10; ++number) {
    snapshots->Take(SnapshotOf(number), bench.Picture(number));
  }
  CHECK(snapshots->counts().waiting == Snapshots::kMostWaiting);
  CHECK(snapshots->counts().dropped == 10);
  CHECK(bench.budget.used() == Snapshots::kMostWaiting * 1000);
  CHECK(bench.Reason(*snapshots).find("; 10 are not kept") != std::string::npos);
  CHECK(Bench::Get(*snapshots, 0)->content.jpeg == JpegOf(0));  // from memory
  // A surer one of an event that waits has its place.
  snapshots->Take(SnapshotOf(3, 0.7), bench.Picture(-3));
  snapshots->Take(SnapshotOf(3, 0.6), bench.Picture(-4));
  CHECK(snapshots->counts().dropped == 10);
  fs::create_directory(bench.dir.path() / "disk");
  REQUIRE(Await([&] { return snapshots->counts().kept == Snapshots::kMostWaiting; }));
  CHECK(Bench::Get(*snapshots, 3)->content.jpeg == JpegOf(-3));
  const auto none = Bench::Get(*snapshots, most + 1);
  CHECK(none.error().code == ErrorCode::kNotFound);
  CHECK(none.error().message.find("faster than they could be written") != std::string::npos);
  CHECK(Await([&] { return bench.Reason(*snapshots).empty(); }));
  CHECK(Await([&] { return bench.budget.used() == 0; }));
}

TEST_CASE("pictures beyond the bytes that may wait, and those that never fit, are dropped") {
  Bench bench;
  bench.options.bytes = 5000;
  const auto snapshots = bench.Begin();
  snapshots->Take(SnapshotOf(1), bench.Picture(1, Snapshots::kMostWaitingBytes + 1));
  CHECK(snapshots->counts().dropped == 1);
  snapshots->Take(SnapshotOf(2), bench.Picture(2, 6000));
  snapshots->Take(SnapshotOf(3), bench.Picture(3));
  REQUIRE(Await([&] { return snapshots->counts().kept == 1; }));
  CHECK(snapshots->counts().dropped == 2);
  CHECK(Bench::Get(*snapshots, 2)
            .error()
            .message.ends_with("larger than events.snapshots_max_bytes"));
  snapshots->Miss(SnapshotOf(4));
  CHECK(Bench::Get(*snapshots, 4).error().message.find("could not be made") != std::string::npos);
  CHECK(snapshots->counts().dropped == 3);
}

TEST_CASE("a folder of pictures that is removed or replaced while in use is begun anew") {
  Bench bench;
  const auto snapshots = bench.Begin();
  snapshots->Take(SnapshotOf(1), bench.Picture(1));
  REQUIRE(Await([&] { return snapshots->counts().kept == 1; }));
  fs::remove_all(bench.options.path);
  snapshots->Take(SnapshotOf(2), bench.Picture(2));
  REQUIRE(Await([&] { return snapshots->counts().kept == 2; }));
  CHECK(FactsOf(bench.options.path).files == 1);
  CHECK(Bench::Get(*snapshots, 1).error().code == ErrorCode::kNotFound);
  CHECK(Bench::Get(*snapshots, 2));
}

TEST_CASE("what waits at the end is told as lost when it cannot be kept") {
  Bench bench;
  bench.options.path = bench.dir.path() / "disk" / "pictures";
  const auto snapshots = bench.Begin();
  snapshots->Take(SnapshotOf(1), bench.Picture(1));
  CHECK(snapshots->Finish(Patience()) == 1);
}

}  // namespace
}  // namespace sampleproc::history
