// Settlements that Redis may have done without our hearing of it.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

// What goes wrong on the way to Redis.
struct Faults {
  std::atomic<bool> away = false;     // no further connection is made
  std::atomic<int> refused = 0;       // connections that were not made
  std::atomic<int> losses = 0;        // answers that are to be lost, of scripts
  std::atomic<std::size_t> kept = 0;  // bytes of a lost answer that arrive
};

// Ends when the answer to a script has come, of which nothing or the first bytes are seen.
class Losing final : public net::Stream {
 public:
  Losing(std::unique_ptr<net::Stream> stream, Faults& faults)
      : stream_(std::move(stream)), faults_(faults) {}
  base::Result<void> Write(std::string_view bytes, const base::Allowance& allowance) override {
    if (ended_) return Ended();
    if (faults_.losses > 0 && bytes.find("EVAL") != bytes.npos) {
      --faults_.losses;
      loses_ = true;
    }
    return stream_->Write(bytes, allowance);
  }
  base::Result<std::size_t> Read(std::span<char> room, const base::Allowance& allowance) override {
    if (ended_) return Ended();
    auto got = stream_->Read(room, allowance);
    if (!got || !loses_) return got;
    ended_ = true;
    if (faults_.kept == 0) return Ended();
    return std::min<std::size_t>(*got, faults_.kept);
  }

 private:
  static std::unexpected<base::Error> Ended() {
    return base::Fail(base::ErrorCode::kIo, "the connection was closed");
  }

  const std::unique_ptr<net::Stream> stream_;
  Faults& faults_;
  bool loses_ = false;
  bool ended_ = false;
};

std::unique_ptr<RedisSource> MakeLosing(const RedisServer& server, Faults& faults) {
  return std::make_unique<RedisSource>(
      RedisSourceContext{
          .connect = [connect = server.Connect(), &faults](const base::Allowance& allowance)
              -> base::Result<std::unique_ptr<net::Stream>> {
            if (faults.away) {
              ++faults.refused;
              return base::Fail(base::ErrorCode::kUnavailable, "nobody listens");
            }
            auto stream = connect(allowance);
            if (!stream) return stream;
            return std::make_unique<Losing>(std::move(*stream), faults);
          },
          .login = {},
          .clock = base::SystemClock(),
          .consumer = "c1",
          .processor_id = "p"},
      StreamOptions(), frame::Options{});
}

std::future<bool> Begin(RedisSource& source, const Delivery& delivery, Ending ending) {
  auto answer = std::make_shared<std::promise<bool>>();
  source.Settle({.ticket = delivery.ticket,
                 .ending = ending,
                 .frame_id = delivery.entry.frame_id,
                 .record = ending == Ending::kDone ? "{}" : "",
                 .reason = ending == Ending::kDone ? "" : "invalid-frame"},
                [answer](bool ours) { answer->set_value(ours); });
  return answer->get_future();
}

void Await(const std::function<bool()>& what) {
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (!what()) {
    REQUIRE_FALSE(deadline.Expired());
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST_CASE("a settlement whose answer got lost is ours, and is done once") {
  const Ending ending = GENERATE(Ending::kDone, Ending::kDead, Ending::kDropped);
  RedisServer server;
  Add(server, "a");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 1);
  faults.losses = 2;
  CHECK(Begin(*source, frames[0], ending).get());
  CHECK(faults.losses == 0);
  CHECK(PendingCount(server) == 0);
  CHECK(server.Ask({"XLEN", "frames:ready:p"}).integer == 0);
  CHECK(Stream(server, "sample:results").size() == (ending == Ending::kDone ? 1 : 0));
  CHECK(Stream(server, "frames:dlq:p").size() == (ending == Ending::kDead ? 1 : 0));
}

TEST_CASE("settlements that go out together are ours when some of their answers get lost") {
  RedisServer server;
  for (const char* id : {"a", "b", "c"}) Add(server, id);
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 3);
  faults.away = true;
  std::vector<std::future<bool>> answers;
  for (const Delivery& frame : frames) answers.push_back(Begin(*source, frame, Ending::kDone));
  Await([&] { return faults.refused > 0; });
  faults.kept = std::string_view(":1\r\n:1\r").size();
  faults.losses = 1;
  faults.away = false;
  for (auto& answer : answers) CHECK(answer.get());
  CHECK(faults.losses == 0);
  CHECK(Stream(server, "sample:results").size() == 3);
}

TEST_CASE("what another has settled is not ours, however often Redis could not be reached") {
  RedisServer server;
  Add(server, "a");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 1);
  faults.away = true;
  auto answer = Begin(*source, frames[0], Ending::kDone);
  Await([&] { return faults.refused > 1; });
  CHECK(server.Ask({"XACK", "frames:ready:p", "frame-processors", frames[0].message_id}).integer ==
        1);
  faults.away = false;
  CHECK_FALSE(answer.get());
  CHECK(Stream(server, "sample:results").empty());
}

TEST_CASE("a frame that went back without an answer is its next owner's") {
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 2);
  CHECK(Begin(*source, frames[1], Ending::kDropped).get());  // so that its connection is there
  faults.losses = 1;
  faults.away = true;
  auto answer = Begin(*source, frames[0], Ending::kReturned);
  Await([&] { return faults.refused > 0; });
  server.Ask({"XCLAIM", "frames:ready:p", "frame-processors", "c2", "0", frames[0].message_id});
  faults.away = false;
  CHECK_FALSE(answer.get());
  CHECK(PendingCount(server) == 1);
}

TEST_CASE("a result that was published counts though Redis refused what came after it") {
  RedisServer server;
  Add(server, "a");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 1);
  REQUIRE(server.Ask({"ACL", "SETUSER", "default", "-xdel"}).kind == RedisReply::Kind::kStatus);
  CHECK(Begin(*source, frames[0], Ending::kDone).get());
  CHECK(PendingCount(server) == 0);
  CHECK(Stream(server, "sample:results").size() == 1);
}

TEST_CASE("what a stop leaves without an answer is ours when it may have been done") {
  const bool sent = GENERATE(true, false);
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 2);
  if (sent) {
    CHECK(Begin(*source, frames[1], Ending::kDropped).get());  // so that its connection is there
    faults.losses = 1;
  }
  faults.away = true;
  auto answer = Begin(*source, frames[0], Ending::kDone);
  Await([&] { return faults.refused > 0; });
  source->Close(base::Deadline(base::SystemClock(), milliseconds(0)));
  CHECK(answer.get() == sent);
  CHECK(Stream(server, "sample:results").size() == (sent ? 1 : 0));
  CHECK(PendingCount(server) == (sent ? 0 : 2));
}

}  // namespace
}  // namespace sampleproc::consumer
