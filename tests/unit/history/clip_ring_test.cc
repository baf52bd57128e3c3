#include "history/clip_ring.h"

#include <catch2/catch.hpp>

#include "unit/history/clip_samples.h"

namespace sampleproc::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Five pictures a second of each camera, which come as they were taken.
class Bench {
 public:
  ClipOptions options{.path = "unused", .before = seconds(5)};
  resources::MemoryBudget memory{std::size_t{1} << 30};
  std::optional<ClipRing> ring;

  void Begin() { ring.emplace(options, memory); }
  ClipRing::Added Add(int number, std::size_t bytes = 1000, const std::string& camera = "door") {
    const std::string jpeg = JpegOf(number, bytes);
    return ring->Add({.camera_id = camera,
                      .jpeg = base::AsBytes(jpeg),
                      .width = 160,
                      .height = 120,
                      .taken = TimeOfPicture(number)},
                     MonoOf(number));
  }
  static base::MonoTime MonoOf(int number) {
    return base::MonoTime(seconds(100) + number * milliseconds(200));
  }
  std::vector<int> Held(int from = 0, const std::string& camera = "door") const {
    std::vector<int> held;
    for (const ClipPicturePtr& picture : ring->From(camera, TimeOfPicture(from))) {
      held.push_back(static_cast<int>((picture->at - TimeOfPicture(0)) / milliseconds(200)));
      CHECK(picture->jpeg == JpegOf(held.back(), picture->jpeg.size()));
    }
    return held;
  }
};

std::vector<int> Range(int begin, int end) {
  std::vector<int> numbers;
  for (int number = begin; number < end; ++number) numbers.push_back(number);
  return numbers;
}

TEST_CASE("a ring holds the pictures of the seconds before, in the order of their times") {
  Bench bench;
  bench.Begin();
  for (int number = 0; number < 100; ++number) {
    // As workers may be done with them.
    bench.Add(number % 2 == 0 ? number + 1 : number - 1);
  }
  CHECK(bench.Held() == Range(49, 100));  // ten seconds
  CHECK(bench.Held(90) == Range(90, 100));
  CHECK(bench.ring->From("gate", {}).empty());
  CHECK(bench.memory.used() == 51 * (1000 + ClipRing::kOverhead));
  bench.ring.reset();
  CHECK(bench.memory.used() == 0);
}

TEST_CASE("a camera holds no more bytes than it may, and its oldest pictures go") {
  Bench bench;
  bench.options.camera_memory = 10 * (1000 + ClipRing::kOverhead);
  bench.Begin();
  for (int number = 0; number < 30; ++number) bench.Add(number);
  CHECK(bench.Held() == Range(20, 30));
  CHECK(bench.memory.used() == bench.options.camera_memory);
  CHECK_FALSE(bench.Add(30, bench.options.camera_memory).picture);  // more than that alone
  CHECK(bench.Held() == Range(20, 30));
}

TEST_CASE("without memory what came longest ago goes, whosever it is, and what clips hold stays") {
  Bench bench;
  resources::MemoryBudget memory(6 * (1000 + ClipRing::kOverhead));
  ClipRing ring(bench.options, memory);
  const auto add = [&](int number, const std::string& camera) {
    const std::string jpeg = JpegOf(number);
    return ring
        .Add({.camera_id = camera, .jpeg = base::AsBytes(jpeg), .taken = TimeOfPicture(number)},
             Bench::MonoOf(number))
        .picture;
  };
  std::vector<ClipPicturePtr> clip;
  for (int number = 0; number < 3; ++number) clip.push_back(add(number, "door"));
  for (int number = 3; number < 10; ++number) CHECK(add(number, "gate"));
  CHECK(ring.From("door", {}).empty());
  CHECK(ring.From("gate", {}).size() == 3);
  while (clip.size() < 6) clip.push_back(ring.From("gate", {})[clip.size() - 3]);
  CHECK_FALSE(add(10, "gate"));
  CHECK(ring.From("gate", {}).empty());
  clip.clear();
  CHECK(add(11, "gate"));
  CHECK(memory.used() == 1000 + ClipRing::kOverhead);
}

TEST_CASE("a camera whose time begins anew begins anew, and one that is silent is forgotten") {
  Bench bench;
  bench.Begin();
  for (int number = 1000; number < 1010; ++number) CHECK_FALSE(bench.Add(number).anew);
  // One odd frame is a fault of its sender; with two it is another recording.
  CHECK_FALSE(bench.Add(0).anew);
  CHECK(bench.Add(1).anew);
  CHECK_FALSE(bench.Add(2).anew);
  CHECK(bench.Held().size() < 4);
  bench.ring->Trim(Bench::MonoOf(2) + seconds(10) + ClipRing::kSilent);
  CHECK(bench.ring->cameras() == 1);
  bench.ring->Trim(Bench::MonoOf(3) + seconds(10) + ClipRing::kSilent);
  CHECK(bench.ring->cameras() == 0);
  CHECK(bench.memory.used() == 0);
}

TEST_CASE("whoever names cameras makes the ring hold no more of them than it may") {
  Bench bench;
  bench.Begin();
  const auto most = static_cast<int>(ClipRing::kMostCameras);
  for (int number = 0; number < most + 5; ++number) bench.Add(number, 100, std::to_string(number));
  CHECK(bench.ring->cameras() == ClipRing::kMostCameras);
  CHECK(bench.Held(0, "4").empty());
  CHECK(bench.Held(0, "5") == Range(5, 6));
}

TEST_CASE("pictures that have to be made are made five times a second, by the frames' times") {
  Bench bench;
  bench.Begin();
  int made = 0;
  for (int number = 0; number < 100; ++number) {  // 25 a second
    made += bench.ring->WantsMade("door", TimeOfPicture(0) + number * milliseconds(40), {}) ? 1 : 0;
  }
  CHECK(made == 20);
  CHECK(bench.ring->WantsMade("gate", std::nullopt, base::MonoTime(seconds(1))));
  CHECK_FALSE(bench.ring->WantsMade("gate", std::nullopt, base::MonoTime(milliseconds(1'100))));
  CHECK(bench.ring->WantsMade("gate", std::nullopt, base::MonoTime(milliseconds(1'200))));
  // A recording that begins again.
  CHECK(bench.ring->WantsMade("door", TimeOfPicture(0), {}));
}

}  // namespace
}  // namespace sampleproc::history
