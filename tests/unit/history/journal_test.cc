#include "history/journal.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <string>

#include "base/mutex.h"
#include "support/counting_log.h"
#include "unit/history/await.h"
#include "unit/history/samples.h"

namespace sampleproc::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kSetAside =
    "the history's database is damaged and was set aside; a new one is begun";

// A journal in a folder, by the machine's clock.
class Bench {
 public:
  testing::TempDir dir;
  Options options{.path = dir.path() / "events.db"};
  test::CountingLog log;
  telemetry::Conditions conditions{base::SystemClock(), log};
  base::Mutex mutex;
  std::vector<frame::Event> all;  // that were told
  std::atomic<bool> arrived = true;

  std::unique_ptr<Journal> Begin() {
    return std::make_unique<Journal>(
        options,
        JournalContext{base::SystemClock(), conditions, log, [](int) { return milliseconds(10); },
                       [this](std::span<const frame::Event> events) {
                         const base::MutexLock lock(mutex);
                         all.insert(all.end(), events.begin(), events.end());
                       },
                       [this] { return [this] { return arrived.load(); }; }});
  }

  std::vector<frame::Event> Told() {
    const base::MutexLock lock(mutex);
    return all;
  }
  // "id type", in order.
  std::vector<std::string> Words() {
    std::vector<std::string> words;
    for (const frame::Event& event : Told()) {
      words.push_back(event.event_id + " " + std::string(frame::EventTypeName(event.type)));
    }
    return words;
  }

  static base::Result<Page> List(Journal& journal, Filter filter = {}) {
    std::promise<base::Result<Page>> answer;
    journal.List(std::move(filter), 0, 1000, {},
                 [&](base::Result<Page> page) { answer.set_value(std::move(page)); });
    return answer.get_future().get();
  }

  std::string Reason() const {
    for (const auto& condition : conditions.List()) {
      if (condition.name == telemetry::condition::kHistory) return condition.reason;
    }
    return "";
  }
};

TEST_CASE("what is taken is stored soon, told, and there after the next start") {
  Bench bench;
  {
    const auto journal = bench.Begin();
    const auto listener = journal->Subscribe({}, std::nullopt).value();
    journal->Take(EventOf("a", Type::kNew));
    journal->Take(EventOf("a", Type::kEnd));
    CHECK(Await([&] { return journal->counts().stored == 2; }));
    const auto page = Bench::List(*journal);
    REQUIRE(page);
    CHECK(page->rows.size() == 2);
    const auto told = listener->Next(100'000).messages;
    REQUIRE(told.size() == 2);
    CHECK(told[1].id == page->rows[0].id);
    CHECK(told[1].record->json == page->rows[0].json);
    journal->Take(EventOf("b", Type::kNew));
    CHECK(journal->Finish(Patience()) == 0);
    journal->Take(EventOf("c", Type::kNew));  // too late
    CHECK(journal->counts().stored == 3);
    CHECK(listener->Next(1).ended);
    const auto closed = Bench::List(*journal);
    CHECK(closed.error().code == base::ErrorCode::kShuttingDown);
  }
  const std::vector<std::string> told = {"a new", "a end", "b new", "c new"};
  CHECK(bench.Words() == told);
  const auto journal = bench.Begin();
  CHECK(Bench::List(*journal)->rows.size() >= 3);
}

TEST_CASE("what was open when the last process ended is ended with the next one's start") {
  Bench bench;
  frame::Event last = EventOf("a", Type::kUpdate, "door", seconds(12));
  last.entered = last.zones = {"porch"};
  last.crossed = {{"gate", true}};
  last.path = {{1, 2}, {3, 4}};
  last.bbox = {1, 2, 30, 40};
  last.confidence = 0.75;
  {
    const auto journal = bench.Begin();
    journal->Take(EventOf("a", Type::kNew));
    journal->Take(last);
    journal->Take(EventOf("b", Type::kNew));
    journal->Take(EventOf("b", Type::kEnd));
    REQUIRE(journal->Finish(Patience()) == 0);
  }
  {
    const auto journal = bench.Begin();
    REQUIRE(Await([&] { return journal->counts().stored == 1; }));
    REQUIRE(bench.Words().size() == 5);
    last.type = Type::kEnd;
    last.end = last.time;
    last.reason = frame::Event::kRestart;
    last.entered.clear();
    last.crossed.clear();
    CHECK(bench.Told()[4] == last);
    std::string json;
    frame::AppendEventJson(last, json);
    CHECK(Bench::List(*journal)->rows.front().json == json);
  }
  const auto journal = bench.Begin();  // and only once
  CHECK(Bench::List(*journal)->rows.size() == 5);
  CHECK(bench.Words().size() == 5);
}

TEST_CASE("what had not arrived when the last process ended is told again, before the ends") {
  Bench bench;
  {
    const auto journal = bench.Begin();
    journal->Take(EventOf("a", Type::kNew));
    REQUIRE(journal->Finish(Patience()) == 0);  // which waits for it to arrive
    bench.arrived = false;
  }
  {
    const auto journal = bench.Begin();
    REQUIRE(Await([&] { return journal->counts().stored == 1; }));
    journal->Take(EventOf("b", Type::kNew));
    REQUIRE(journal->Finish(Patience()) == 0);
  }
  std::vector<std::string> told = {"a new", "a end", "b new"};
  CHECK(bench.Words() == told);
  bench.arrived = true;
  {
    const auto journal = bench.Begin();
    REQUIRE(Await([&] { return journal->counts().stored == 1; }));
    REQUIRE(journal->Finish(Patience()) == 0);
  }
  told.insert(told.end(), {"a end", "b new", "b end"});
  CHECK(bench.Words() == told);
  const auto journal = bench.Begin();
  CHECK(Bench::List(*journal)->rows.size() == 4);
  CHECK(bench.Words() == told);
}

TEST_CASE("files are unknown whose events the last process did not store") {
  Bench bench;
  const base::WallTime before = base::SystemClock().Wall();
  {
    const auto journal = bench.Begin();
    journal->Take(EventOf("a", Type::kNew));
    REQUIRE(journal->Finish(Patience()) == 0);
  }
  const auto journal = bench.Begin();
  auto unknown = journal->FindUnknown(
      {{"a", before}, {"b", before + seconds(1)}, {"older", before - std::chrono::hours(1)}});
  CHECK(unknown.get() == std::vector<std::string>{"b"});
}

TEST_CASE("a file that cannot be used is told once, tried again, and holds up nobody") {
  Bench bench;
  bench.dir.Write("events.db", std::string(5000, 'x'));
  const auto journal = bench.Begin();
  const auto listener = journal->Subscribe({}, std::nullopt).value();
  journal->Take(EventOf("a", Type::kNew));
  CHECK(Await([&] { return bench.Reason().find("not a database") != std::string::npos; }));
  const auto refused = Bench::List(*journal);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kUnavailable);
  std::vector<Message> told;
  CHECK(Await([&] {
    for (auto& message : listener->Next(1).messages) told.push_back(message);
    return !told.empty();
  }));
  CHECK(told[0].id == 0);
  CHECK(Await([&] { return bench.Words() == std::vector<std::string>{"a new"}; }));
  CHECK(bench.log.Count("condition begins") == 1);
  // What waits is bounded, and what is beyond is counted and told.
  for (std::size_t i = 0; i < Journal::kMostWaiting + 10; ++i) {
    journal->Take(EventOf("x" + std::to_string(i), Type::kNew));
  }
  CHECK(journal->counts().waiting <= Journal::kMostWaiting);
  CHECK(journal->counts().dropped >= 11);
  CHECK(Await([&] { return bench.Reason().find("not in the history") != std::string::npos; }));
  // And all of it comes into the history when that can be used.
  std::filesystem::remove(bench.options.path);
  CHECK(Await([&] {
    const auto counts = journal->counts();
    return counts.stored + counts.dropped == Journal::kMostWaiting + 11;
  }));
  CHECK(journal->counts().waiting == 0);
  CHECK(Bench::List(*journal)->rows.size() == 1000);
  CHECK(Await([&] { return bench.Reason().empty(); }));
  CHECK(bench.log.Count("condition begins") == 1);
}

TEST_CASE("a file that is removed or replaced while in use is told, and left") {
  Bench bench;
  auto journal = bench.Begin();
  for (int i = 0; i < 3; ++i) {
    journal->Take(EventOf("a" + std::to_string(i), Type::kNew));
    journal->Take(EventOf("a" + std::to_string(i), Type::kEnd));
  }
  REQUIRE(Await([&] { return journal->counts().stored == 6; }));
  const auto last = Bench::List(*journal)->rows.front().id;
  const auto& path = bench.options.path;
  const std::string aside = path + ".aside";
  SECTION("by nothing") {
    std::filesystem::remove(path);
    if (GENERATE(false, true)) std::filesystem::remove(path + "-wal");
  }
  SECTION("by its log's removal") { std::filesystem::remove(path + "-wal"); }
  SECTION("by another name, which keeps all that it had") { std::filesystem::rename(path, aside); }
  SECTION("by an older one") {
    Options older{.path = path + ".older"};
    auto store = Store::Open(older, base::SystemClock()).value();
    REQUIRE(store->Append(
        std::vector{MakeRecord(EventOf("old", Type::kNew), base::SystemClock().Wall())}));
    store.reset();
    std::filesystem::rename(older.path, path);
  }
  CHECK(Await([&] { return bench.Reason().find("removed or replaced") != std::string::npos; }));
  journal->Take(EventOf("b", Type::kNew));
  REQUIRE(Await([&] { return journal->counts().stored == 7; }));
  const auto rows = Bench::List(*journal)->rows;
  CHECK(rows.front().id > last);
  CHECK(journal->Finish(Patience()) == 0);
  journal.reset();
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  journal = bench.Begin();
  CHECK(Await([&] { return Bench::List(*journal)->rows.size() >= rows.size() + 1; }));
  if (!std::filesystem::exists(aside)) return;
  const auto kept = Store::Open({.path = aside}, base::SystemClock()).value();
  CHECK(kept->List({}, 0, 100, {})->rows.size() == 6);
}

TEST_CASE("a damaged file is told once, set aside, and events go on in a new one") {
  Bench bench;
  const auto& path = bench.options.path;
  const auto damage = [&] { std::filesystem::resize_file(path, 4096); };
  std::int64_t last = 0;
  {
    auto journal = bench.Begin();
    journal->Take(EventOf("a", Type::kNew));
    REQUIRE(Await([&] { return journal->counts().stored == 1; }));
    last = Bench::List(*journal)->rows.front().id;
    if (GENERATE(false, true)) {
      journal.reset();
      damage();
      journal = bench.Begin();
    } else {
      // Written back, so that the file has all of it.
      for (int i = 0; i < 10'000; ++i) {
        journal->Take(EventOf("x" + std::to_string(i), Type::kNew));
        if (i % 1000 == 999) {
          REQUIRE(Await([&] { return journal->counts().waiting == 0; }));
        }
      }
      REQUIRE(std::filesystem::file_size(path) > 4096);
      damage();
    }
    REQUIRE(Await([&] { return bench.Reason().find(path + ".damaged-1") != std::string::npos; }));
    CHECK(bench.log.Count(kSetAside) == 1);
    CHECK(journal->counts().set_aside == 1);
    const auto listener = journal->Subscribe({}, std::nullopt).value();
    journal->Take(EventOf("b", Type::kNew));
    std::vector<Message> told;
    REQUIRE(Await([&] {
      for (auto& message : listener->Next(1).messages) told.push_back(message);
      return !told.empty();
    }));
    CHECK(told[0].id > last);
    REQUIRE(Await([&] { return Bench::List(*journal)->rows.size() == 1; }));
    CHECK(journal->Finish(Patience()) == 0);
  }
  CHECK(std::filesystem::file_size(path + ".damaged-1") == 4096);
  CHECK(bench.log.Count(kSetAside) == 1);
  CHECK(Store::Open(bench.options, base::SystemClock()).value()->newest() > last);
}

TEST_CASE("a stop does not wait for a history that fails") {
  Bench bench;
  bench.dir.Write("events.db", std::string(5000, 'x'));
  const auto journal = bench.Begin();
  journal->Take(EventOf("a", Type::kNew));
  CHECK(journal->Finish(Patience()) == 1);
}

TEST_CASE("streams go on behind what they had, over a start") {
  Bench bench;
  std::int64_t first = 0;
  {
    const auto journal = bench.Begin();
    for (int i = 0; i < 200; ++i) {
      journal->Take(EventOf("e" + std::to_string(i), Type::kNew));
      journal->Take(EventOf("e" + std::to_string(i), Type::kEnd));
    }
    REQUIRE(journal->Finish(Patience()) == 0);
  }
  const auto journal = bench.Begin();
  first = Bench::List(*journal)->rows.back().id;
  const auto listener = journal->Subscribe({}, first).value();
  std::vector<std::int64_t> ids;
  REQUIRE(Await([&] {
    for (const auto& message : listener->Next(1000).messages) ids.push_back(message.id);
    return ids.size() == 399;
  }));
  journal->Take(EventOf("f", Type::kNew));
  REQUIRE(Await([&] {
    for (const auto& message : listener->Next(1000).messages) ids.push_back(message.id);
    return ids.size() == 400;
  }));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(ids[i] == first + 1 + static_cast<std::int64_t>(i));
  }
}

TEST_CASE("without a history events are told, and numbered by the time") {
  Bench bench;
  bench.options.path.clear();
  const auto journal = bench.Begin();
  CHECK_FALSE(journal->keeps());
  journal->Take(EventOf("a", Type::kNew));
  const auto listener = journal->Subscribe({}, 1).value();
  const auto told = listener->Next(1000).messages;
  REQUIRE(told.size() == 1);
  CHECK(told[0].id > 1'700'000'000'000'000);
  CHECK(journal->Finish(Patience()) == 0);
  CHECK(std::filesystem::is_empty(bench.dir.path()));
}

}  // namespace
}  // namespace sampleproc::history
