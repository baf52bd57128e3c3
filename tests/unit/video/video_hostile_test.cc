#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "support/ffmpeg.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/video/reading.h"

namespace sampleproc::video {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using testing::Quoted;
using testing::RunFfmpeg;
using testing::TempDir;

constexpr auto kGray = PixelFormat::kGray8;
constexpr auto kBgr = PixelFormat::kBgr24;

std::string Content(const std::filesystem::path& path) {
  const auto bytes = test::ReadFile(path);
  return std::string(base::AsText(bytes));
}

ErrorCode OpenError(const std::filesystem::path& path, const Options& options = TestOptions()) {
  const ReadVideo video = ReadAll(path, kGray, options);
  REQUIRE(video.error);
  REQUIRE(video.frames.empty());
  INFO(video.error->message);
  return video.error->code;
}

struct Kind {
  const char* file;
  const char* arguments;
};

// Twenty pictures each, small, in what people's cameras write.
const Kind kKinds[] = {
    {"a.avi", "-c:v msmpeg4"},
    {"b.avi", "-c:v mjpeg -q:v 4"},
    {"c.mjpeg", "-c:v mjpeg -q:v 4"},
    {"d.mp4", "-c:v libx264 -bf 2 -g 7 -movflags +faststart"},
    {"e.mkv", "-c:v libx264 -bf 2 -g 7"},
    {"f.ts", "-c:v libx264 -bf 2 -g 7"},
    {"g.webm", "-c:v libvpx -b:v 500k"},
    {"h.mpg", "-c:v mpeg2video -bf 2"},
    {"i.mp4", "-c:v mpeg4 -bf 2"},
};

std::filesystem::path Make(const TempDir& dir, const Kind& kind,
                           const std::string& size = "192:144") {
  const auto path = dir.path() / kind.file;
  RunFfmpeg("-i " + Quoted(test::SamplePath("vtest.avi")) + " -frames:v 20 -vf scale=" + size +
            " " + kind.arguments + " " + Quoted(path));
  return path;
}

TEST_CASE("a video that breaks off gives its whole frames and then an error", "[video][hostile]") {
  const TempDir dir;
  for (const Kind& kind : kKinds) {
    INFO(kind.file);
    const auto path = Make(dir, kind, "320:240");  // large enough that each share cuts a frame
    const ReadVideo whole = ReadAll(path, kGray);
    REQUIRE_FALSE(whole.error);
    REQUIRE(whole.frames.size() == 20);
    const std::string content = Content(path);
    for (const double share : {0.001, 0.1, 0.3, 0.5, 0.77, 0.9, 0.99}) {
      INFO("share " << share);
      const auto size = static_cast<std::size_t>(static_cast<double>(content.size()) * share);
      const auto cut = dir.Write("cut-" + std::string(kind.file), content.substr(0, size));
      const ReadVideo video = ReadAll(cut, kGray);
      REQUIRE(video.error);
      CHECK((video.error->code == ErrorCode::kInvalidFrame ||
             (share < 0.01 && video.error->code == ErrorCode::kUnsupportedFormat)));
      CHECK(video.frames.size() < 20);
      // One between the last of them may be missing, where the decoder had put them in order.
      auto next = whole.frames.begin();
      for (const ReadFrame& frame : video.frames) {
        next = std::find_if(next, whole.frames.end(),
                            [&](const ReadFrame& each) { return Same(each.pixels, frame.pixels); });
        REQUIRE(next != whole.frames.end());
        ++next;
      }
    }
  }
}

TEST_CASE("the error of a broken video names the frame, and ends it", "[video][hostile]") {
  const TempDir dir;
  const std::string content = Content(test::SamplePath("vtest.avi"));
  const auto path = dir.Write("cut.avi", content.substr(0, 300'000));
  resources::MemoryBudget budget(std::size_t{1} << 30);
  auto reader = VideoReader::Open(path.string(), TestOptions(), {}, budget);
  REQUIRE(reader);
  std::uint64_t good = 0;
  auto next = (*reader)->Next(kGray, {});
  for (; next && *next; next = (*reader)->Next(kGray, {})) ++good;
  CHECK(good > 10);
  REQUIRE_FALSE(next);
  CHECK(next.error().message.find("cut.avi: frame " + std::to_string(good) + ": ") !=
        std::string::npos);
  // Nothing whole comes after it.
  const auto again = (*reader)->Next(kGray, {});
  CHECK((!again || !*again));
}

TEST_CASE("flipped bytes end in an error or in frames of the right size", "[video][hostile]") {
  const TempDir dir;
  for (const Kind& kind : kKinds) {
    const std::string content = Content(Make(dir, kind));
    for (unsigned seed = 0; seed < 50; ++seed) {
      INFO(kind.file << ", seed " << seed);
      std::mt19937 random(seed);
      std::string broken = content;
      // The first half of the seeds hits the heads, where the lengths are.
      const std::size_t reach =
          seed < 25 ? std::min<std::size_t>(broken.size(), 4096) : broken.size();
      for (unsigned i = 0; i <= seed % 8; ++i)
        broken[random() % reach] = static_cast<char>(random());
      Options options = TestOptions();
      options.max_frame_bytes = 4'000'000;
      const ReadVideo video =
          ReadAll(dir.Write(kind.file, broken), seed % 2 ? kGray : kBgr, options);
      CHECK(video.frames.size() <= 25);
      for (const ReadFrame& frame : video.frames) {
        CHECK(frame.pixels.size() <= options.max_frame_bytes);
      }
    }
  }
}

TEST_CASE("random bytes behind a right beginning are an error", "[video][hostile]") {
  const TempDir dir;
  for (const Kind& kind : kKinds) {
    const std::string content = Content(Make(dir, kind));
    for (unsigned seed = 0; seed < 4; ++seed) {
      INFO(kind.file << ", seed " << seed);
      std::mt19937 random(seed);
      std::string broken = content.substr(0, 16u << (3 * seed));
      while (broken.size() < 200'000) broken.push_back(static_cast<char>(random()));
      const ReadVideo video = ReadAll(dir.Write(kind.file, broken), kGray);
      CHECK(video.error);
    }
  }
}

TEST_CASE("what is no video is refused before the module is needed", "[video][hostile]") {
  const TempDir dir;
  Options options = TestOptions();
  options.module = dir.path() / "no-module.so";
  CHECK(OpenError(dir.Write("text.avi", "This is a text.\n"), options) ==
        ErrorCode::kUnsupportedFormat);
  CHECK(OpenError(dir.Write("empty.mp4", ""), options) == ErrorCode::kInvalidFrame);
  CHECK(OpenError(dir.Write("list.ts", "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n"), options) ==
        ErrorCode::kUnsupportedFormat);
  CHECK(OpenError(dir.Write("list.mkv", "ffconcat version 1.0\nfile a.avi\n"), options) ==
        ErrorCode::kUnsupportedFormat);
  CHECK(OpenError(dir.path() / "missing.avi", options) == ErrorCode::kNotFound);
  CHECK(OpenError(dir.path(), options) == ErrorCode::kUnsupportedFormat);
  CHECK(OpenError("/dev/zero", options) == ErrorCode::kUnsupportedFormat);
  // Nobody ever writes to it: opening must not wait.
  const auto fifo = dir.path() / "fifo.avi";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(OpenError(fifo, options) == ErrorCode::kUnsupportedFormat);
  CHECK(OpenError(dir.Write("real.avi", Content(test::SamplePath("tree.avi"))), options) ==
        ErrorCode::kUnavailable);
}

TEST_CASE("sound alone and codecs that are not on the list are refused", "[video][hostile]") {
  const TempDir dir;
  const std::string sample = "-i " + Quoted(test::SamplePath("vtest.avi"));
  RunFfmpeg("-f lavfi -i sine=duration=1 -c:a aac " + Quoted(dir.path() / "sound.mp4"));
  CHECK(OpenError(dir.path() / "sound.mp4") == ErrorCode::kUnsupportedFormat);
  RunFfmpeg(sample + " -frames:v 2 -c:v huffyuv " + Quoted(dir.path() / "a.avi"));
  CHECK(OpenError(dir.path() / "a.avi") == ErrorCode::kUnsupportedFormat);
}

TEST_CASE("a picture over the limit is refused, gray counts one byte a pixel", "[video][hostile]") {
  const auto path = test::SamplePath("tree.avi");
  const auto vtest = test::SamplePath("vtest.avi");
  Options options = TestOptions();
  options.max_frame_bytes = 768 * 576;
  ReadVideo gray = ReadAll(vtest, kGray, options);
  CHECK_FALSE(gray.error);
  const ReadVideo colour = ReadAll(vtest, kBgr, options);
  REQUIRE(colour.error);
  CHECK(colour.error->code == ErrorCode::kInvalidFrame);
  CHECK(colour.error->message.find("max_frame_bytes") != std::string::npos);
  CHECK(colour.frames.empty());
  options.max_frame_bytes = 768 * 576 - 1;
  CHECK(OpenError(vtest, options) == ErrorCode::kInvalidFrame);
  options.max_frame_bytes = 320 * 240 * 3;
  CHECK_FALSE(ReadAll(path, kBgr, options).error);
}

TEST_CASE("pictures may change their size, within the limit", "[video][hostile]") {
  const TempDir dir;
  std::string content;
  for (const char* size : {"64:48", "320:240", "32:24"}) {
    const auto part = dir.path() / "part.mjpeg";
    RunFfmpeg("-i " + Quoted(test::SamplePath("vtest.avi")) + " -frames:v 2 -vf scale=" + size +
              " -c:v mjpeg " + Quoted(part));
    content += Content(part);
  }
  const auto path = dir.Write("sizes.mjpeg", content);
  for (const PixelFormat wanted : {kGray, kBgr}) {
    const ReadVideo video = ReadAll(path, wanted);
    CHECK_FALSE(video.error);
    REQUIRE(video.frames.size() == 6);
    CHECK(video.frames[1].width == 64);
    CHECK(video.frames[2].width == 320);
    CHECK(video.frames[5].height == 24);
  }
  Options options = TestOptions();
  options.max_frame_bytes = 320 * 240 - 1;
  const ReadVideo video = ReadAll(path, kGray, options);
  CHECK(video.frames.size() == 2);
  REQUIRE(video.error);
  CHECK(video.error->code == ErrorCode::kInvalidFrame);
}

TEST_CASE("time, patience and memory are bounded", "[video][hostile]") {
  const auto path = test::SamplePath("vtest.avi").string();
  resources::MemoryBudget budget(std::size_t{1} << 30);
  SECTION("no CPU time at all") {
    Options options = TestOptions();
    options.deadline = std::chrono::milliseconds(0);
    const auto reader = VideoReader::Open(path, options, {}, budget);
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code == ErrorCode::kDeadline);
  }
  SECTION("cancelled between two frames") {
    auto reader = VideoReader::Open(path, TestOptions(), {}, budget);
    REQUIRE(reader);
    base::Allowance allowance;
    REQUIRE((*reader)->Next(kGray, allowance));
    allowance.cancel.Cancel();
    const auto next = (*reader)->Next(kGray, allowance);
    REQUIRE_FALSE(next);
    CHECK(next.error().code == ErrorCode::kCancelled);
  }
  SECTION("a budget that can never hold it") {
    resources::MemoryBudget small(9u << 20);
    auto reader = VideoReader::Open(path, TestOptions(), {}, small);
    REQUIRE(reader);
    const auto next = (*reader)->Next(kGray, {});
    REQUIRE_FALSE(next);
    CHECK(next.error().code == ErrorCode::kInvalidFrame);
    reader->reset();
    CHECK(small.used() == 0);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("a file that changes while it is read is an error", "[video][hostile]") {
  const TempDir dir;
  const std::string content = Content(test::SamplePath("tree.avi"));
  const auto path = dir.Write("growing.avi", content);
  resources::MemoryBudget budget(std::size_t{1} << 30);
  auto reader = VideoReader::Open(path.string(), TestOptions(), {}, budget);
  REQUIRE(reader);
  REQUIRE((*reader)->Next(kGray, {}));
  SECTION("it grows") { std::ofstream(path, std::ios::app | std::ios::binary) << "more"; }
  SECTION("it shrinks") { std::filesystem::resize_file(path, content.size() / 2); }
  auto next = (*reader)->Next(kGray, {});
  int frames = 1;
  for (; next && *next; next = (*reader)->Next(kGray, {})) ++frames;
  CHECK(frames <= 68);
  REQUIRE_FALSE(next);
  CHECK((next.error().code == ErrorCode::kIo || next.error().code == ErrorCode::kInvalidFrame));
}

TEST_CASE("what a decoder really keeps is reserved, also where a level would allow less",
          "[video][hostile]") {
  const TempDir dir;
  const auto path = Make(dir,
                         {"refs.mp4",
                          "-c:v libx265 -x265-params ref=16:bframes=0:keyint=99:"
                          "allow-non-conformance=1:log-level=none"},
                         "640:360");
  resources::MemoryBudget budget(std::size_t{1} << 30);
  auto reader = VideoReader::Open(path.string(), TestOptions(), {}, budget);
  REQUIRE(reader);
  while (true) {
    const auto frame = (*reader)->Next(kGray, {});
    REQUIRE(frame);
    if (!*frame) break;
  }
  constexpr std::size_t kPicture = 640 * 360 * 3 / 2;
  CHECK(budget.used() >= (std::size_t{8} << 20) + 16 * kPicture);
}

TEST_CASE("a video that needs more than its share names what it needs, and the share",
          "[video][hostile]") {
  const TempDir dir;
  const auto path =
      Make(dir, {"refs.mkv", "-c:v libx264 -preset ultrafast -x264-params ref=16"}, "1280:720");
  resources::MemoryBudget whole(std::size_t{64} << 20);
  resources::MemoryBudget share(whole, {std::size_t{16} << 20, "a quarter", "a camera", "less"});
  auto reader = VideoReader::Open(path.string(), TestOptions(), {}, share);
  REQUIRE(reader);
  const auto frame = (*reader)->Next(kGray, {});
  REQUIRE_FALSE(frame);
  CHECK(frame.error().code == ErrorCode::kOverloaded);
  CHECK(frame.error().message.starts_with("decoding 1280x720 with "));
  CHECK(frame.error().message.ends_with(", and a camera may hold 16 MiB (a quarter): less"));
  reader->reset();
  CHECK(whole.used() == 0);
}

}  // namespace
}  // namespace sampleproc::video
