#include "history/store.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/history/samples.h"

namespace sampleproc::history {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Ints = std::vector<std::int64_t>;

Page All(Store& store, const Filter& filter = {}, std::int64_t before = 0,
         std::size_t most = 1000) {
  auto page = store.List(filter, before, most, {});
  REQUIRE(page);
  return *page;
}

TEST_CASE("messages are listed newest first, by pages, although their times are equal") {
  Place place;
  const auto store = place.Open();
  std::vector<frame::Event> events;
  for (int i = 0; i < 7; ++i) events.push_back(EventOf("e" + std::to_string(i), Type::kNew));
  Ints ids = place.Append(*store, events);
  CHECK(std::ranges::is_sorted(ids));
  std::ranges::reverse(ids);
  CHECK(Ids(All(*store)) == ids);
  Ints paged;
  std::int64_t before = 0;
  for (bool more = true; more;) {
    const Page page = All(*store, {}, before, 3);
    CHECK(page.newest >= ids.front());
    std::ranges::copy(Ids(page), std::back_inserter(paged));
    more = page.more;
    before = page.rows.back().id;
    // What comes meanwhile moves no page.
    place.Append(*store, {EventOf("late" + std::to_string(before), Type::kNew)});
    if (page.more) CHECK(page.rows.size() == 3);
  }
  CHECK(paged == ids);
}

TEST_CASE("messages are found by what they are about") {
  Place place;
  const auto store = place.Open();
  frame::Event entering = EventOf("b", Type::kUpdate, "gate", seconds(5));
  entering.entered = {"porch"};
  frame::Event leaving = EventOf("b", Type::kEnd, "gate", seconds(9));
  leaving.left = {"porch"};
  frame::Event car = EventOf("c", Type::kNew, "gate", seconds(7));
  car.class_name = "car";
  car.zones = {"yard", "porch"};
  const Ints ids =
      place.Append(*store, {EventOf("a", Type::kNew), EventOf("b", Type::kNew, "gate", seconds(4)),
                            entering, car, leaving});
  const auto found = [&](const Filter& filter) { return Ids(All(*store, filter)); };
  CHECK(found({.camera_id = "door"}) == Ints{ids[0]});
  CHECK(found({.class_name = "car"}) == Ints{ids[3]});
  CHECK(found({.camera_id = "gate", .type = Type::kNew}) == Ints{ids[3], ids[1]});
  CHECK(found({.zone = "porch"}) == Ints{ids[4], ids[3], ids[2]});
  CHECK(found({.class_name = "person", .zone = "porch"}) == Ints{ids[4], ids[2]});
  CHECK(found({.since = seconds(5), .until = seconds(7)}) == Ints{ids[3], ids[2]});
  CHECK(found({.zone = "nowhere"}).empty());
  CHECK(Ids(All(*store, {.zone = "porch"}, ids[4], 1)) == Ints{ids[3]});

  const auto after = store->After({.camera_id = "gate"}, ids[1], 2, {});
  REQUIRE(after);
  REQUIRE(after->size() == 2);
  CHECK((*after)[0].id == ids[2]);
  CHECK((*after)[1].id == ids[3]);
  CHECK((*after)[0].record->type == Type::kUpdate);
}

TEST_CASE("an event has all its messages, of the camera that told last") {
  Place place;
  const auto store = place.Open();
  place.Append(*store, {EventOf("a", Type::kNew, "door"), EventOf("a", Type::kNew, "gate"),
                        EventOf("a", Type::kEnd, "gate")});
  const auto found = store->Find("a", 1000, {});
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK(found->front().json.find("\"new\"") != std::string::npos);
  CHECK(found->back().json.find("\"end\"") != std::string::npos);
  CHECK(store->Find("b", 1000, {})->empty());
  CHECK(store->Find("a", 1, {})->size() == 1);
}

TEST_CASE("an event has one new and one end, whatever comes") {
  Place place;
  const auto store = place.Open();
  const Ints ids = place.Append(
      *store, {EventOf("a", Type::kNew), EventOf("a", Type::kNew), EventOf("a", Type::kUpdate),
               EventOf("a", Type::kEnd), EventOf("a", Type::kEnd), EventOf("a", Type::kUpdate),
               EventOf("a", Type::kNew), EventOf("a", Type::kNew, "gate")});
  CHECK(ids[0] > 0);
  CHECK(ids[1] == 0);
  CHECK(ids[2] > 0);
  CHECK(ids[3] > 0);
  CHECK(ids[4] == 0);
  CHECK(ids[5] == 0);
  CHECK(ids[6] == 0);
  CHECK(ids[7] > 0);
  // One whose beginning was lost is open all the same.
  place.Append(*store, {EventOf("lost", Type::kUpdate)});
  CHECK(store->Unfinished()->size() == 2);
}

TEST_CASE("what was committed is there at the next opening, and numbers go on") {
  Place place;
  Ints ids;
  {
    const auto store = place.Open();
    ids = place.Append(
        *store, {EventOf("a", Type::kNew), EventOf("b", Type::kNew), EventOf("b", Type::kEnd)});
    CHECK(place.Refusal().find("another process uses it") != std::string::npos);
  }
  const auto store = place.Open();
  CHECK(store->newest() == ids.back());
  CHECK(All(*store).rows.size() == 3);
  const auto left = store->Unfinished();
  REQUIRE(left);
  REQUIRE(left->size() == 1);
  CHECK(left->front().find("\"event_id\":\"a\"") != std::string::npos);
  CHECK(place.Append(*store, {EventOf("a", Type::kEnd)}).front() == ids.back() + 1);
  CHECK(store->Unfinished()->empty());
}

// Nor can anybody make the log grow by reading, or harm this process by an index that is mapped.
TEST_CASE("nobody else reads the file while it is in use") {
  Place place;
  place.Append(*place.Open(), {EventOf("a", Type::kNew)});
  const auto other = Database::Open(place.options.path).value();
  {
    const auto store = place.Open();
    place.Append(*store, {EventOf("b", Type::kNew)});
    CHECK_FALSE(std::filesystem::exists(place.options.path + "-shm"));
    const auto read = other->Ask("SELECT count(*) FROM record");
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("locked") != std::string::npos);
    CHECK(All(*store).rows.size() == 2);
  }
  CHECK(other->Ask("SELECT count(*) FROM record").value() == 2);
}

TEST_CASE("a line that is damaged is left out, and counted") {
  Place place;
  const Ints ids = place.Append(*place.Open(), {EventOf("a", Type::kNew), EventOf("b", Type::kNew),
                                                EventOf("c", Type::kNew)});
  Database::Open(place.options.path)
      .value()
      ->Run(
          "UPDATE record SET json = '{broken' WHERE event_id = 'a';"
          "UPDATE record SET json = replace(json, ',', char(10) || ',') WHERE event_id = 'b'")
      .value();
  const auto store = place.Open();
  CHECK(Ids(All(*store)) == Ints{ids[2]});
  CHECK(store->damaged() == 2);
  const auto after = store->After({.camera_id = "door"}, ids[0] - 1, 1, {});
  REQUIRE(after);
  REQUIRE(after->size() == 1);
  CHECK(after->front().id == ids[2]);
  CHECK(store->Find("a", 10, {})->empty());
  CHECK(store->damaged() == 5);
}

TEST_CASE("a file has one lock, whatever it is called") {
  Place place;
  const std::string file = place.options.path;
  std::filesystem::create_symlink(file, file + ".link");
  std::filesystem::create_symlink(place.dir.path(), place.dir.path() / "folder");
  Place other;
  other.options.path = file + ".link";  // of what is not there yet
  const auto store = other.Open();
  for (const std::string name : {"events.db", "events.db.link", "folder/events.db"}) {
    place.options.path = place.dir.path() / name;
    CHECK(place.Refusal().find("another process uses it") != std::string::npos);
  }
  CHECK_FALSE(store->Moved());
  std::filesystem::remove(file + ".link");
  CHECK(store->Moved());
}

TEST_CASE("any name is a file's") {
  Place place;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(place.dir.path());
  for (const std::string name : {":memory:", "file:events.db?mode=memory", "plain"}) {
    place.options.path = name;
    place.Append(*place.Open(), {EventOf("a", Type::kNew)});
    CHECK(All(*place.Open()).rows.size() == 1);
    CHECK(std::filesystem::file_size(place.dir.path() / name) > 0);
  }
  std::filesystem::current_path(before);
}

TEST_CASE("numbers go on in a new file, too") {
  Place place;
  const auto last = place.Append(*place.Open(), {EventOf("a", Type::kNew)}).front();
  std::filesystem::remove(place.options.path);
  place.clock.Advance(seconds(1));
  CHECK(place.Append(*place.Open(), {EventOf("a", Type::kNew)}).front() > last);
}

TEST_CASE("what is too old is deleted, and numbers go on") {
  Place place;
  place.options.age = hours(1);
  const auto store = place.Open();
  frame::Event old = EventOf("a", Type::kNew);
  old.zones = {"porch"};
  const auto first = place.Append(*store, {old}).front();
  place.clock.Advance(std::chrono::minutes(40));
  const auto second = place.Append(*store, {EventOf("b", Type::kNew)}).front();
  CHECK(All(*store).rows.size() == 2);
  place.clock.Advance(std::chrono::minutes(40));
  REQUIRE(store->Trim());
  CHECK(Ids(All(*store)) == Ints{second});
  CHECK(All(*store, {.zone = "porch"}).rows.empty());
  CHECK(store->Unfinished()->size() == 1);  // of the other nothing is known any more
  place.clock.Advance(hours(2));
  REQUIRE(store->Trim());
  CHECK(All(*store).rows.empty());
  CHECK(place.Append(*store, {EventOf("c", Type::kNew)}).front() > second);
  CHECK(first < second);
}

TEST_CASE("one message told by a clock that was behind takes no younger ones along") {
  Place place;
  place.options.age = hours(10);
  const auto store = place.Open();
  place.clock.Advance(hours(100));
  const auto first = place.Append(*store, {EventOf("a", Type::kNew)}).front();
  place.clock.Advance(-hours(50));
  place.Append(*store, {EventOf("b", Type::kNew)});
  place.clock.Advance(hours(50));
  const auto third = place.Append(*store, {EventOf("c", Type::kNew)}).front();
  REQUIRE(store->Trim());
  const Ints left = Ids(All(*store));
  CHECK(std::ranges::count(left, first) == 1);
  CHECK(std::ranges::count(left, third) == 1);
}

// The bytes of all files of the place's folder.
std::uintmax_t OnDisk(const Place& place) {
  std::uintmax_t sum = 0;
  for (const auto& file : std::filesystem::directory_iterator(place.dir.path())) {
    sum += file.file_size();
  }
  return sum;
}

TEST_CASE("files never have more bytes than they may, and the newest is kept") {
  Place place;
  place.options.bytes = Store::kLeastBytes;
  auto store = place.Open();
  std::int64_t last = 0;
  std::uintmax_t most = 0;
  constexpr int kRounds = 150;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<frame::Event> events;
    for (int i = 0; i < 250; ++i) {
      const std::string id = std::to_string(round) + "-" + std::to_string(i);
      frame::Event event = EventOf("camera-of-some-name-" + id, Type::kNew);
      event.zones = {"porch", "yard" + std::to_string(i % 7)};
      event.path.assign(32, {1234, 567});
      events.push_back(event);
    }
    last = place.Append(*store, events).back();
    most = std::max(most, OnDisk(place));
  }
  INFO(most);
  CHECK(most <= Store::kLeastBytes);
  CHECK(most >= Store::kLeastBytes / 2);
  CHECK(store->bytes() <= OnDisk(place));
  CHECK(All(*store).rows.front().id == last);
  CHECK(All(*store, {}, 0, 100'000).rows.size() < 250 * kRounds);
}

TEST_CASE("a bound that is lowered is held to from the next opening on") {
  Place place;
  place.options.bytes = 4 * Store::kLeastBytes;
  {
    const auto store = place.Open();
    for (int round = 0; round < 80; ++round) {
      std::vector<frame::Event> events;
      for (int i = 0; i < 250; ++i) {
        frame::Event event = EventOf(std::to_string(round) + "-" + std::to_string(i), Type::kNew);
        event.path.assign(32, {1234, 567});
        events.push_back(event);
      }
      place.Append(*store, events);
    }
  }
  REQUIRE(OnDisk(place) > Store::kLeastBytes);
  place.options.bytes = Store::kLeastBytes;
  {
    const auto store = place.Open();
    CHECK_FALSE(All(*store).rows.empty());
  }
  CHECK(OnDisk(place) <= Store::kLeastBytes);
}

TEST_CASE("a file that cannot be used is told of, and is left as it is") {
  Place place;
  SECTION("no database") {
    place.dir.Write("events.db", std::string(8192, 'x'));
    CHECK(place.Refusal().find("not a database") != std::string::npos);
    CHECK(std::filesystem::file_size(place.options.path) == 8192);
  }
  SECTION("so short that SQLite takes it for empty") {
    place.dir.Write("events.db", "x");
    CHECK(place.Refusal().find("not a database") != std::string::npos);
    CHECK(std::filesystem::file_size(place.options.path) == 1);
  }
  SECTION("a damaged database of something else") {
    Database::Open(place.dir.Write("events.db", "").string())
        .value()
        ->Run("PRAGMA application_id = 17; CREATE TABLE mine(x)")
        .value();
    std::filesystem::resize_file(place.options.path, 4096);
    CHECK(place.Refusal().find("malformed") != std::string::npos);
    CHECK(std::filesystem::file_size(place.options.path) == 4096);
  }
  SECTION("of something else") {
    Database::Open(place.dir.Write("events.db", "").string())
        .value()
        ->Run("CREATE TABLE mine(x)")
        .value();
    CHECK(place.Refusal().find("something else") != std::string::npos);
  }
  SECTION("of another version") {
    place.Open();
    Database::Open(place.options.path).value()->Run("PRAGMA user_version = 4").value();
    CHECK(place.Refusal().find("another version") != std::string::npos);
  }
  SECTION("a folder") {
    std::filesystem::create_directory(place.options.path);
    CHECK(place.Refusal().find("Is a directory") != std::string::npos);
  }
  SECTION("in a folder that is none") {
    place.dir.Write("file", "");
    place.options.path = place.dir.path() / "file/events.db";
    CHECK(place.Refusal().find("Not a directory") != std::string::npos);
  }
  SECTION("in a folder that cannot be written to") {
    if (::geteuid() == 0) return;  // may write everywhere; tests/cli/history_test.py has a way
    std::filesystem::permissions(
        place.dir.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    CHECK(place.Refusal().find("Permission denied") != std::string::npos);
    std::filesystem::permissions(place.dir.path(), std::filesystem::perms::owner_all);
  }
}

TEST_CASE("a question ends when its time is up or nobody asks any more") {
  Place place;
  const auto store = place.Open();
  std::vector<frame::Event> events;
  for (int i = 0; i < 500; ++i) events.push_back(EventOf("e" + std::to_string(i), Type::kNew));
  for (int round = 0; round < 20; ++round) {
    for (auto& event : events) event.event_id += "x";
    place.Append(*store, events);
  }
  base::Allowance allowance;
  allowance.cancel.Cancel();
  const auto page = store->List({.since = hours(100)}, 0, 10, allowance);
  REQUIRE_FALSE(page);
  CHECK(page.error().code == base::ErrorCode::kDeadline);
  CHECK(All(*store, {.since = hours(100)}).rows.empty());
}

}  // namespace
}  // namespace sampleproc::history
