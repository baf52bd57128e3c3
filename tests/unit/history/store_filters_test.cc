// Filters over more messages than are walked through, and older layouts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>

#include "frame/event_reader.h"
#include "history/store.h"
#include "unit/history/samples.h"

namespace sampleproc::history {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Ints = std::vector<std::int64_t>;

// More messages than are walked through, of which few fit, in any order of their times.
void AppendMany(Place& place, Store& store) {
  std::vector<frame::Event> events;
  for (int i = 0; i < 10'000; ++i) {
    events.push_back(EventOf("e" + std::to_string(i), Type::kNew, i % 2 == 0 ? "door" : "gate",
                             seconds(i % 5000)));
    if (i % 3 == 0) events.back().class_name = "car";
    if (i % 7 == 0) events.back().zones = {"porch"};
    if (i == 33) events.back().type = Type::kUpdate;
    if (events.size() == Store::kMostRecords) {
      place.Append(store, events);
      events.clear();
    }
  }
}

// Each filter, and all of two of them, at each end, by pages of each size, either way.
void CheckFilters(Store& store) {
  const auto everything = store.List({}, 0, 100'000, {})->rows;
  REQUIRE(everything.size() == 10'000);
  std::vector<RecordPtr> records;
  for (const Row& row : everything) records.push_back(MakeRecord(*frame::ReadEvent(row.json), {}));
  std::vector<Filter> filters;
  const Filter parts[] = {{.camera_id = "door"},  {.camera_id = "nobody"},
                          {.class_name = "car"},  {.type = Type::kUpdate},
                          {.zone = "porch"},      {.since = seconds(4990)},
                          {.until = seconds(10)}, {.since = seconds(100), .until = seconds(101)},
                          {.since = hours(100)}};
  for (const Filter& one : parts) {
    for (const Filter& other : parts) {
      Filter both = one;
      if (other.camera_id) both.camera_id = other.camera_id;
      if (other.class_name) both.class_name = other.class_name;
      if (other.type) both.type = other.type;
      if (other.zone) both.zone = other.zone;
      if (other.since) both.since = other.since;
      if (other.until) both.until = other.until;
      filters.push_back(both);
    }
  }
  for (const Filter& filter : filters) {
    Ints wanted;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (filter.Fits(*records[i])) wanted.push_back(everything[i].id);
    }
    Ints paged;
    const std::size_t size = wanted.size() > 200 ? 999 : 7;
    std::int64_t before = 0;
    for (bool more = true; more;) {
      const Page page = store.List(filter, before, size, {}).value();
      std::ranges::copy(Ids(page), std::back_inserter(paged));
      more = page.more;
      if (more) before = page.rows.back().id;
    }
    REQUIRE(paged == wanted);
    std::ranges::reverse(wanted);
    const auto after = store.After(filter, 1, wanted.size() + 1, {});
    REQUIRE(after);
    Ints rising;
    for (const Message& message : *after) rising.push_back(message.id);
    REQUIRE(rising == wanted);
  }
}

TEST_CASE("filters find the same of many messages as of few") {
  Place place;
  const auto store = place.Open();
  AppendMany(place, *store);
  CheckFilters(*store);
  CHECK(store->complete());
}

TEST_CASE("a file of the first version is upgraded, also in several lives, and is of use before") {
  Place place;
  {
    const auto store = place.Open();
    AppendMany(place, *store);
  }
  Database::Open(place.options.path)
      .value()
      ->Run("DROP TABLE by_time; PRAGMA user_version = 1")
      .value();
  {
    const auto store = place.Open();
    CHECK_FALSE(store->complete());
    CheckFilters(*store);
    for (int i = 0; i < 3; ++i) REQUIRE(store->Upgrade());
    CHECK_FALSE(store->complete());
    CheckFilters(*store);
  }
  auto store = place.Open();
  for (int i = 0; i < 30 && !store->complete(); ++i) REQUIRE(store->Upgrade());
  REQUIRE(store->complete());
  CheckFilters(*store);
  store.reset();
  {
    const auto database = Database::Open(place.options.path).value();
    CHECK(database->Ask("PRAGMA user_version").value() == 3);
    CHECK(database->Ask("SELECT count(*) FROM by_time").value() == 10'000);
  }
  store = place.Open();
  CHECK(store->complete());
}

TEST_CASE("what is deleted is in no table") {
  Place place;
  place.options.age = hours(1);
  {
    const auto store = place.Open();
    AppendMany(place, *store);
    place.clock.Advance(hours(2));
    place.Append(*store, {EventOf("last", Type::kNew)});
  }
  const auto database = Database::Open(place.options.path).value();
  for (const std::string table : {"record", "by_time", "open_event"}) {
    CHECK(database->Ask("SELECT count(*) FROM " + table).value() == 1);
  }
  CHECK(database->Ask("SELECT count(*) FROM in_zone").value() == 0);
}

}  // namespace
}  // namespace sampleproc::history
