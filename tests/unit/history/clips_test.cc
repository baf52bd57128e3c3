#include "history/clips.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <future>

#include "support/counting_log.h"
#include "support/fake_clock.h"
#include "unit/history/await.h"
#include "unit/history/clip_samples.h"

namespace sampleproc::history {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using frame::Event;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A keeper of clips in a folder, by the machine's clock unless the test has one; its frames have
// their own.
class Bench {
 public:
  testing::TempDir dir;
  ClipOptions options{.path = dir.path() / "clips", .before = seconds(2), .after = seconds(1)};
  test::CountingLog log;
  telemetry::Conditions conditions{base::SystemClock(), log};
  const base::Clock* clock = &base::SystemClock();
  std::unique_ptr<Clips> clips;

  void Begin() {
    clips.reset();
    clips = std::make_unique<Clips>(
        options, ClipsContext{*clock, conditions, [](int) { return milliseconds(10); },
                              [](const std::string& id) { return !id.starts_with("invented"); }});
  }
  void Add(int number, std::size_t bytes = 1000, const std::string& camera = "door") const {
    const std::string jpeg = JpegOf(number, bytes);
    clips->Add({.camera_id = camera,
                .jpeg = base::AsBytes(jpeg),
                .width = 160,
                .height = 120,
                .taken = TimeOfPicture(number)});
  }
  void AddAll(int begin, int end) const {
    for (int number = begin; number < end; ++number) Add(number);
  }
  // Of the event `number`: it began and was seen last with these pictures.
  void Tell(Event::Type type, int number, int begin, int last,
            const std::string& camera = "door") const {
    Event event;
    event.event_id = EventId(number);
    event.type = type;
    event.camera_id = camera;
    event.class_name = "person";
    event.start = TimeOfPicture(begin);
    event.time = TimeOfPicture(last);
    event.frame_id = "frame";
    if (type == Event::Type::kEnd) event.end = TimeOfPicture(last);
    clips->Tell(event);
  }
  base::Result<OpenClipPtr> Get(int number) const {
    std::promise<base::Result<OpenClipPtr>> answer;
    clips->Get(EventId(number), {},
               [&](base::Result<OpenClipPtr> clip) { answer.set_value(std::move(clip)); });
    return answer.get_future().get();
  }
  std::string WhyNot(int number) const {
    const auto clip = Get(number);
    return clip ? "" : clip.error().message;
  }
  std::string PathOf(int number) const {
    return (fs::path(options.path) / ClipFileName(KeyOf(number))).string();
  }
  // The numbers of its pictures, each of which is as it came and when.
  std::vector<int> PicturesIn(int number) const {
    std::vector<int> numbers;
    int first = -1;
    for (const PictureInClip& picture : PicturesOf(PathOf(number))) {
      const auto name = picture.jpeg.substr(picture.jpeg.find("picture ") + 8);
      numbers.push_back(std::stoi(name));
      if (first < 0) first = numbers.back();
      CHECK(picture.since == TimeOfPicture(numbers.back()) - TimeOfPicture(first));
      CHECK(picture.jpeg == JpegOf(numbers.back(), picture.jpeg.size()));
    }
    return numbers;
  }
  std::string Reason() const {
    clips->LookAfter();
    for (const auto& condition : conditions.List()) {
      if (condition.name == telemetry::condition::kClips) return condition.reason;
    }
    return "";
  }
};

std::vector<int> Range(int begin, int end) {
  std::vector<int> numbers;
  for (int number = begin; number < end; ++number) numbers.push_back(number);
  return numbers;
}

TEST_CASE("a clip has what came from before its event to after it, as it came") {
  Bench bench;
  bench.Begin();
  bench.AddAll(0, 33);
  bench.Tell(Event::Type::kNew, 1, 30, 32);
  CHECK(bench.WhyNot(1).find("not whole yet") != std::string::npos);
  bench.AddAll(33, 70);
  bench.Tell(Event::Type::kEnd, 1, 30, 50);
  REQUIRE(Await([&] { return bench.Get(1).has_value(); }));
  CHECK(bench.PicturesIn(1) == Range(20, 56));
  const auto clip = bench.Get(1).value();
  CHECK(clip->bytes == fs::file_size(bench.PathOf(1)));
  CHECK(bench.clips->counts().kept == 1);
  CHECK(bench.clips->counts().open == 0);
  std::promise<base::Result<std::string>> read;
  bench.clips->Read(clip, 0, 4, [&](auto bytes) { read.set_value(std::move(bytes)); });
  CHECK(read.get_future().get().value() == "\x1A\x45\xDF\xA3");
  CHECK(bench.Get(2).error().code == ErrorCode::kNotFound);
  CHECK(bench.WhyNot(2).find("no such event") != std::string::npos);
}

TEST_CASE("a clip is whole although its camera sends nothing any more, or when all ends") {
  Bench bench;
  bench.options.after = seconds(0);
  bench.Begin();
  bench.AddAll(0, 10);
  bench.Tell(Event::Type::kNew, 1, 5, 9);
  bench.Tell(Event::Type::kEnd, 1, 5, 9);
  REQUIRE(Await([&] { return bench.Get(1).has_value(); }));
  CHECK(bench.PicturesIn(1) == Range(0, 10));
  bench.Tell(Event::Type::kNew, 2, 9, 9);
  CHECK(bench.clips->Finish(Patience()) == 0);
  CHECK(bench.PicturesIn(2) == Range(0, 10));
  CHECK(bench.Get(1).error().code == ErrorCode::kShuttingDown);
}

TEST_CASE(
    "frames that say the same time are all shown, and those that come in disorder stand in order") {
  testing::FakeClock still;  // none of them is too late for its place
  Bench bench;
  bench.clock = &still;
  bench.Begin();
  bench.AddAll(0, 5);
  bench.Tell(Event::Type::kNew, 1, 4, 4);
  for (const int number : {6, 5, 8, 7, 9}) bench.Add(number);
  bench.Add(9);
  CHECK(bench.clips->Finish(Patience()) == 0);
  const auto pictures = PicturesOf(bench.PathOf(1));
  REQUIRE(pictures.size() == 11);
  for (int number = 0; number < 10; ++number) {
    CHECK(pictures[static_cast<std::size_t>(number)].jpeg == JpegOf(number));
  }
  CHECK(pictures[10].since == pictures[9].since + ClipTime(1));
}

TEST_CASE("a clip is no longer than it may be, whatever its event does") {
  Bench bench;
  bench.options.longest = seconds(10);
  bench.Begin();
  bench.AddAll(0, 21);
  bench.Tell(Event::Type::kNew, 1, 20, 20);
  bench.AddAll(21, 100);
  REQUIRE(Await([&] { return bench.Get(1).has_value(); }));
  CHECK(bench.PicturesIn(1) == Range(10, 61));
  bench.Tell(Event::Type::kEnd, 1, 20, 99);
  CHECK(bench.Get(1).has_value());
}

TEST_CASE("events of several cameras at once have a clip each, and too many have none") {
  Bench bench;
  bench.Begin();
  for (int number = 0; number < 10; ++number) {
    for (const char* camera : {"door", "gate"}) bench.Add(number, 1000, camera);
  }
  const auto of_camera = static_cast<int>(Clips::kMostOpenOfCamera);
  for (int event = 1; event <= of_camera + 1; ++event) bench.Tell(Event::Type::kNew, event, 8, 9);
  bench.Tell(Event::Type::kNew, 100, 8, 9, "gate");
  CHECK(bench.clips->counts().open == Clips::kMostOpenOfCamera + 1);
  CHECK(bench.clips->counts().dropped == 1);
  CHECK(bench.WhyNot(of_camera + 1).find("too many events") != std::string::npos);
  CHECK(bench.clips->Finish(Patience()) == 0);
  CHECK(bench.PicturesIn(1) == Range(0, 10));
  CHECK(bench.PicturesIn(of_camera) == Range(0, 10));
  CHECK(bench.PicturesIn(100) == Range(0, 10));
}

TEST_CASE("cameras that are not configured leave room for those that are") {
  Bench bench;
  bench.Begin();
  constexpr int kHalf = static_cast<int>(Clips::kMostOpen) / 2;
  for (int event = 1; event <= kHalf + 1; ++event) {
    const std::string camera = "invented-" + std::to_string(event);
    bench.Add(0, 1000, camera);
    bench.Tell(Event::Type::kNew, event, 0, 0, camera);
  }
  CHECK(bench.clips->counts().open == kHalf);
  CHECK(bench.WhyNot(kHalf + 1).find("cameras that are not configured") != std::string::npos);
  CHECK(bench.Reason().find("too many events go on at once") != std::string::npos);
  bench.AddAll(0, 10);
  bench.Tell(Event::Type::kNew, 100, 8, 9);
  CHECK(bench.clips->counts().open == kHalf + 1);
  CHECK(bench.clips->Finish(Patience()) == 0);
}

TEST_CASE(
    "clips that cannot be written are told of, wait within bounds, and are written in the end") {
  Bench bench;
  bench.options.path = bench.dir.path() / "disk" / "clips";
  bench.options.memory = 40 * (1000 + ClipRing::kOverhead);
  bench.options.camera_memory = bench.options.memory;
  bench.Begin();
  bench.AddAll(0, 10);
  bench.Tell(Event::Type::kNew, 1, 9, 9);
  REQUIRE(Await([&] { return bench.Reason().find("No such file") != std::string::npos; }));
  CHECK(bench.Get(1).error().code == ErrorCode::kUnavailable);
  bench.AddAll(10, 60);
  CHECK(bench.clips->counts().pictures_dropped == 20);
  CHECK(bench.clips->counts().memory == bench.options.memory);
  CHECK(bench.Reason().find("; 20 pictures or clips are missing") != std::string::npos);
  bench.Tell(Event::Type::kEnd, 1, 9, 59);
  fs::create_directory(bench.dir.path() / "disk");
  REQUIRE(Await([&] { return bench.Get(1).has_value(); }));
  CHECK(bench.PicturesIn(1) == Range(0, 40));
  CHECK(Await([&] { return bench.Reason().empty(); }));
}

TEST_CASE("a clip for which there is no room is cut, and told of") {
  Bench bench;
  bench.options.bytes = 8'000;
  bench.Begin();
  bench.AddAll(0, 3);
  bench.Tell(Event::Type::kNew, 1, 2, 2);
  bench.AddAll(3, 30);
  REQUIRE(Await([&] { return bench.Get(1).has_value(); }));
  CHECK(bench.PicturesIn(1) == Range(0, 7));
  CHECK(bench.clips->counts().pictures_dropped > 0);
  CHECK(bench.clips->counts().bytes <= 8'000);
  bench.Tell(Event::Type::kNew, 2, 29, 29);
  bench.Tell(Event::Type::kEnd, 2, 29, 29);
  REQUIRE(Await([&] { return bench.Get(2).has_value(); }));
  CHECK(bench.PicturesIn(2) == Range(19, 26));
  CHECK(bench.WhyNot(1).find("events.clips_max_bytes") != std::string::npos);
}

TEST_CASE("an event without pictures has no clip, and that is said") {
  Bench bench;
  bench.Begin();
  bench.Tell(Event::Type::kNew, 1, 0, 0);
  bench.Tell(Event::Type::kEnd, 1, 0, 0);
  REQUIRE(Await([&] { return bench.clips->counts().dropped == 1; }));
  CHECK(bench.WhyNot(1).find("no picture of its camera") != std::string::npos);
}

TEST_CASE("a clip that was not whole when the process ended is ended at the next start") {
  Bench bench;
  bench.Begin();
  bench.AddAll(0, 10);
  bench.Tell(Event::Type::kNew, 1, 9, 9);
  REQUIRE(Await([&] { return bench.clips->counts().pictures_written == 10; }));
  bench.Begin();  // without Finish
  REQUIRE(Await([&] { return bench.Get(1).has_value(); }));
  CHECK(bench.PicturesIn(1) == Range(0, 10));
  CHECK(bench.clips->counts().kept == 1);
}

TEST_CASE("a folder of clips that is removed while in use is begun anew") {
  Bench bench;
  bench.Begin();
  bench.AddAll(0, 3);
  bench.Tell(Event::Type::kNew, 1, 2, 2);
  REQUIRE(Await([&] { return bench.clips->counts().pictures_written == 3; }));
  fs::remove_all(bench.options.path);
  bench.AddAll(3, 6);
  REQUIRE(Await([&] { return bench.clips->counts().pictures_written == 6; }));
  CHECK(bench.clips->Finish(Patience()) == 0);
  CHECK(bench.PicturesIn(1) == Range(3, 6));
}

TEST_CASE("clips that cannot be written at the end are told as cut") {
  Bench bench;
  bench.options.path = bench.dir.path() / "disk" / "clips";
  bench.Begin();
  bench.AddAll(0, 3);
  bench.Tell(Event::Type::kNew, 1, 2, 2);
  CHECK(bench.clips->Finish(Patience()) == 1);
}

}  // namespace
}  // namespace sampleproc::history
