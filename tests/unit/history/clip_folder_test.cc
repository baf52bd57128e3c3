#include "history/clip_folder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "history/folder_files.h"
#include "support/fake_clock.h"
#include "unit/history/clip_samples.h"

namespace sampleproc::history {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A folder of clips, by a clock of its own.
class Bench {
 public:
  testing::TempDir dir;
  testing::FakeClock clock;
  ClipOptions options{.path = dir.path() / "clips"};

  std::unique_ptr<ClipFolder> Open() {
    auto opened = ClipFolder::Open(options, clock);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  static base::Result<void> Add(ClipFolder& folder, int number, int picture,
                                std::size_t bytes = 1000) {
    return folder.Add(KeyOf(number), TimeOfPicture(picture) - TimeOfPicture(0),
                      JpegOf(picture, bytes));
  }
  // A clip of so many pictures, whole.
  base::Result<void> Keep(ClipFolder& folder, int number, int pictures = 5,
                          std::size_t bytes = 1000) {
    clock.Advance(seconds(1));
    if (auto begun = folder.Begin(KeyOf(number), FactsOfClip(number)); !begun) return begun;
    for (int i = 0; i < pictures; ++i) {
      if (auto added = Add(folder, number, i, bytes); !added) {
        folder.Abandon(KeyOf(number));
        return added;
      }
    }
    const auto ended = folder.End(KeyOf(number), ClipTime::max(), clock.Wall());
    return ended ? base::Result<void>() : std::unexpected(ended.error());
  }
  std::string PathOf(int number, std::string_view end = "") const {
    return (fs::path(options.path) / ClipFileName(KeyOf(number))).string().append(end);
  }
  static std::vector<PictureInClip> Pictures(int many, std::size_t bytes = 1000) {
    std::vector<PictureInClip> pictures;
    for (int i = 0; i < many; ++i) {
      pictures.push_back({TimeOfPicture(i) - TimeOfPicture(0), JpegOf(i, bytes)});
    }
    return pictures;
  }
};

TEST_CASE("a folder of clips has what was written, also after it was opened anew") {
  Bench bench;
  {
    const auto folder = bench.Open();
    REQUIRE(bench.Keep(*folder, 1));
    CHECK(folder->Has(KeyOf(1)));
    CHECK(folder->OpenToRead(KeyOf(1), EventId(1))->bytes == fs::file_size(bench.PathOf(1)));
    CHECK(folder->OpenToRead(KeyOf(1), "another-1-0000000000000001").error().code ==
          ErrorCode::kNotFound);
    CHECK(folder->Begin(KeyOf(1), FactsOfClip(1)).error().code == ErrorCode::kInvalidFrame);
  }
  const auto folder = bench.Open();
  CHECK(folder->OpenToRead(KeyOf(1), EventId(1))->came == bench.clock.Wall());
  CHECK(PicturesOf(bench.PathOf(1)) == Bench::Pictures(5));
  CHECK(folder->bytes() == FactsOf(bench.options.path).bytes);
  fs::remove(bench.PathOf(1));
  CHECK(folder->OpenToRead(KeyOf(1), EventId(1)).error().message.find("other hands") !=
        std::string::npos);
  CHECK_FALSE(folder->Has(KeyOf(1)));
  CHECK(folder->bytes() == 0);
}

TEST_CASE("what a clip has of the time after its event is cut off in the end") {
  Bench bench;
  const auto folder = bench.Open();
  REQUIRE(folder->Begin(KeyOf(1), FactsOfClip(1)));
  for (int i = 0; i < 20; ++i) REQUIRE(Bench::Add(*folder, 1, i));
  REQUIRE(folder->End(KeyOf(1), milliseconds(1'500), bench.clock.Wall()).value());
  CHECK(PicturesOf(bench.PathOf(1)) == Bench::Pictures(8));
  CHECK(folder->bytes() == fs::file_size(bench.PathOf(1)));
  // Nothing is left of one whose pictures are all later.
  REQUIRE(folder->Begin(KeyOf(2), FactsOfClip(2)));
  REQUIRE(Bench::Add(*folder, 2, 0));
  CHECK_FALSE(folder->End(KeyOf(2), milliseconds(-1), bench.clock.Wall()).value());
  CHECK(FactsOf(bench.options.path).files == 1);
  CHECK(folder->bytes() == fs::file_size(bench.PathOf(1)));
}

TEST_CASE("clips that were not written to their end are ended as far as they go") {
  Bench bench;
  const auto copy = [&](int number, std::uintmax_t bytes) {
    fs::copy_file(bench.dir.path() / "whole", bench.PathOf(number, kPartEnd));
    fs::resize_file(bench.PathOf(number, kPartEnd), bytes);
  };
  std::uintmax_t head = 0;
  std::uintmax_t size = 0;
  {
    const auto folder = bench.Open();
    REQUIRE(folder->Begin(KeyOf(1), FactsOfClip(1)));
    for (int i = 0; i < 6; ++i) REQUIRE(Bench::Add(*folder, 1, i));
    head = ClipHead(FactsOfClip(1))->size();
    size = fs::file_size(bench.PathOf(1, kPartEnd));
    fs::copy_file(bench.PathOf(1, kPartEnd), bench.dir.path() / "whole");
  }
  // As kill -9 may leave it: after any byte, and with what another file begins with.
  const std::uintmax_t each = (size - head) / 6;
  const std::set<std::uintmax_t> cuts = {0,         10,          head - 1, head,
                                         head + 15, head + each, size - 1, head + 3 * each + 31,
                                         size,      size - each};
  for (const std::uintmax_t cut : cuts) {
    fs::remove_all(bench.options.path);
    fs::create_directory(bench.options.path);
    copy(1, cut);
    const auto folder = bench.Open();
    CHECK_FALSE(fs::exists(bench.PathOf(1, kPartEnd)));
    const int whole = cut < head ? 0 : static_cast<int>((cut - head) / each);
    CHECK(folder->Has(KeyOf(1)) == (whole > 0));
    CHECK(folder->mended() == (whole > 0 ? 1 : 0));
    CHECK(folder->bytes() == FactsOf(bench.options.path).bytes);
    if (whole == 0) continue;
    CHECK(PicturesOf(bench.PathOf(1)) == Bench::Pictures(whole));
    CHECK(folder->OpenToRead(KeyOf(1), EventId(1)));
  }
}

TEST_CASE("what a machine that died has left of a clip's end is left out") {
  Bench bench;
  {
    const auto folder = bench.Open();
    REQUIRE(folder->Begin(KeyOf(1), FactsOfClip(1)));
    for (int i = 0; i < 6; ++i) REQUIRE(Bench::Add(*folder, 1, i));
  }
  const std::string part = bench.PathOf(1, kPartEnd);
  const auto size = fs::file_size(part);
  fs::resize_file(part, size - 2 * (kClusterHead + 1000));
  fs::resize_file(part, size);  // zeros instead of the last two
  const auto folder = bench.Open();
  CHECK(PicturesOf(bench.PathOf(1)) == Bench::Pictures(4));
}

TEST_CASE("files of others in the folder of clips are not touched") {
  Bench bench;
  fs::create_directory(bench.options.path);
  const auto write = [&](const std::string& name) {
    bench.dir.Write(fs::path("clips") / name, name);
  };
  const std::string foreign = ClipFileName(KeyOf(1));
  for (const std::string& name :
       {foreign, ClipFileName(KeyOf(2)) + std::string(kPartEnd), std::string("holiday.mkv")}) {
    write(name);
  }
  fs::create_directory(bench.PathOf(3, kPartEnd));
  bench.options.files = 1;
  const auto folder = bench.Open();
  for (int number = 10; number < 14; ++number) REQUIRE(bench.Keep(*folder, number));
  CHECK(fs::file_size(bench.PathOf(1)) == foreign.size());
  CHECK(std::distance(fs::directory_iterator(bench.options.path), {}) == 5);
  CHECK(folder->Has(KeyOf(13)));
  CHECK_FALSE(ClipFolder::Open(bench.options, bench.clock));  // it is used
}

TEST_CASE("at no time clips take more than they may, to the byte, and the oldest go first") {
  std::mt19937 random(20);
  for (int round = 0; round < 20; ++round) {
    Bench bench;
    bench.options.bytes = 20'000 + random() % 20'000;
    bench.options.files = 2 + static_cast<int>(random() % 6);
    const auto folder = bench.Open();
    std::set<int> open;
    std::map<int, int> pictures;
    std::vector<int> whole;
    for (int step = 0; step < 200; ++step) {
      const int number = static_cast<int>(random() % 40);
      bench.clock.Advance(seconds(1));
      if (open.contains(number) && random() % 3 == 0) {
        if (folder->End(KeyOf(number), ClipTime::max(), bench.clock.Wall()).value()) {
          whole.push_back(number);
        }
        open.erase(number);
      } else if (open.contains(number)) {
        const auto added = Bench::Add(*folder, number, pictures[number]++, 100 + random() % 3000);
        CHECK((added || added.error().code == ErrorCode::kTooLarge));
      } else if (!folder->Has(KeyOf(number))) {
        if (folder->Begin(KeyOf(number), FactsOfClip(number))) open.insert(number);
        pictures[number] = 0;
      }
      const FolderFacts facts = FactsOf(bench.options.path);
      CHECK(facts.bytes <= folder->bytes());
      CHECK(folder->bytes() <= bench.options.bytes);
      CHECK(facts.files == folder->files());
      CHECK(facts.files <= static_cast<std::size_t>(bench.options.files));
      // Those that are there are those that were whole last.
      bool gone = false;
      for (auto each = whole.rbegin(); each != whole.rend(); ++each) {
        gone = gone || !folder->Has(KeyOf(*each));
        const bool again = std::find(whole.rbegin(), each, *each) != each;
        if (!again) CHECK(folder->Has(KeyOf(*each)) != gone);
      }
    }
    for (const int number : open) (void)folder->End(KeyOf(number), ClipTime::max(), {});
    CHECK(FactsOf(bench.options.path).bytes == folder->bytes());
  }
}

TEST_CASE("a clip that leaves no room for itself is ended, and none is begun without room") {
  Bench bench;
  bench.options.bytes = 10'000;
  const auto folder = bench.Open();
  REQUIRE(bench.Keep(*folder, 1, 3));
  REQUIRE(folder->Begin(KeyOf(2), FactsOfClip(2)));
  int taken = 0;
  base::Result<void> added;
  while ((added = Bench::Add(*folder, 2, taken))) ++taken;
  CHECK(added.error().code == ErrorCode::kTooLarge);
  CHECK_FALSE(folder->Has(KeyOf(1)));
  CHECK(folder->WhyGone(KeyOf(1))->find("events.clips_max_bytes") != std::string_view::npos);
  ClipFacts facts = FactsOfClip(3);
  facts.event_id.insert(0, 3000, 'x');
  CHECK(folder->Begin(KeyOf(3), facts).error().code == ErrorCode::kTooLarge);
  REQUIRE(folder->End(KeyOf(2), ClipTime::max(), bench.clock.Wall()).value());
  CHECK(PicturesOf(bench.PathOf(2)) == Bench::Pictures(taken));
  CHECK(folder->bytes() <= 10'000);
  CHECK(FactsOf(bench.options.path).bytes == folder->bytes());
}

TEST_CASE("clips go when they are too old, and those that are being written stay") {
  Bench bench;
  bench.options.age = std::chrono::minutes(10);
  const auto folder = bench.Open();
  REQUIRE(bench.Keep(*folder, 1));
  REQUIRE(folder->Begin(KeyOf(2), FactsOfClip(2)));
  REQUIRE(Bench::Add(*folder, 2, 0));
  bench.clock.Advance(std::chrono::minutes(11));
  REQUIRE(bench.Keep(*folder, 3));
  REQUIRE(folder->Trim());
  CHECK_FALSE(folder->Has(KeyOf(1)));
  CHECK(folder->WhyGone(KeyOf(1))->find("events.clips_max_age") != std::string_view::npos);
  CHECK(folder->Has(KeyOf(3)));
  CHECK(folder->End(KeyOf(2), ClipTime::max(), bench.clock.Wall()).value());
  CHECK(folder->deleted() == 1);
}

}  // namespace
}  // namespace sampleproc::history
