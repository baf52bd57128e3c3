#include "video/video_reader.h"

#include <malloc.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "support/ffmpeg.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/video/reading.h"
#include "video/module/luma.h"

namespace sampleproc::video {
namespace {

using frame::PixelFormat;
using testing::Quoted;
using testing::RunFfmpeg;
using testing::TempDir;

constexpr auto kGray = PixelFormat::kGray8;
constexpr auto kBgr = PixelFormat::kBgr24;

// The frames `chosen` (ffmpeg's select expression) of a video in ffmpeg's own layout.
std::string Reference(const std::filesystem::path& path, const std::string& chosen,
                      const std::string& format) {
  return RunFfmpeg("-i " + Quoted(path) + " -map 0:v:0 -vsync passthrough -vf \"select='" + chosen +
                   "'\" -sws_flags bicubic+bitexact -pix_fmt " + format + " -f rawvideo -");
}

int MostDifference(std::string_view a, std::string_view b) {
  REQUIRE(a.size() == b.size());
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most =
        std::max(most, std::abs(static_cast<std::uint8_t>(a[i]) - static_cast<std::uint8_t>(b[i])));
  }
  return most;
}

std::string Stretched(std::string_view luma) {
  std::string gray(luma);
  for (char& value : gray) {
    const double scaled = (static_cast<std::uint8_t>(value) - 16) * 255.0 / 219.0;
    value = static_cast<char>(static_cast<int>(std::floor(std::clamp(scaled, 0.0, 255.0) + 0.5)));
  }
  return gray;
}

struct SampleVideo {
  const char* name;
  std::size_t frames;
  int width;
  int height;
  double frame_seconds;
};

// Megamind_bugy.avi differs from its sibling in what its head says, not in its pictures' data: all
// of it can be decoded, and is.
TEST_CASE("the sample videos have the frames, sizes, times and pixels that ffmpeg finds",
          "[video]") {
  const SampleVideo sample = GENERATE(SampleVideo{"vtest.avi", 795, 768, 576, 0.1},
                                      SampleVideo{"Megamind.avi", 270, 720, 528, 125.0 / 2997},
                                      SampleVideo{"Megamind_bugy.avi", 270, 720, 528, 1.0 / 30});
  INFO(sample.name);
  const auto path = test::SamplePath(sample.name);
  const std::size_t chosen[] = {0, 1, 100, 269};
  const std::string select = "eq(n,0)+eq(n,1)+eq(n,100)+eq(n,269)";
  const std::string yuv = Reference(path, select, "yuv420p");
  const std::string bgr = Reference(path, select, "bgr24");
  const auto pixels = static_cast<std::size_t>(sample.width * sample.height);
  REQUIRE(yuv.size() == std::size(chosen) * pixels * 3 / 2);

  resources::MemoryBudget budget(std::size_t{1} << 30);
  for (const PixelFormat wanted : {kGray, kBgr}) {
    auto reader = VideoReader::Open(path.string(), TestOptions(), {}, budget);
    REQUIRE(reader);
    std::size_t count = 0;
    std::size_t compared = 0;
    for (;; ++count) {
      auto next = (*reader)->Next(wanted, {});
      REQUIRE(next);
      if (!*next) break;
      const VideoFrame& frame = **next;
      REQUIRE(frame.index == count);
      REQUIRE(frame.image.width == sample.width);
      REQUIRE(frame.image.height == sample.height);
      REQUIRE(frame.image.format == wanted);
      REQUIRE(frame.pts);
      REQUIRE(std::abs(*frame.pts - static_cast<double>(count) * sample.frame_seconds) < 1e-9);
      if (compared == std::size(chosen) || count != chosen[compared]) continue;
      INFO("frame " << count);
      const std::string_view all = wanted == kGray ? yuv : bgr;
      const std::size_t size = wanted == kGray ? pixels * 3 / 2 : pixels * 3;
      const std::string_view own = all.substr(compared * size, size);
      if (wanted == kGray) {
        CHECK(Same(Packed(frame.image), Stretched(own.substr(0, pixels))));
      } else {
        CHECK(MostDifference(Packed(frame.image), own) <= 1);
      }
      ++compared;
    }
    CHECK(count == sample.frames);
    CHECK(compared == std::size(chosen));
    // The end is not a surprise the second time.
    auto again = (*reader)->Next(wanted, {});
    REQUIRE(again);
    CHECK_FALSE(*again);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("a codec that stores RGB gives its own colours, and their luma", "[video]") {
  const auto path = test::SamplePath("tree.avi");
  const std::string bgr = Reference(path, "lt(n,3)", "bgr24");
  const ReadVideo colour = ReadAll(path, kBgr);
  const ReadVideo gray = ReadAll(path, kGray);
  CHECK_FALSE(colour.error);
  REQUIRE(colour.frames.size() == 68);
  REQUIRE(gray.frames.size() == 68);
  const std::size_t pixels = 320 * 240;
  REQUIRE(bgr.size() == 3 * 3 * pixels);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string own = bgr.substr(i * 3 * pixels, 3 * pixels);
    CHECK(Same(colour.frames[i].pixels, own));
    std::string luma(pixels, '\0');
    for (std::size_t p = 0; p < pixels; ++p) {
      const auto channel = [&](std::size_t c) { return static_cast<std::uint8_t>(own[3 * p + c]); };
      luma[p] = static_cast<char>(
          (19595u * channel(2) + 38470u * channel(1) + 7471u * channel(0) + 32768u) >> 16);
    }
    CHECK(Same(gray.frames[i].pixels, luma));
  }
}

struct Made {
  const char* file;
  const char* arguments;
};

TEST_CASE("every container and codec on the list reads as ffmpeg reads it", "[video]") {
  const Made made =
      GENERATE(Made{"a.mp4", "-c:v libx264 -bf 2 -g 6"}, Made{"a.mov", "-c:v mpeg4 -bf 2"},
               Made{"a.mkv", "-c:v libx264 -bf 2 -g 6"}, Made{"a.ts", "-c:v libx264 -bf 2 -g 6"},
               Made{"a.m2ts", "-c:v mpeg2video -bf 2"}, Made{"a.mpg", "-r 25 -c:v mpeg1video"},
               Made{"a.webm", "-c:v libvpx"}, Made{"b.webm", "-c:v libvpx-vp9 -cpu-used 8"},
               Made{"a.avi", "-c:v msmpeg4"}, Made{"b.avi", "-c:v wmv2"},
               Made{"b.mp4", "-c:v libx265 -x265-params log-level=none:pools=1"},
               Made{"b.mkv", "-c:v ffv1"}, Made{"c.avi", "-c:v rawvideo"});
  INFO(made.file << " " << made.arguments);
  const TempDir dir;
  const auto path = dir.path() / made.file;
  // An odd width leaves rows that fill no register.
  RunFfmpeg("-i " + Quoted(test::SamplePath("vtest.avi")) +
            " -frames:v 12 -vf crop=310:238 -pix_fmt yuv420p " + made.arguments + " " +
            Quoted(path));
  const ReadVideo gray = ReadAll(path, kGray);
  const ReadVideo colour = ReadAll(path, kBgr);
  INFO((gray.error ? gray.error->message : ""));
  REQUIRE_FALSE(gray.error);
  REQUIRE_FALSE(colour.error);
  REQUIRE(gray.frames.size() == 12);
  REQUIRE(colour.frames.size() == 12);
  const std::string yuv = Reference(path, "1", "yuv420p");
  const std::string bgr = Reference(path, "1", "bgr24");
  const std::size_t pixels = 310 * 238;
  REQUIRE(yuv.size() == 12 * pixels * 3 / 2);
  for (std::size_t i = 0; i < 12; ++i) {
    INFO("frame " << i);
    CHECK(Same(gray.frames[i].pixels, Stretched(yuv.substr(i * pixels * 3 / 2, pixels))));
    CHECK(MostDifference(colour.frames[i].pixels, bgr.substr(i * pixels * 3, pixels * 3)) <= 1);
    REQUIRE(gray.frames[i].pts);
    if (std::string_view(made.arguments).starts_with("-r 25")) continue;
    CHECK(*gray.frames[i].pts - *gray.frames[0].pts ==
          Approx(0.1 * static_cast<double>(i)).margin(0.0011));
  }
}

TEST_CASE("luma of full range is taken as it is", "[video]") {
  const TempDir dir;
  for (const char* name : {"a.mjpeg", "a.avi", "a.mov"}) {
    INFO(name);
    const auto path = dir.path() / name;
    RunFfmpeg("-i " + Quoted(test::SamplePath("vtest.avi")) + " -frames:v 3 -c:v mjpeg -q:v 2 " +
              Quoted(path));
    const ReadVideo video = ReadAll(path, kGray);
    REQUIRE(video.frames.size() == 3);
    CHECK_FALSE(video.error);
    const std::string yuv = Reference(path, "1", "yuvj420p");
    const std::size_t pixels = 768 * 576;
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(Same(video.frames[i].pixels, yuv.substr(i * pixels * 3 / 2, pixels)));
    }
  }
}

TEST_CASE("luma in other layouts is found", "[video]") {
  const TempDir dir;
  const auto path = dir.path() / "a.mkv";
  const std::string make = "-i " + Quoted(test::SamplePath("vtest.avi")) + " -frames:v 2 ";
  const std::size_t pixels = 768 * 576;
  SECTION("ten bits") {
    RunFfmpeg(make + "-pix_fmt yuv420p10le -c:v ffv1 " + Quoted(path));
    const std::string raw = Reference(path, "eq(n,1)", "yuv420p10le");
    const ReadVideo video = ReadAll(path, kGray);
    REQUIRE(video.frames.size() == 2);
    std::string gray(pixels, '\0');
    for (std::size_t i = 0; i < pixels; ++i) {
      const int sample =
          static_cast<std::uint8_t>(raw[2 * i]) + 256 * static_cast<std::uint8_t>(raw[2 * i + 1]);
      gray[i] = static_cast<char>(static_cast<int>(
          std::floor(std::clamp((sample - 64) * 255.0 / 876.0, 0.0, 255.0) + 0.5)));
    }
    CHECK(Same(video.frames[1].pixels, gray));
  }
  SECTION("packed with colour between") {
    const auto avi = dir.path() / "a.avi";
    RunFfmpeg(make + "-pix_fmt yuyv422 -c:v rawvideo " + Quoted(avi));
    const std::string raw = Reference(avi, "eq(n,1)", "yuyv422");
    const ReadVideo video = ReadAll(avi, kGray);
    REQUIRE(video.frames.size() == 2);
    std::string luma(pixels, '\0');
    for (std::size_t i = 0; i < pixels; ++i) luma[i] = raw[2 * i];
    CHECK(Same(video.frames[1].pixels, Stretched(luma)));
  }
}

TEST_CASE("two readers in two threads do not disturb each other", "[video]") {
  const TempDir dir;
  const auto path = dir.path() / "short.avi";
  RunFfmpeg("-i " + Quoted(test::SamplePath("vtest.avi")) + " -frames:v 60 -c copy " +
            Quoted(path));
  const ReadVideo alone = ReadAll(path, kGray);
  REQUIRE(alone.frames.size() == 60);
  ReadVideo both[2];
  {
    std::jthread first([&] { both[0] = ReadAll(path, kGray); });
    std::jthread second([&] { both[1] = ReadAll(path, kGray); });
  }
  for (const ReadVideo& video : both) {
    REQUIRE(video.frames.size() == 60);
    for (std::size_t i = 0; i < 60; ++i)
      CHECK(Same(video.frames[i].pixels, alone.frames[i].pixels));
  }
}

TEST_CASE("memory does not grow with the frames", "[video]") {
  resources::MemoryBudget budget(std::size_t{1} << 30);
  auto reader =
      VideoReader::Open(test::SamplePath("vtest.avi").string(), TestOptions(), {}, budget);
  REQUIRE(reader);
  std::size_t early = 0;
  std::size_t early_budget = 0;
  for (int i = 0; i < 600; ++i) {
    const auto next = (*reader)->Next(i % 2 == 0 ? kGray : kBgr, {});
    REQUIRE(next);
    if (i == 100) {
      early = mallinfo2().uordblks + mallinfo2().hblkhd;
      early_budget = budget.used();
    }
  }
  CHECK(mallinfo2().uordblks + mallinfo2().hblkhd < early + (1u << 20));
  CHECK(budget.used() == early_budget);
}

}  // namespace
}  // namespace sampleproc::video
