// Databases that are damaged.
#include <catch2/catch.hpp>
#include <fstream>

#include "history/store.h"
#include "unit/history/samples.h"

namespace sampleproc::history {
namespace {

// What is at that place of the file is overwritten.
void Overwrite(const std::string& path, std::streamoff place, std::size_t bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(place);
  file << std::string(bytes, '\xff');
}

TEST_CASE("a database that is damaged is set aside, and a new one is begun") {
  Place place;
  const auto& path = place.options.path;
  {
    const auto store = place.Open();
    for (int i = 0; i < 400; ++i) {
      place.Append(*store, {EventOf("e" + std::to_string(i), Type::kNew)});
    }
    if (GENERATE(false, true)) std::filesystem::copy(path + "-wal", path + ".wal");
  }
  const bool killed = std::filesystem::exists(path + ".wal");
  if (killed) std::filesystem::rename(path + ".wal", path + "-wal");
  const auto size = std::filesystem::file_size(path);
  SECTION("its header") { Overwrite(path, 0, 100); }
  SECTION("its tables' list") { Overwrite(path, 100, 3000); }
  SECTION("its end") { std::filesystem::resize_file(path, size / 2 + 77); }
  SECTION("all but the first page") { std::filesystem::resize_file(path, 4096); }
  SECTION("its log, all else is gone") {
    if (!killed) return;
    std::filesystem::resize_file(path, 0);
  }
  SECTION("a table that is gone") {
    std::filesystem::remove(path + "-wal");
    Database::Open(path).value()->Run("DROP TABLE in_zone").value();
    if (killed) return;
  }
  if (killed) std::filesystem::resize_file(path + "-wal", 100);
  const auto damaged = std::filesystem::file_size(path);
  std::vector<Aside> asides;
  const auto opened =
      Store::Open(place.options, place.clock, [&](const Aside& aside) { asides.push_back(aside); });
  REQUIRE(opened);
  REQUIRE(asides.size() == 1);
  CHECK(asides[0].file == path);
  CHECK(asides[0].name == path + ".damaged-1");
  CHECK_FALSE(asides[0].why.empty());
  CHECK(std::filesystem::file_size(asides[0].name) == damaged);
  if (killed) CHECK(std::filesystem::file_size(asides[0].name + "-wal") == 100);
  CHECK((*opened)->List({}, 0, 1000, {})->rows.empty());
  CHECK(place.Append(**opened, {EventOf("a", Type::kNew)}).front() > 0);
}

TEST_CASE("what is damaged while it is in use is found, and can be set aside so often") {
  Place place;
  const auto& path = place.options.path;
  for (int number = 1; number <= Store::kMostAside + 1; ++number) {
    auto store = place.Open();
    std::vector<frame::Event> events;
    for (int i = 0; i < 400; ++i) events.push_back(EventOf("e" + std::to_string(i), Type::kNew));
    place.Append(*store, events);
    CHECK(store->Check());
    store.reset();
    store = place.Open();
    if (number % 2 == 0) {
      std::filesystem::resize_file(path, 4096);
      CHECK_FALSE(store->Check());
      CHECK_FALSE(store->Append({}));
    } else {
      Overwrite(path, 4096, std::filesystem::file_size(path) - 4096);
      CHECK_FALSE(store->List({}, 0, 1000, {}));
    }
    CHECK(store->IsDamaged());
    const auto aside = store->SetAside("it was overwritten");
    if (number <= Store::kMostAside) {
      REQUIRE(aside);
      CHECK(aside->name == path + ".damaged-" + std::to_string(number));
      CHECK_FALSE(std::filesystem::exists(path));
    } else {
      REQUIRE_FALSE(aside);
      CHECK(aside.error().message.find("move them away") != std::string::npos);
      CHECK(std::filesystem::exists(path));
    }
  }
}

}  // namespace
}  // namespace sampleproc::history
