#include "consumer/entry_pixels.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "support/temp_dir.h"

namespace sampleproc::consumer {
namespace {

using base::ByteBuffer;
using base::ErrorCode;

ByteBuffer Bytes(std::string_view text) {
  const auto bytes = base::AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

// A place that has one thing, and where it is not the answer is `missing`.
FetchPixels Place(std::string name, std::string content, ErrorCode missing = ErrorCode::kNotFound) {
  return [=](const std::string& asked, const base::Allowance&) -> base::Result<ByteBuffer> {
    if (asked == name) return Bytes(content);
    return base::Fail(missing, "not here");
  };
}

std::string Loaded(PixelPlaces places, FrameEntry entry) {
  const auto frame = EntryPixels(std::move(places)).Load(entry, {});
  return std::string(frame ? base::AsText(frame->encoded)
                           : base::ErrorCodeName(frame.error().code));
}

FrameEntry Entry() {
  FrameEntry entry;
  entry.frame_id = "f";
  entry.storage_path = "path";
  entry.frame_url = "url";
  return entry;
}

TEST_CASE("pixels are looked for in the entry, in Redis, in a file, at a URL, in this order") {
  const PixelPlaces all = {Place("frame:f", "redis"), Place("path", "file"), Place("url", "web")};
  FrameEntry own = Entry();
  own.frame_data = Bytes("own");
  CHECK(Loaded(all, std::move(own)) == "own");
  CHECK(Loaded(all, Entry()) == "redis");
  FrameEntry named = Entry();
  named.frame_buffer_key = "key";
  CHECK(Loaded({Place("key", "by key"), {}, {}}, std::move(named)) == "by key");
  CHECK(Loaded({Place("other", ""), Place("path", "file"), {}}, Entry()) == "file");
  CHECK(Loaded({{}, {}, Place("url", "web")}, Entry()) == "web");
  CHECK(Loaded({}, Entry()) == "not-found");
  CHECK(Loaded({Place("x", ""), Place("x", ""), Place("x", "")}, Entry()) == "not-found");
}

TEST_CASE("a place that cannot be reached is not passed over") {
  CHECK(Loaded({Place("x", "", ErrorCode::kUnavailable), Place("path", "file"), {}}, Entry()) ==
        "unavailable");
}

TEST_CASE("the frame has what its entry says of it; a picture's word counts before raw pixels") {
  FrameEntry entry;
  entry.frame_id = "f";
  entry.camera_id = "cam";
  entry.timestamp = "12";
  entry.format = "bgr24";
  entry.width = 2;
  entry.height = 70'000;  // no side that raw pixels can have
  entry.frame_data = Bytes("123456");
  const auto frame = EntryPixels({}).Load(entry, {});
  REQUIRE(frame);
  CHECK(frame->frame_id == "f");
  CHECK(frame->camera_id == "cam");
  CHECK(frame->timestamp == "12");
  CHECK(frame->declared_format == "bgr24");
  REQUIRE(frame->raw);
  CHECK(*frame->raw == frame::RawDescription{.format = frame::RawFormat::kBgr24, .width = 2});
  CHECK(entry.frame_data.empty());
  FrameEntry jpeg;
  jpeg.format = "jpeg";
  jpeg.frame_data = Bytes("x");
  CHECK_FALSE(EntryPixels({}).Load(jpeg, {}).value().raw);
}

TEST_CASE("files are read below their folder and nowhere else") {
  namespace fs = std::filesystem;
  const testing::TempDir dir;
  dir.Write("root/cam/frame.jpg", "picture");
  dir.Write("root/large", std::string(101, 'x'));
  dir.Write("secret", "secret");
  fs::create_symlink("../secret", dir.path() / "root/out");
  fs::create_symlink("cam/frame.jpg", dir.path() / "root/in");
  REQUIRE(::mkfifo((dir.path() / "root/fifo").c_str(), 0600) == 0);
  const auto fetch = FilesBelow(dir.path() / "root", 100);
  const auto read = [&](const std::string& path) {
    const auto bytes = fetch(path, {});
    return std::string(bytes ? base::AsText(*bytes) : base::ErrorCodeName(bytes.error().code));
  };
  CHECK(read("cam/frame.jpg") == "picture");
  CHECK(read("in") == "picture");
  CHECK(read("cam/../cam/frame.jpg") == "picture");
  CHECK(read("nothing") == "not-found");
  CHECK(read("cam/frame.jpg/deeper") == "not-found");
  CHECK(read("large") == "too-large");
  for (const char* path :
       {"../secret", "cam/../../secret", "out", "/etc/hostname", "cam", "fifo"}) {
    CAPTURE(path);
    CHECK(read(path) == "invalid-frame");
  }
  CHECK(FilesBelow(dir.path() / "none", 100)("x", {}).error().code == ErrorCode::kIo);
}

}  // namespace
}  // namespace sampleproc::consumer
