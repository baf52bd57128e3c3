// Settlements that Redis refuses: told once, in nobody's way, done when Redis takes them again.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "support/fake_clock.h"
#include "support/redis_frames.h"
#include "support/redis_watched.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

// A connection that takes what is written and brings nothing to its server, from the first result
// on that is written while `swallows` is set.
class Swallowing final : public net::Stream {
 public:
  Swallowing(std::unique_ptr<net::Stream> stream, std::atomic<bool>& swallows)
      : stream_(std::move(stream)), swallows_(swallows) {}
  base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    if (swallows_ && bytes.find("sample:results") != bytes.npos) dead_ = true;
    return dead_ ? base::Result<void>() : stream_->Write(bytes, allowance);
  }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    return stream_->Read(room, allowance);
  }

 private:
  const std::unique_ptr<net::Stream> stream_;
  std::atomic<bool>& swallows_;
  bool dead_ = false;
};

// A connection that ends when what `cuts` chooses is written.
class Cut final : public net::Stream {
 public:
  using Choice = std::function<bool(std::string_view written)>;
  Cut(std::unique_ptr<net::Stream> stream, const Choice& cuts)
      : stream_(std::move(stream)), cuts_(cuts) {}
  base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    if (cuts_(bytes)) stream_.reset();
    if (stream_) return stream_->Write(bytes, allowance);
    return base::Fail(base::ErrorCode::kIo, "the connection was closed");
  }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    if (stream_) return stream_->Read(room, allowance);
    return base::Fail(base::ErrorCode::kIo, "the connection was closed");
  }

 private:
  std::unique_ptr<net::Stream> stream_;
  const Choice& cuts_;
};

net::ConnectStream CutBy(const RedisServer& server, const Cut::Choice& cuts) {
  return [connect = server.Connect(),
          &cuts](const base::Allowance& allowance) -> base::Result<std::unique_ptr<net::Stream>> {
    auto stream = connect(allowance);
    if (!stream) return stream;
    return std::make_unique<Cut>(std::move(*stream), cuts);
  };
}

// Those of a camera, in the order in which they were published: "a1" is of camera "a".
std::vector<std::string> ResultsOf(RedisServer& server, char camera) {
  std::vector<std::string> ids;
  for (const auto& each : Stream(server, "sample:results")) {
    if (each.at("frame_id").front() == camera) ids.push_back(each.at("frame_id"));
  }
  return ids;
}

TEST_CASE("a settling connection that hangs is told, given up, and loses no frame to others") {
  RedisServer server;
  Add(server, "a");
  std::atomic<bool> swallows = true;
  sampleproc::testing::FakeClock clock;
  Watched watched(
      [&](const base::Allowance& allowance) -> base::Result<std::unique_ptr<net::Stream>> {
        auto stream = server.Connect()(allowance);
        if (!stream) return stream;
        return std::make_unique<Swallowing>(std::move(*stream), swallows);
      },
      clock, StreamOptions(milliseconds(6'000)));
  const auto frames = PullSome(watched.source, 1);
  CHECK(watched.source.Settling());
  auto done = watched.Begin(frames[0], Ending::kDone);
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  auto settling = watched.source.Settling();
  for (; settling; settling = watched.source.Settling()) {
    REQUIRE_FALSE(deadline.Expired());
    clock.Advance(RedisSettler::kOverdue);
    std::this_thread::yield();
  }
  const std::string told = settling.error().message;
  CHECK(told.find("no answer for") != std::string::npos);
  CHECK(told.find("frames held: 1") != std::string::npos);
  swallows = false;  // for new connections
  CHECK(done.get());
  CHECK(watched.source.Settling());
  CHECK(Stream(server, "sample:results").size() == 1);
}

TEST_CASE(
    "a results key of the wrong type is told, stops no dead letter, and ends when it is right") {
  RedisServer server;
  for (const char* id : {"a", "b", "bad"}) Add(server, id);
  REQUIRE(server.Ask({"SET", "sample:results", "text"}).kind == RedisReply::Kind::kStatus);
  Watched watched(server);
  const auto frames = PullSome(watched.source, 3);
  auto first = watched.Begin(frames[0], Ending::kDone);
  auto second = watched.Begin(frames[1], Ending::kDone);
  auto dead = watched.Begin(frames[2], Ending::kDead, "invalid-frame");
  CHECK(dead.get());
  const auto told = watched.Await(1);
  CHECK(told[0].name == "settlement_refused");
  CHECK(told[0].subject == "sample:results");
  CHECK(told[0].reason.find("WRONGTYPE") != std::string::npos);
  const std::string text = watched.registry.Text();
  CHECK(text.find("sampleproc_consumer_settlements_refused_total{reason=\"WRONGTYPE\"}") !=
        std::string::npos);
  CHECK(watched.source.Parked() == 0);  // results are not small
  REQUIRE(server.Ask({"DEL", "sample:results"}).integer == 1);
  CHECK(first.get());
  CHECK(second.get());
  watched.Await(0);
  CHECK(Stream(server, "sample:results").size() == 2);
}

TEST_CASE("dead letters that Redis refuses take no room, and good frames go on") {
  RedisServer server;
  REQUIRE(server.Ask({"SET", "frames:dlq:p", "text"}).kind == RedisReply::Kind::kStatus);
  Watched watched(server);
  std::vector<std::future<bool>> dead;
  for (int i = 0; i < 200; ++i) Add(server, "bad");
  for (const Delivery& each : PullSome(watched.source, 200, 50)) {
    dead.push_back(watched.Begin(each, Ending::kDead, "invalid-frame"));
  }
  CHECK(watched.Await(1)[0].subject == "frames:dlq:p");
  Add(server, "good");
  CHECK(watched.Begin(PullSome(watched.source, 1)[0], Ending::kDone).get());
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (watched.source.Parked() < 200) REQUIRE_FALSE(deadline.Expired());
  REQUIRE(server.Ask({"DEL", "frames:dlq:p"}).integer == 1);
  for (auto& each : dead) CHECK(each.get());
  watched.Await(0);
  CHECK(server.Ask({"XLEN", "frames:dlq:p"}).integer == 200);
  CHECK(watched.source.Parked() == 0);
}

TEST_CASE("what may not be written, or not now, is told with its reason") {
  const auto reason = [](RedisServer& server, const net::RedisCommand& begin,
                         const net::RedisCommand& end) {
    Add(server, "a");
    Watched watched(server);
    const auto frames = PullSome(watched.source, 1);
    REQUIRE(server.Ask(begin).kind == RedisReply::Kind::kStatus);
    auto done = watched.Begin(frames[0], Ending::kDone);
    const std::string told = watched.Await(1)[0].reason;
    REQUIRE(server.Ask(end).kind == RedisReply::Kind::kStatus);
    CHECK(done.get());
    watched.Await(0);
    return told;
  };
  RedisServer server;
  CHECK(reason(server, {"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"})
            .find("OOM") != std::string::npos);
  CHECK(
      reason(server, {"ACL", "SETUSER", "default", "-xadd"}, {"ACL", "SETUSER", "default", "+xadd"})
          .find("NOPERM") != std::string::npos);
  CHECK(reason(server, {"CONFIG", "SET", "min-replicas-to-write", "1"},
               {"CONFIG", "SET", "min-replicas-to-write", "0"})
            .find("NOREPLICAS") != std::string::npos);
}

TEST_CASE("a settlement at which the connection ends stops none behind it") {
  RedisServer server({"--proto-max-bulk-len", "1mb"});
  for (const char* id : {"large", "good"}) Add(server, id);
  Watched watched(server);
  const auto frames = PullSome(watched.source, 2);
  std::promise<bool> large;
  watched.source.Settle({.ticket = frames[0].ticket,
                         .ending = Ending::kDone,
                         .frame_id = "large",
                         .record = std::string(2 << 20, 'x'),
                         .reason = {}},
                        [&](bool ours) { large.set_value(ours); });
  CHECK(watched.Begin(frames[1], Ending::kDone).get());
  CHECK(watched.Await(1)[0].subject == "sample:results");
  REQUIRE(server.Ask({"CONFIG", "SET", "proto-max-bulk-len", "512mb"}).kind ==
          RedisReply::Kind::kStatus);
  CHECK(large.get_future().get());
  watched.Await(0);
}

TEST_CASE("connections that end at every result are no refusal of one, and mix no order") {
  RedisServer server;
  constexpr std::size_t kFrames = 12;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kFrames; ++i) ids.push_back("a" + std::to_string(100 + i));
  for (const std::string& id : ids) Add(server, id);
  std::atomic<bool> cuts = true;
  std::atomic<int> ended = 0;
  const Cut::Choice choice = [&](std::string_view bytes) {
    if (!cuts || bytes.find("XADD") == bytes.npos) return false;
    ++ended;
    return true;
  };
  sampleproc::testing::FakeClock clock;
  Watched watched(CutBy(server, choice), clock);
  const auto frames = PullSome(watched.source, kFrames);
  std::vector<std::future<bool>> done;
  for (std::size_t i = 0; i < kFrames; ++i) {
    if (i == kFrames / 2) {
      const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
      while (ended < 12) {
        REQUIRE_FALSE(deadline.Expired());
        std::this_thread::yield();
      }
    }
    done.push_back(watched.Begin(frames[i], Ending::kDone, "", 7));
  }
  CHECK(watched.conditions.List().empty());  // one fault is told once, by Settling
  // The sign of life that is due meanwhile may be answered, and the time begin anew.
  const base::Deadline patience(base::SystemClock(), std::chrono::seconds(60));
  while (watched.source.Settling()) {
    REQUIRE_FALSE(patience.Expired());
    clock.Advance(RedisSettler::kOverdue);
    std::this_thread::yield();
  }
  cuts = false;
  for (auto& each : done) CHECK(each.get());
  CHECK(ResultsOf(server, 'a') == ids);
  CHECK(watched.source.Settling());
}

TEST_CASE("a result that is set aside keeps its place in its camera, and other cameras go on") {
  RedisServer server;
  for (const char* id : {"a1", "a2", "b1"}) Add(server, id);
  std::atomic<int> ended = 0;
  // Often enough for it to be set aside, not for it to be at fault.
  const Cut::Choice choice = [&](std::string_view bytes) {
    if (bytes.find("\na1\r") == bytes.npos) return false;
    return ended++ < 4;
  };
  Watched watched(CutBy(server, choice), base::SystemClock());
  const auto frames = PullSome(watched.source, 3);
  auto first = watched.Begin(frames[0], Ending::kDone, "", 7);
  auto second = watched.Begin(frames[1], Ending::kDone, "", 7);
  auto other = watched.Begin(frames[2], Ending::kDone, "", 9);
  CHECK(other.get());
  CHECK(first.get());
  CHECK(second.get());
  CHECK(ResultsOf(server, 'a') == std::vector<std::string>{"a1", "a2"});
  watched.Await(0);
}

TEST_CASE("a result that is shown to be at fault itself lets its camera go on") {
  RedisServer server;
  for (const char* id : {"a1", "a2", "b1"}) Add(server, id);
  std::atomic<bool> cuts = true;
  const Cut::Choice choice = [&](std::string_view bytes) {
    return cuts && bytes.find("\na1\r") != bytes.npos;
  };
  Watched watched(CutBy(server, choice), base::SystemClock());
  const auto frames = PullSome(watched.source, 3);
  auto first = watched.Begin(frames[0], Ending::kDone, "", 7);
  CHECK(watched.Begin(frames[2], Ending::kDone, "", 9).get());
  CHECK(watched.Begin(frames[1], Ending::kDone, "", 7).get());
  CHECK(watched.Await(1)[0].reason.find("ends the connection") != std::string::npos);
  cuts = false;
  CHECK(first.get());
  watched.Await(0);
}

// A connection on which scripts go wrong that are written while `left` is above 0, once for each.
class Garbling final : public net::Stream {
 public:
  Garbling(std::unique_ptr<net::Stream> stream, std::string_view of, std::atomic<int>& left)
      : stream_(std::move(stream)), of_(of), left_(left) {}
  base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    std::string written(bytes);
    const std::size_t command = written.find("'XADD'");
    if (command != written.npos && written.find(of_) != written.npos && left_-- > 0) {
      written.replace(command, 6, "'XADX'");
    }
    return stream_->Write(written, allowance);
  }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    return stream_->Read(room, allowance);
  }

 private:
  const std::unique_ptr<net::Stream> stream_;
  const std::string_view of_;
  std::atomic<int>& left_;
};

TEST_CASE("a result that is refused with an error of no known meaning keeps its place") {
  RedisServer server;
  for (const char* id : {"a1", "a2", "b1"}) Add(server, id);
  std::atomic<int> left = 2;
  Watched watched(
      [&](const base::Allowance& allowance) -> base::Result<std::unique_ptr<net::Stream>> {
        auto stream = server.Connect()(allowance);
        if (!stream) return stream;
        return std::make_unique<Garbling>(std::move(*stream), "\na1\r", left);
      },
      base::SystemClock());
  const auto frames = PullSome(watched.source, 3);
  auto first = watched.Begin(frames[0], Ending::kDone, "", 7);
  // It has been refused: the others do not go out with it.
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (watched.registry.Text().find("settlements_refused_total{reason=\"ERR\"}") ==
         std::string::npos) {
    REQUIRE_FALSE(deadline.Expired());
    std::this_thread::yield();
  }
  auto second = watched.Begin(frames[1], Ending::kDone, "", 7);
  auto other = watched.Begin(frames[2], Ending::kDone, "", 9);
  CHECK(other.get());
  CHECK(first.get());
  CHECK(second.get());
  CHECK(ResultsOf(server, 'a') == std::vector<std::string>{"a1", "a2"});
  watched.Await(0);
}

TEST_CASE("a source that is closed waits for no server, and says nothing more to it") {
  RedisServer server;
  Add(server, "a");
  std::atomic<bool> swallows = true;
  std::atomic<int> writes = 0;
  const Cut::Choice counts = [&](std::string_view) { return ++writes < 0; };
  auto watched = std::make_unique<Watched>(
      [&, connect = CutBy(server, counts)](
          const base::Allowance& allowance) -> base::Result<std::unique_ptr<net::Stream>> {
        auto stream = connect(allowance);
        if (!stream) return stream;
        return std::make_unique<Swallowing>(std::move(*stream), swallows);
      },
      base::SystemClock());
  const auto frames = PullSome(watched->source, 1);
  auto done = watched->Begin(frames[0], Ending::kDone);
  watched->source.Close(base::Deadline(base::SystemClock(), milliseconds(0)));
  done.wait();
  const int before = writes;
  watched.reset();
  CHECK(writes == before);
  CHECK(PendingCount(server) == 1);
}

TEST_CASE("a refusal that lasts when its source is closed is not told as over") {
  RedisServer server;
  Add(server, "a");
  REQUIRE(server.Ask({"SET", "sample:results", "text"}).kind == RedisReply::Kind::kStatus);
  Watched watched(server);
  const auto frames = PullSome(watched.source, 1);
  auto done = watched.Begin(frames[0], Ending::kDone);
  watched.Await(1);
  watched.source.Close(base::Deadline(base::SystemClock(), milliseconds(0)));
  CHECK_FALSE(done.get());
  CHECK(watched.conditions.List().size() == 1);
}

TEST_CASE("results that were refused keep their order, with those that came later") {
  RedisServer server;
  constexpr int kFrames = 200;
  for (int i = 0; i < kFrames; ++i) Add(server, std::to_string(i));
  Watched watched(server);
  const auto frames = PullSome(watched.source, kFrames, 100);
  std::vector<std::future<bool>> done;
  const auto begin = [&](int first, int end) {
    for (int i = first; i < end; ++i) {
      done.push_back(watched.Begin(frames[static_cast<std::size_t>(i)], Ending::kDone));
    }
  };
  REQUIRE(server.Ask({"CONFIG", "SET", "min-replicas-to-write", "1"}).kind ==
          RedisReply::Kind::kStatus);
  begin(0, 100);
  CHECK(watched.Await(1)[0].subject == "redis:6379");  // none of the keys is at fault
  begin(100, 150);
  REQUIRE(server.Ask({"CONFIG", "SET", "min-replicas-to-write", "0"}).kind ==
          RedisReply::Kind::kStatus);
  begin(150, kFrames);
  for (auto& each : done) CHECK(each.get());
  watched.Await(0);
  const auto results = Stream(server, "sample:results");
  REQUIRE(results.size() == kFrames);
  for (int i = 0; i < kFrames; ++i) {
    CHECK(results[static_cast<std::size_t>(i)].at("frame_id") == std::to_string(i));
  }
}

TEST_CASE("a server that takes no further connection is told as that, and not as a key's fault") {
  RedisServer server;
  Add(server, "a");
  Watched watched(server);
  const auto frames = PullSome(watched.source, 1);
  // The puller and the test have theirs; the settler connects with its first settlement.
  REQUIRE(server.Ask({"CONFIG", "SET", "maxclients", "2"}).kind == RedisReply::Kind::kStatus);
  auto done = watched.Begin(frames[0], Ending::kDone);
  const auto told = watched.Await(1);
  CHECK(told[0].subject == "redis:6379");
  CHECK(told[0].reason.find("max number of clients reached") != std::string::npos);
  REQUIRE(server.Ask({"CONFIG", "SET", "maxclients", "100"}).kind == RedisReply::Kind::kStatus);
  CHECK(done.get());
  watched.Await(0);
}

TEST_CASE("that nothing can be touched is over with the first settlement that is taken") {
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  // The touches are so far apart that no second one comes.
  Watched watched(server, StreamOptions(milliseconds(6'000)));
  const auto frames = PullSome(watched.source, 2);
  REQUIRE(server.Ask({"CONFIG", "SET", "min-replicas-to-write", "1"}).kind ==
          RedisReply::Kind::kStatus);
  const auto told = watched.Await(1);  // by a touch: nothing is being settled
  CHECK(told[0].subject == "redis:6379");
  CHECK(told[0].reason.find("NOREPLICAS") != std::string::npos);
  REQUIRE(server.Ask({"CONFIG", "SET", "min-replicas-to-write", "0"}).kind ==
          RedisReply::Kind::kStatus);
  CHECK(watched.Begin(frames[0], Ending::kDone).get());
  CHECK(watched.conditions.List().empty());
  CHECK(watched.Begin(frames[1], Ending::kDone).get());
}

}  // namespace
}  // namespace sampleproc::consumer
