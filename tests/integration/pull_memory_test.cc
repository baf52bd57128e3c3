// What is pulled is taken from the memory budget before it is read.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "consumer/sources/http_source.h"
#include "support/base64_encode.h"
#include "support/http_upstream.h"
#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using resources::MemoryBudget;
using resources::Reservation;
using test::Ok;
using test::Upstream;
using namespace testing;

constexpr std::size_t kFrame = 1 << 20;

void AddLarge(RedisServer& server, const std::string& id, std::size_t bytes) {
  REQUIRE(server
              .Ask({"XADD", "frames:ready:p", "*", "frame_id", id, "frame_data",
                    std::string(bytes, 'x')})
              .kind == RedisReply::Kind::kText);
}

std::size_t Counted(const std::vector<Delivery>& deliveries) {
  std::size_t bytes = 0;
  for (const Delivery& each : deliveries) bytes += each.memory.bytes();
  return bytes;
}

std::unique_ptr<RedisSource> MakeCounted(RedisServer& server, MemoryBudget& budget) {
  return std::make_unique<RedisSource>(RedisSourceContext{.connect = server.Connect(),
                                                          .login = {},
                                                          .clock = base::SystemClock(),
                                                          .consumer = "c1",
                                                          .processor_id = "p",
                                                          .budget = &budget},
                                       StreamOptions(), frame::Options{});
}

TEST_CASE("entries of a stream come as far as there is memory, the others wait in Redis") {
  RedisServer server;
  for (int i = 0; i < 12; ++i) AddLarge(server, std::to_string(i), kFrame);
  MemoryBudget budget(6 * kFrame);
  const auto source = MakeCounted(server, budget);
  std::set<std::string> seen;
  std::vector<Delivery> held;
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (seen.size() < 12) {
    REQUIRE_FALSE(deadline.Expired());
    auto pulled = source->Pull(10);
    REQUIRE(pulled);
    for (Delivery& each : *pulled) {
      CHECK(each.memory.bytes() > kFrame);
      CHECK(each.deliveries == 1);
      CHECK(seen.insert(each.entry.frame_id).second);
      held.push_back(std::move(each));
    }
    CHECK(budget.used() == Counted(held));
    if (!pulled->empty()) continue;
    // Those that came are done.
    for (const Delivery& each : held) CHECK(Settle(*source, each, Ending::kDone));
    held.clear();
  }
  for (const Delivery& each : held) CHECK(Settle(*source, each, Ending::kDone));
  CHECK(PendingCount(server) == 0);
}

TEST_CASE("an entry for which there never is memory stops none of its neighbours") {
  RedisServer server;
  AddLarge(server, "large", 5 * kFrame);
  AddLarge(server, "small", kFrame);
  MemoryBudget budget(8 * kFrame);
  const auto source = MakeCounted(server, budget);
  for (const Delivery& each : PullSome(*source, 2)) {
    CHECK(each.broken.has_value() == (each.entry.frame_id == "large"));
    if (each.broken) CHECK(each.broken->code == base::ErrorCode::kTooLarge);
    CHECK(Settle(*source, each, each.broken ? Ending::kDead : Ending::kDone, "too-large"));
  }
  CHECK(PendingCount(server) == 0);
}

std::string Answer(int frames) {
  std::string body = R"({"frames":[)";
  const std::string pixels = test::EncodeBase64(base::AsBytes(std::string(kFrame, 'x')));
  for (int i = 0; i < frames; ++i) {
    body += std::string(i == 0 ? "" : ",") + R"({"frame_id":"f)" + std::to_string(i) +
            R"(","frame_data":")" + pixels + R"("})";
  }
  return body + "]}";
}

// Keeps a reference to the options.
net::HttpClient ClientOf(const Upstream& buffer, const net::Options& options) {
  return net::HttpClient(
      *net::ParseUrl("http://127.0.0.1:" + std::to_string(buffer.port())), options,
      [](const std::string& host, const base::Allowance&) {
        return base::Result<std::vector<std::string>>({host});
      },
      base::SystemClock());
}

TEST_CASE("a frame buffer is asked for frames when there is memory for them") {
  Upstream buffer([](int) { return Ok(Answer(2)); });
  const net::Options options;
  net::HttpClient client = ClientOf(buffer, options);
  MemoryBudget budget(16 * kFrame);
  HttpSource source(client, milliseconds(20'000), frame::Options{}, nullptr, &budget);
  {
    const auto frames = source.Pull(2).value();
    REQUIRE(frames.size() == 2);
    for (const Delivery& each : frames) CHECK(each.memory.bytes() == kFrame);
    CHECK(budget.used() == 2 * kFrame);
  }
  CHECK(budget.used() == 0);
  {
    const auto others = budget.TryReserve(15 * kFrame, "others");
    REQUIRE(others);
    CHECK(source.Pull(2).value().empty());
    CHECK(buffer.requests() == 1);
  }
  CHECK(source.Pull(2).value().size() == 2);
  CHECK(buffer.requests() == 2);
}

TEST_CASE("an answer that finds no memory is not lost, since the buffer has forgotten it") {
  Upstream buffer([](int) { return Ok(Answer(2)); });
  const net::Options options;
  net::HttpClient client = ClientOf(buffer, options);
  MemoryBudget budget(16 * kFrame);
  const auto others = budget.TryReserve(16 * kFrame, "others");
  // Half of it is for the wait for memory, the other half for the answer.
  HttpSource source(client, milliseconds(12'000), frame::Options{}, nullptr, &budget);
  const auto frames = source.Pull(2).value();
  REQUIRE(frames.size() == 2);
  CHECK(Counted(frames) == 0);
}

}  // namespace
}  // namespace sampleproc::consumer
