#include "history/snapshot_file.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::history {
namespace {

const std::string kJpeg = "\xFF\xD8\xFF\xE0 and more";
const std::string kId = "front-door-17-3-00c0ffee00c0ffee";

frame::Snapshot SnapshotOf(const std::string& id) {
  return {id, {.class_name = "person", .confidence = 0.75, .bbox = {1, 2, 30, 40}, .detector = {}}};
}

TEST_CASE("a picture's file is called by the end of its event's id, and by nothing of a sender's") {
  const auto key = SnapshotKeyOf(kId);
  REQUIRE(key);
  CHECK(key->track == 3);
  CHECK(SnapshotFileName(*key) == "event-00c0ffee00c0ffee-3.jpg");
  CHECK(ReadSnapshotFileName("event-00c0ffee00c0ffee-3.jpg") == key);
  const auto evil = SnapshotKeyOf("../../etc/passwd\n-1-ffffffffffffffff");
  REQUIRE(evil);
  CHECK(SnapshotFileName(*evil) == "event-ffffffffffffffff-1.jpg");
}

TEST_CASE("what is no event's id has no key, and what is not named just so is no file of ours") {
  for (const char* const id :
       {"", "-", "a", "a-1", "a-1-", "a-1-00c0ffee", "a-1-00c0ffee00c0ffeeg",
        "a-x-00c0ffee00c0ffee", "a--00c0ffee00c0ffee", "a-1-00c0ffee00c0ffee0",
        "a-18446744073709551616-00c0ffee00c0ffee"}) {
    INFO(id);
    CHECK_FALSE(SnapshotKeyOf(id));
  }
  for (const char* const name :
       {"", "event-.jpg", "event-00c0ffee00c0ffee.jpg", "event-00c0ffee00c0ffee-.jpg",
        "event-00C0FFEE00C0FFEE-1.jpg", "event-00c0ffee00c0ffee-01.jpg",
        "event-00c0ffee00c0ffee-1.jpg.part", "event-00c0ffee00c0ffee-1.jpeg",
        "my-event-00c0ffee00c0ffee-1.jpg", "event-00c0ffee00c0ffee-1.jpg "}) {
    INFO(name);
    CHECK_FALSE(ReadSnapshotFileName(name));
  }
}

TEST_CASE("a picture's file gives back what was put in, byte for byte") {
  const frame::Snapshot snapshot = SnapshotOf("a \"quoted\" \u00e4-3-00c0ffee00c0ffee");
  const auto head = SnapshotHead(snapshot);
  REQUIRE(head);
  const std::string file = *head + kJpeg.substr(2);
  CHECK(file.starts_with("\xFF\xD8\xFF\xFE"));
  const auto content = ReadSnapshotFile(file);
  REQUIRE(content);
  CHECK(content->snapshot == snapshot);
  CHECK(content->jpeg == kJpeg);
}

TEST_CASE("what is cut off or not ours is not taken for a picture") {
  const std::string file = SnapshotHead(SnapshotOf(kId)).value() + kJpeg.substr(2);
  const std::size_t head = file.size() - kJpeg.size() + 2;
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::string part = file.substr(0, size);
    CHECK(BeginsAsSnapshot(part));
    // Behind the head there may be as little as a JPEG has.
    if (size < head + 2) CHECK_FALSE(ReadSnapshotFile(part));
  }
  CHECK_FALSE(BeginsAsSnapshot(kJpeg));
  CHECK_FALSE(BeginsAsSnapshot("a text"));
  CHECK_FALSE(ReadSnapshotFile(kJpeg + std::string(100, ' ')));
  CHECK(SnapshotHead(SnapshotOf(std::string(70'000, 'x'))).error().code ==
        base::ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace sampleproc::history
