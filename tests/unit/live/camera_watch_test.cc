#include "live/camera_watch.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cameras/directory.h"
#include "codec/jpeg_encoder.h"
#include "live/watches.h"
#include "support/counting_log.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace sampleproc::live {
namespace {

std::string Jpeg(int width, int height) {
  const std::vector<std::uint8_t> gray(static_cast<std::size_t>(width * height), 90);
  const auto encoded = codec::EncodeJpeg(
      {gray.data(), width, height, static_cast<std::size_t>(width), frame::PixelFormat::kGray8},
      80);
  REQUIRE(encoded);
  return {encoded->begin(), encoded->end()};
}

template <typename What>
void WaitUntil(What what) {
  while (!what()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Of one worker, and a folder of pictures that are different in size.
struct Bench {
  Bench() {
    process.pipeline = {"stats"};
    auto started = process::WorkerPool::Start(1, 4, {process, codec, budget, clock, states}, log);
    REQUIRE(started);
    pool = std::move(*started);
    for (int i = 0; i < 5; ++i) folder.Write("n" + std::to_string(i) + ".jpg", Jpeg(32 + i, 16));
  }

  WatchContext Context() {
    return {*pool,
            {tracker, clock, metrics},
            {codec, net, budget, std::chrono::milliseconds(100)},
            ids,
            conditions,
            log,
            logins,
            [this](const frame::FrameResult& result, const std::string& timestamp,
                   const base::SpanParent& /*trace*/) {
              // In a worker's thread, where nothing can be checked.
              if (timestamp.find('.') == std::string::npos) return;
              last_width = result.width;
              ++delivered;
            }};
  }

  cameras::Options Folder() const {
    return {.fps = 1000, .url = folder.path().string(), .loop = true};
  }
  static frame::CameraPtr Camera() {
    return std::make_shared<const frame::Camera>(frame::CameraSettings{.pipeline = {"stats"}});
  }

  const base::Clock& clock = base::SystemClock();
  testing::TempDir folder;
  test::CountingLog log;
  process::Options process;
  codec::Options codec;
  net::Options net;
  resources::MemoryBudget budget{64 << 20};
  process::CameraStates states{1, budget};
  process::FrameTracker tracker{100, log};
  telemetry::Registry registry{clock};
  process::Metrics metrics{registry, clock};
  telemetry::Conditions conditions{clock, log};
  base::IdSource ids{1};
  Logins logins;
  std::atomic<int> delivered{0};
  std::atomic<int> last_width{0};
  std::unique_ptr<process::WorkerPool> pool;
};

TEST_CASE("of the pictures that come while no worker is free the latest one is looked at") {
  Bench bench;
  std::promise<void> free;
  REQUIRE(bench.pool->Submit(
      [&free](process::Processor&, process::CameraTurns::Turn) { free.get_future().wait(); }));
  cameras::Options options = bench.Folder();
  options.loop = false;
  CameraWatch watch("yard", options, Bench::Camera(), bench.Context());
  WaitUntil([&] { return watch.gauges().ended; });
  // The first one waits for the worker, and the last one behind it.
  CHECK(watch.gauges().dropped == std::map<std::string_view, std::uint64_t>{{"superseded", 3}});
  CHECK(watch.gauges().looked_at == 0);
  free.set_value();
  WaitUntil([&] { return watch.gauges().looked_at == 2; });
  CHECK(watch.gauges().id == "yard");
  CHECK(watch.gauges().frames == 5);
  CHECK(watch.gauges().width == 36);
  CHECK(watch.AwaitIdle(base::Deadline(base::SystemClock(), std::chrono::seconds(60))));
  CHECK(bench.delivered == 2);
  CHECK(bench.last_width == 36);
  WaitUntil([&] { return bench.budget.used() == 0; });  // given back behind that
}

TEST_CASE("pictures that come too soon for the camera's fps are not looked at") {
  Bench bench;
  const auto slow = std::make_shared<const frame::Camera>(
      frame::CameraSettings{.pipeline = {"stats"}, .fps = 0.001});
  const CameraWatch watch("yard", bench.Folder(), slow, bench.Context());
  WaitUntil([&] { return watch.gauges().frames >= 12 && watch.gauges().looked_at == 1; });
  CHECK(watch.gauges().dropped.at("fps") + 1 >= 12);
  CHECK(watch.gauges().connected);
}

TEST_CASE("a picture that fails does not use up its camera's look") {
  Bench bench;
  bench.folder.Write("n0.jpg", Jpeg(32, 16).substr(0, 40));
  const auto slow = std::make_shared<const frame::Camera>(
      frame::CameraSettings{.pipeline = {"stats"}, .fps = 0.001});
  const CameraWatch watch("yard", bench.Folder(), slow, bench.Context());
  WaitUntil([&] { return watch.gauges().looked_at == 1 && watch.gauges().frames >= 12; });
  // Once, or again where a worker is so slow that the folder's beginning is next once more.
  CHECK(watch.gauges().dropped.at("failed") >= 1);
}

TEST_CASE("a picture that waits for a worker for longer than its max_age is dropped") {
  Bench bench;
  std::promise<void> free;
  REQUIRE(bench.pool->Submit(
      [&free](process::Processor&, process::CameraTurns::Turn) { free.get_future().wait(); }));
  cameras::Options options = bench.Folder();
  options.loop = false;
  const auto impatient = std::make_shared<const frame::Camera>(
      frame::CameraSettings{.pipeline = {"stats"}, .max_age = std::chrono::milliseconds(1)});
  CameraWatch watch("yard", options, impatient, bench.Context());
  WaitUntil([&] { return watch.gauges().ended; });
  const base::MonoTime old = bench.clock.Now() + std::chrono::milliseconds(2);
  WaitUntil([&] { return bench.clock.Now() > old; });
  free.set_value();
  CHECK(watch.AwaitIdle(base::Deadline(base::SystemClock(), std::chrono::seconds(60))));
  CHECK(watch.gauges().dropped ==
        std::map<std::string_view, std::uint64_t>{{"max_age", 2}, {"superseded", 3}});
  CHECK(watch.gauges().looked_at == 0);
}

TEST_CASE("pictures without memory are counted, and told when that goes on") {
  Bench bench;
  auto all = bench.budget.TryReserve(bench.budget.capacity(), "all");
  REQUIRE(all);
  CameraWatch watch("door", bench.Folder(), Bench::Camera(), bench.Context());
  WaitUntil([&] { return !bench.conditions.List().empty(); });
  CHECK(bench.conditions.List()[0].reason.find("resources.memory_limit") != std::string::npos);
  CHECK(watch.gauges().dropped.at("memory") >= 10);
  CHECK(bench.delivered == 0);
  *all = {};
  WaitUntil([&] { return bench.conditions.List().empty() && bench.delivered > 0; });
}

TEST_CASE("a camera that is away is a condition until it is back, or is no longer wanted") {
  Bench bench;
  cameras::Options options = bench.Folder();
  options.url += "/later.jpg";
  options.loop = true;
  {
    const CameraWatch watch("yard", options, Bench::Camera(), bench.Context());
    WaitUntil([&] { return watch.gauges().reconnects >= 2; });
    REQUIRE(bench.conditions.List().size() == 1);
    CHECK(bench.conditions.List()[0].subject == "yard");
    CHECK(bench.conditions.List()[0].reason.find("later.jpg") != std::string::npos);
    CHECK_FALSE(watch.gauges().error.empty());
    bench.folder.Write("later.jpg", Jpeg(64, 48));
    WaitUntil([&] { return watch.gauges().looked_at >= 1; });
    CHECK(bench.conditions.List().empty());
    CHECK(watch.gauges().error.empty());
    CHECK(bench.log.Count("condition begins") == 1);
    CHECK(bench.log.Count("condition ends") == 1);
  }
  options.url += ".none";
  {
    const CameraWatch watch("yard", options, Bench::Camera(), bench.Context());
    WaitUntil([&] { return !bench.conditions.List().empty(); });
  }
  CHECK(bench.conditions.List().empty());
}

TEST_CASE("new settings end the watches of the cameras that they change, and no others") {
  Bench bench;
  cameras::AllOptions wanted = {
      {"same", bench.Folder()}, {"other", bench.Folder()}, {"pushed", {.fps = 2}}};
  cameras::Directory directory({.pipeline = {"stats"}}, wanted);
  Watches watches(bench.Context());
  watches.Replace(wanted, directory);
  const auto of = [&](const std::string& id) {
    for (const auto& camera : watches.gauges()) {
      if (camera.id == id) return camera;
    }
    return cameras::CameraGauges{};
  };
  CHECK(watches.gauges().size() == 2);
  WaitUntil([&] { return of("same").frames >= 20 && of("other").frames >= 20; });
  const auto before = of("same").frames;
  wanted["other"].threshold = 0.25;
  wanted.emplace("new", bench.Folder());
  directory.Replace(wanted);
  watches.Replace(wanted, directory);
  CHECK(watches.gauges().size() == 3);
  CHECK(of("same").frames >= before);
  WaitUntil([&] { return of("new").frames > 0 && of("same").frames > before; });
  watches.Replace({}, directory);
  CHECK(watches.gauges().empty());
}

TEST_CASE("a camera's URL is shown without user, password and query") {
  CHECK(cameras::ShownUrl("http://me:canary@h:8080/a?pw=canary") == "http://h:8080/a");
  CHECK(cameras::ShownUrl("rtsp://me:c%40nary@[::1]/a") == "rtsp://[::1]/a");
  CHECK(cameras::ShownUrl("rtsp://me:can/ary@[::1]/a") == "rtsp://***@[::1]/a");
  CHECK(cameras::ShownUrl("rtsp://me:1?can@ry#x@h/a") == "rtsp://***");
  CHECK(cameras::ShownUrl("me:canary@h/a") == "***@h/a");
  CHECK(cameras::ShownUrl("rtsp:/me:canary@h/a") == "***@h/a");
  CHECK(cameras::ShownUrl("me:canary://x@h/a") == "***@h/a");
  CHECK(cameras::ShownUrl("rtsp://h/user=me&Password=canary&PWD=canary") ==
        "rtsp://h/user=me&Password=***&PWD=***");
  CHECK(cameras::ShownUrl("/srv/a@b.mp4") == "/srv/a@b.mp4");
}

TEST_CASE("a password stands behind the user of its URL, encoded") {
  const auto with = [](const char* url, const char* password) {
    return cameras::UrlWithPassword({.url = url, .password = password});
  };
  CHECK(with("rtsp://me@h/a@b", "p@s:s") == "rtsp://me:p%40s%3As@h/a@b");
  CHECK(with("rtsp://me@h/", "") == "rtsp://me@h/");
  CHECK(with("rtsp://h/", "unused") == "rtsp://h/");
}

TEST_CASE("what FFmpeg would cut off, or cannot reach, is told without user and password") {
  Bench bench;
  const cameras::SourceContext context{bench.codec, bench.net, bench.budget,
                                       std::chrono::milliseconds(100), testing::kVideoModule};
  const auto why = [&](const std::string& password) {
    const auto source = cameras::OpenSource(
        {.url = "rtsp://user5922@127.0.0.1:1/", .password = password}, context, {});
    REQUIRE_FALSE(source);
    CHECK(source.error().message.find("canary") == std::string::npos);
    CHECK(source.error().message.find("user5922") == std::string::npos);
    return source.error().message;
  };
  CHECK(why("canary" + std::string(120, 'x')).find("longer than 127") != std::string::npos);
  CHECK(why("canary").find("refused") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::live
