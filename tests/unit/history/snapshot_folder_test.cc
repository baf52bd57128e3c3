#include "history/snapshot_folder.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <set>

#include "support/fake_clock.h"
#include "unit/history/snapshot_samples.h"

namespace sampleproc::history {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// A folder of pictures, by a clock of its own.
class Bench {
 public:
  testing::TempDir dir;
  testing::FakeClock clock;
  SnapshotOptions options{.path = dir.path() / "pictures"};

  std::unique_ptr<SnapshotFolder> Open() {
    auto opened = SnapshotFolder::Open(options, clock);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  base::Result<void> Keep(SnapshotFolder& folder, int number, double confidence = 0.5,
                          std::size_t bytes = 1000) {
    clock.Advance(seconds(1));
    return folder.Keep(SnapshotOf(number, confidence), JpegOf(number, bytes), clock.Wall());
  }
  std::string JpegIn(SnapshotFolder& folder, int number) {
    const auto key = SnapshotKeyOf(EventId(number)).value();
    if (!folder.Find(key)) return "";
    const auto content = folder.Read(key, EventId(number));
    return content ? content->jpeg : content.error().message;
  }
  bool Has(const std::string& name) const { return fs::exists(fs::path(options.path) / name); }
  void Write(const std::string& name, std::string_view text) const {
    dir.Write(fs::path("pictures") / name, text);
  }
};

TEST_CASE("a folder of pictures gives back what it was given, also after it was opened anew") {
  Bench bench;
  {
    const auto folder = bench.Open();
    REQUIRE(bench.Keep(*folder, 1));
    REQUIRE(bench.Keep(*folder, 2));
    CHECK(bench.JpegIn(*folder, 1) == JpegOf(1));
    CHECK(bench.JpegIn(*folder, 3) == "");
  }
  const auto folder = bench.Open();
  CHECK(bench.JpegIn(*folder, 1) == JpegOf(1));
  const auto key = SnapshotKeyOf(EventId(2)).value();
  CHECK(folder->Read(key, EventId(2))->snapshot == SnapshotOf(2));
  CHECK(folder->Find(key)->came == bench.clock.Wall());
  CHECK(folder->bytes() == FactsOf(bench.options.path).bytes);
  CHECK(folder->files() == 2);
  // Who asks with another event's id that ends alike gets nothing.
  CHECK(folder->Read(key, "other-1-0000000000000002").error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("the surest picture of an event stays, in whatever order they come") {
  Bench bench;
  const auto folder = bench.Open();
  const auto keep = [&](double confidence, int picture) {
    bench.clock.Advance(seconds(1));
    return folder->Keep(SnapshotOf(1, confidence), JpegOf(picture), bench.clock.Wall());
  };
  REQUIRE(keep(0.6, 10));
  REQUIRE(keep(0.8, 11));
  REQUIRE(keep(0.7, 12));
  CHECK(bench.JpegIn(*folder, 1) == JpegOf(11));
  CHECK(FactsOf(bench.options.path).files == 1);
}

TEST_CASE(
    "the caps of a folder of pictures hold to the byte at every step, the oldest going first") {
  Bench bench;
  bench.options.bytes = 20'000;
  bench.options.files = 9;
  std::mt19937 random(7);
  auto folder = bench.Open();
  std::vector<int> order;  // of the pictures as they came last
  for (int step = 0; step < 2000; ++step) {
    const int number = static_cast<int>(random() % 40);
    const std::size_t bytes = 200 + random() % 6000;
    if (step % 97 == 0) {
      folder.reset();
      folder = bench.Open();
    }
    REQUIRE(bench.Keep(*folder, number, 0.3 + step * 1e-4, bytes));
    std::erase(order, number);
    order.push_back(number);
    const FolderFacts facts = FactsOf(bench.options.path);
    REQUIRE(facts.bytes <= bench.options.bytes);
    REQUIRE(facts.files <= 9);
    REQUIRE(folder->bytes() == facts.bytes);
    REQUIRE(folder->files() == facts.files);
    // Those that are there came last.
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool kept = i + facts.files >= order.size();
      REQUIRE(bench.Has(FileName(order[i])) == kept);
    }
  }
  CHECK(folder->deleted() > 0);
  CHECK(bench.Keep(*folder, 1, 0.9, 20'001).error().code == base::ErrorCode::kTooLarge);
}

TEST_CASE("why a picture was deleted is known") {
  Bench bench;
  bench.options.files = 2;
  bench.options.age = std::chrono::minutes(10);
  const auto folder = bench.Open();
  const auto why = [&](int number) {
    return std::string(folder->WhyGone(SnapshotKeyOf(EventId(number)).value()).value_or(""));
  };
  for (int number = 1; number <= 3; ++number) REQUIRE(bench.Keep(*folder, number));
  CHECK(why(1).ends_with("events.snapshots_max_files"));
  bench.clock.Advance(std::chrono::minutes(10) + seconds(1));
  REQUIRE(folder->Trim());
  CHECK(why(2).ends_with("events.snapshots_max_age"));
  CHECK(folder->files() == 0);
  CHECK(FactsOf(bench.options.path).files == 0);
  CHECK(why(4).empty());
}

TEST_CASE("smaller caps hold from the opening on") {
  Bench bench;
  {
    const auto folder = bench.Open();
    for (int number = 1; number <= 8; ++number) REQUIRE(bench.Keep(*folder, number));
  }
  bench.options.files = 3;
  CHECK(bench.Open()->files() == 3);
  CHECK(bench.Has(FileName(8)));
  bench.options.bytes = FactsOf(bench.options.path).bytes - 1;
  CHECK(bench.Open()->files() == 2);
  CHECK_FALSE(bench.Has(FileName(6)));
}

TEST_CASE("pictures of a clock that was ahead make room for new ones") {
  Bench bench;
  bench.options.files = 3;
  bench.clock.Advance(std::chrono::hours(1000));
  {
    const auto folder = bench.Open();
    for (int number = 1; number <= 3; ++number) REQUIRE(bench.Keep(*folder, number));
  }
  bench.clock.Advance(-std::chrono::hours(500));
  const auto folder = bench.Open();
  for (int number = 4; number <= 6; ++number) REQUIRE(bench.Keep(*folder, number));
  for (int number = 4; number <= 6; ++number) CHECK(bench.Has(FileName(number)));
}

TEST_CASE("only what is ours is deleted: by its name and by what it begins with") {
  Bench bench;
  bench.options.files = 1;
  fs::create_directory(bench.options.path);
  bench.Write("holiday.jpg", "not ours");
  bench.Write(FileName(1), "called as ours are, and not ours");
  bench.Write(FileName(2) + ".part", "likewise");
  const std::string begun = SnapshotHead(SnapshotOf(3)).value();
  bench.Write(FileName(3) + ".part", begun);
  bench.Write(FileName(4) + ".part", begun.substr(0, 10));
  bench.Write(FileName(5) + ".part", "");
  fs::create_symlink(bench.options.path + "/holiday.jpg", bench.options.path + "/" + FileName(6));
  fs::create_directory(bench.options.path + "/" + FileName(7));
  const auto folder = bench.Open();
  for (int number = 10; number < 15; ++number) REQUIRE(bench.Keep(*folder, number));
  CHECK(folder->files() == 1);
  CHECK(bench.JpegIn(*folder, 14) == JpegOf(14));
  CHECK(bench.Has("holiday.jpg"));
  CHECK(bench.Has(FileName(1)));
  CHECK(bench.Has(FileName(2) + ".part"));
  for (int number = 3; number <= 5; ++number) CHECK_FALSE(bench.Has(FileName(number) + ".part"));
  CHECK(fs::is_symlink(bench.options.path + "/" + FileName(6)));
  CHECK(bench.Has(FileName(7)));
  CHECK_FALSE(bench.Has(FileName(13)));
}

TEST_CASE("one process uses a folder of pictures at a time, and one that is moved is seen") {
  Bench bench;
  auto folder = bench.Open();
  const auto second = SnapshotFolder::Open(bench.options, bench.clock);
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "another process uses the folder");
  CHECK_FALSE(folder->Moved());
  fs::rename(bench.options.path, bench.dir.path() / "moved");
  CHECK(folder->Moved());
  fs::create_directory(bench.options.path);
  CHECK(folder->Moved());
  folder.reset();
  CHECK_FALSE(bench.Open()->Moved());
}

TEST_CASE("a picture that other hands have removed or damaged is not answered") {
  Bench bench;
  const auto folder = bench.Open();
  REQUIRE(bench.Keep(*folder, 1));
  REQUIRE(bench.Keep(*folder, 2));
  fs::remove(bench.options.path + "/" + FileName(1));
  bench.Write(FileName(2), "something else");
  CHECK(bench.JpegIn(*folder, 1).ends_with("by other hands"));
  CHECK(folder->files() == 1);
  CHECK(bench.JpegIn(*folder, 2).ends_with("is not as it was written"));
}

TEST_CASE("a folder that cannot be made or is a file is told") {
  Bench bench;
  bench.options.path = bench.dir.path() / "missing" / "pictures";
  CHECK(SnapshotFolder::Open(bench.options, bench.clock).error().message ==
        "the folder cannot be made: No such file or directory");
  bench.options.path = bench.dir.Write("file", "text");
  CHECK(SnapshotFolder::Open(bench.options, bench.clock).error().message ==
        "the folder cannot be opened: Not a directory");
}

}  // namespace
}  // namespace sampleproc::history
