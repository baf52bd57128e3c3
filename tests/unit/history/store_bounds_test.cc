// The bounds of size and age over a million messages.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "history/database.h"
#include "history/store.h"
#include "unit/history/samples.h"

namespace sampleproc::history {
namespace {

// The sizes of all files of a folder, as somebody sees them who looks again and again, also in the
// middle of a transaction.
class Watcher {
 public:
  explicit Watcher(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::uintmax_t most() const { return most_; }

 private:
  void Look() {
    std::uintmax_t sum = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      std::error_code gone;
      const auto size = std::filesystem::file_size(file, gone);
      if (!gone) sum += size;
    }
    most_ = std::max(most_.load(), sum);
  }

  const std::filesystem::path folder_;
  std::atomic<std::uintmax_t> most_ = 0;
  std::jthread thread_{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) Look();
  }};
};

TEST_CASE("the files have no byte too much over a million messages", "[.][million]") {
  Place place;
  // By value: Catch2 keeps references to what has a name, also for values that have none.
  place.options.bytes = GENERATE(std::size_t{Store::kLeastBytes}, 3 * Store::kLeastBytes + 4097);
  place.options.age = std::chrono::hours(1);
  auto store = place.Open();
  const Watcher watcher(place.dir.path());
  std::uint32_t random = 1;
  const auto below = [&](std::uint32_t bound) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % bound;
  };
  std::int64_t told = 0;
  std::int64_t last = 0;
  for (int batch = 0; told < 1'000'000; ++batch) {
    std::vector<frame::Event> events;
    std::size_t bytes = 0;
    const std::size_t most = 1 + below(Store::kMostRecords);
    // Ever larger messages, then small ones again.
    const std::size_t path = below(1u << (batch % 9));
    while (events.size() < most && bytes < Store::kMostBytes) {
      const std::string id = std::to_string(told++);
      frame::Event event = EventOf("camera-of-some-name-" + id, Type::kNew);
      event.camera_id = "camera-" + std::to_string(below(100)) + std::string(below(100), 'x');
      for (std::uint32_t zone = below(8); zone > 0; --zone) {
        event.zones.push_back("zone-" + std::to_string(zone));
      }
      event.path.assign(path, {1234, 567});
      bytes += MakeRecord(event, place.clock.Wall())->json.size();
      events.push_back(std::move(event));
    }
    last = place.Append(*store, events).back();
    if (batch % 1000 == 999) {  // as after a kill, and after hours in which nothing came
      if (batch % 2000 == 1999) place.clock.Advance(std::chrono::hours(2));
      store.reset();
      store = place.Open();
      REQUIRE(store->newest() == last);
    }
  }
  INFO(watcher.most() << " of " << place.options.bytes);
  CHECK(watcher.most() <= place.options.bytes);
  CHECK(watcher.most() >= place.options.bytes / 2);
  CHECK(store->List({}, 0, 1, {})->rows.front().id == last);
}

TEST_CASE("a file that was allowed more is within its bound as soon as it is open") {
  Place place;
  place.options.bytes = 3 * Store::kLeastBytes;
  {
    const auto store = place.Open();
    for (int batch = 0; store->bytes() < 2 * Store::kLeastBytes; ++batch) {
      std::vector<frame::Event> events;
      for (int i = 0; i < 100; ++i) {
        events.push_back(EventOf(std::to_string(100 * batch + i), Type::kNew));
        events.back().path.assign(200, {1234, 567});
      }
      place.Append(*store, events);
    }
  }
  // As an older program has left it.
  REQUIRE(Database::Open(place.options.path).value()->Run("DROP TABLE arrived"));
  place.options.bytes = Store::kLeastBytes;
  const auto store = place.Open();
  CHECK(store->bytes() <= Store::kLeastBytes);
  CHECK(store->Arrived() == store->newest());
  CHECK_FALSE(store->List({}, 0, 1, {})->rows.empty());
}

}  // namespace
}  // namespace sampleproc::history
