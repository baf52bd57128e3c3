#include "consumer/pixels/entry_pixels.h"

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
  return [=](const std::string& asked, const MakeRoom& make_room,
             const base::Allowance&) -> base::Result<std::string> {
    if (asked != name) return base::Fail(missing, "not here");
    if (auto room = make_room(content.size()); !room) return std::unexpected(room.error());
    return content;
  };
}

PixelPlaces Places(FetchPixels redis_key, FetchPixels file, FetchPixels url) {
  return {std::move(redis_key), "redis:1", std::move(file), std::move(url),
          [](const std::string&) { return "host:80"; }};
}

// As the dispatcher does it: place by place.
std::string Loaded(PixelPlaces places, FrameEntry entry) {
  resources::MemoryBudget budget(1000);
  EntryPixels loader(std::move(places), budget);
  if (!entry.frame_data.empty()) return std::string(base::AsText(FrameOf(entry, {}).encoded));
  for (const PixelPlace& place : loader.PlacesOf(entry)) {
    const auto pixels = loader.Fetch(place, {});
    if (pixels) {
      CHECK(pixels->reservation.bytes() == pixels->bytes.size());
      return std::string(base::AsText(FrameOf(entry, pixels->bytes).encoded));
    }
    if (pixels.error().code != ErrorCode::kNotFound) {
      return std::string(base::ErrorCodeName(pixels.error().code));
    }
  }
  return "not-found";
}

FrameEntry Entry() {
  FrameEntry entry;
  entry.frame_id = "f";
  entry.storage_path = "path";
  entry.frame_url = "url";
  return entry;
}

TEST_CASE("pixels are looked for in the entry, in Redis, in a file, at a URL, in this order") {
  const PixelPlaces all =
      Places(Place("frame:f", "redis"), Place("path", "file"), Place("url", "web"));
  FrameEntry own = Entry();
  own.frame_data = Bytes("own");
  CHECK(Loaded(all, std::move(own)) == "own");
  CHECK(Loaded(all, Entry()) == "redis");
  FrameEntry named = Entry();
  named.frame_buffer_key = "key";
  CHECK(Loaded(Places(Place("key", "by key"), {}, {}), std::move(named)) == "by key");
  CHECK(Loaded(Places(Place("other", ""), Place("path", "file"), {}), Entry()) == "file");
  CHECK(Loaded(Places({}, {}, Place("url", "web")), Entry()) == "web");
  CHECK(Loaded({}, Entry()) == "not-found");
  CHECK(Loaded(Places(Place("x", ""), Place("x", ""), Place("x", "")), Entry()) == "not-found");
}

TEST_CASE("a place that cannot be reached is not passed over") {
  CHECK(Loaded(Places(Place("x", "", ErrorCode::kUnavailable), Place("path", "file"), {}),
               Entry()) == "unavailable");
}

TEST_CASE("there is room for pixels before they are read") {
  resources::MemoryBudget budget(10);
  const auto held = budget.TryReserve(8, "a test");
  bool read = false;
  EntryPixels loader(Places({}, {},
                            [&](const std::string&, const MakeRoom& make_room,
                                const base::Allowance&) -> base::Result<std::string> {
                              if (auto room = make_room(3); !room) {
                                return std::unexpected(room.error());
                              }
                              read = true;
                              return "abc";
                            }),
                     budget);
  CHECK(loader.Fetch({PixelPlace::Kind::kUrl, "u", "h"}, {}).error().code ==
        ErrorCode::kOverloaded);
  CHECK_FALSE(read);
  CHECK(budget.used() == 8);
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
  const frame::Frame made = FrameOf(entry, {});
  const frame::Frame* const frame = &made;
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
  CHECK_FALSE(FrameOf(jpeg, {}).raw);
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
    const auto bytes = fetch(path, [](std::size_t) { return base::Result<void>(); }, {});
    return bytes ? *bytes : std::string(base::ErrorCodeName(bytes.error().code));
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
  CHECK(FilesBelow(dir.path() / "none", 100)("x", {}, {}).error().code == ErrorCode::kIo);
}

TEST_CASE("a folder without any files is one that is not mounted: frames wait for it") {
  namespace fs = std::filesystem;
  const testing::TempDir dir;
  const fs::path root = dir.path() / "root";
  fs::create_directories(root / "lost+found");
  dir.Write("root/.keep", "");
  const auto fetch = FilesBelow(root, 100);
  const auto read = [&] {
    const auto bytes = fetch("cam/1.jpg", [](std::size_t) { return base::Result<void>(); }, {});
    return bytes ? *bytes : std::string(base::ErrorCodeName(bytes.error().code));
  };
  CHECK(read() == base::ErrorCodeName(ErrorCode::kIo));
  dir.Write("root/cam/2.jpg", "another");
  CHECK(read() == base::ErrorCodeName(ErrorCode::kNotFound));
  dir.Write("root/cam/1.jpg", "picture");
  CHECK(read() == "picture");
}

}  // namespace
}  // namespace sampleproc::consumer
