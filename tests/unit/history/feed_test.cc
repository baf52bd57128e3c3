#include "history/feed.h"

#include <catch2/catch.hpp>
#include <string>

#include "unit/history/samples.h"

namespace sampleproc::history {
namespace {

RecordPtr RecordOf(int number, const std::string& camera = "door") {
  return MakeRecord(EventOf("e" + std::to_string(number), Type::kNew, camera), {});
}

std::vector<std::int64_t> Next(Subscription& subscription, std::size_t most = 100'000) {
  std::vector<std::int64_t> ids;
  for (const Message& message : subscription.Next(most).messages) ids.push_back(message.id);
  return ids;
}

using Ints = std::vector<std::int64_t>;

TEST_CASE("who listens is told what comes from then on, and woken once for it") {
  const auto feed = std::make_shared<Feed>(100);
  feed->Tell({0, RecordOf(0)});
  const auto listener = feed->Subscribe({}, std::nullopt).value();
  int woken = 0;
  listener->OnNews([&] { ++woken; });
  CHECK(Next(*listener).empty());
  feed->Tell({0, RecordOf(1)});
  feed->Tell({0, RecordOf(2)});
  CHECK(woken == 1);
  CHECK(Next(*listener, 1) == Ints{102});
  CHECK(Next(*listener) == Ints{103});
  CHECK(Next(*listener).empty());
  feed->Tell({0, RecordOf(3)});
  CHECK(woken == 2);
  CHECK(feed->subscriptions() == 1);
}

TEST_CASE("who names a number goes on behind it") {
  const auto feed = std::make_shared<Feed>(100);
  for (int i = 0; i < 5; ++i) feed->Tell({0, RecordOf(i, i % 2 == 0 ? "door" : "gate")});
  CHECK(Next(*feed->Subscribe({}, 103).value()) == Ints{104, 105});
  CHECK(Next(*feed->Subscribe({}, 7).value()) == Ints{101, 102, 103, 104, 105});
  CHECK(Next(*feed->Subscribe({}, 1000).value()).empty());
  CHECK(Next(*feed->Subscribe({.camera_id = "gate"}, 101).value()) == Ints{102, 104});
}

TEST_CASE("who falls behind ends where there is no history") {
  const auto feed = std::make_shared<Feed>(0);
  const auto listener = feed->Subscribe({}, std::nullopt).value();
  for (std::size_t i = 0; i < Feed::kMostMessages; ++i) feed->Tell({0, RecordOf(1)});
  CHECK(Next(*listener, 1) == Ints{1});
  for (int i = 0; i < 3; ++i) feed->Tell({0, RecordOf(1)});
  CHECK(listener->Next(1).ended);
  // What a stranger's names make large is bounded by bytes.
  const auto other = feed->Subscribe({}, std::nullopt).value();
  frame::Event large = EventOf("e", Type::kNew);
  large.zones.assign(100, std::string(1000, 'z'));
  for (std::size_t i = 0; i < 50; ++i) feed->Tell({0, MakeRecord(large, {})});
  CHECK(other->Next(1).ended);
}

TEST_CASE("who is behind reads from the history, and then goes on") {
  std::vector<Feed::Request> asked;
  const auto feed =
      std::make_shared<Feed>([&](Feed::Request request) { asked.push_back(std::move(request)); });
  const auto early = feed->Subscribe({}, 5).value();
  feed->Begin(50);
  feed->Tell({51, RecordOf(1)});
  feed->Tell({52, RecordOf(2)});
  int woken = 0;
  early->OnNews([&] { ++woken; });
  CHECK(Next(*early).empty());
  CHECK(Next(*early).empty());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].after == 5);
  feed->Supply(asked[0].to, std::vector<Message>{{40, RecordOf(0)}, {52, RecordOf(2)}});
  CHECK(woken == 1);
  CHECK(Next(*early) == Ints{40, 52});
  CHECK(Next(*early).empty());
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].after == 52);
  feed->Supply(asked[1].to, std::vector<Message>{});
  CHECK(Next(*early).empty());
  feed->Tell({53, RecordOf(3)});
  CHECK(Next(*early) == Ints{53});

  for (std::size_t i = 0; i < Feed::kMostMessages + 3; ++i) {
    feed->Tell({static_cast<std::int64_t>(54 + i), RecordOf(4)});
  }
  CHECK(Next(*early).empty());
  REQUIRE(asked.size() == 3);
  CHECK(asked[2].after == 53);
  feed->Supply(asked[2].to, base::Fail(base::ErrorCode::kIo, "gone"));
  CHECK(early->Next(1).ended);
}

TEST_CASE("a message may be told before it has a number") {
  const auto feed = std::make_shared<Feed>([](const Feed::Request&) {});
  feed->Begin(50);
  const auto listener = feed->Subscribe({}, std::nullopt).value();
  const auto first = feed->Tell({0, RecordOf(1)});
  const auto second = feed->Tell({0, RecordOf(2)});
  CHECK(Next(*listener) == Ints{0, 0});
  feed->Number(first, 51);
  feed->Number(second, 52);
  CHECK(Next(*feed->Subscribe({}, 51).value()) == Ints{52});
  CHECK(Next(*listener).empty());
}

TEST_CASE("nobody has all places") {
  const auto feed = std::make_shared<Feed>(0);
  std::vector<std::shared_ptr<Subscription>> listeners;
  for (std::size_t i = 0; i < Feed::kMostOfListener; ++i) {
    listeners.push_back(feed->Subscribe({}, std::nullopt, "one").value());
  }
  const auto refused = feed->Subscribe({}, std::nullopt, "one");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kOverloaded);
  CHECK(feed->Subscribe({}, std::nullopt, "another"));
  listeners.pop_back();
  CHECK(feed->Subscribe({}, std::nullopt, "one"));
}

TEST_CASE("so many may listen, and nobody once it is closed") {
  const auto feed = std::make_shared<Feed>(0);
  std::vector<std::shared_ptr<Subscription>> listeners;
  for (std::size_t i = 0; i < Feed::kMostSubscriptions; ++i) {
    listeners.push_back(feed->Subscribe({}, std::nullopt).value());
  }
  const auto refused = feed->Subscribe({}, std::nullopt);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kOverloaded);
  listeners.pop_back();
  CHECK(feed->Subscribe({}, std::nullopt));
  int woken = 0;
  listeners[0]->OnNews([&] { ++woken; });
  CHECK(Next(*listeners[0]).empty());
  feed->Close();
  CHECK(woken == 1);
  CHECK(listeners[0]->Next(1).ended);
  CHECK(feed->Subscribe({}, std::nullopt).error().code == base::ErrorCode::kShuttingDown);
}

}  // namespace
}  // namespace sampleproc::history
