#include "http/rate_limiter.h"

#include <malloc.h>

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "http/middleware/rate_limit.h"
#include "http/router.h"
#include "support/fake_clock.h"

namespace sampleproc::http {
namespace {

using std::chrono::seconds;

Caller From(std::string_view address) {
  const auto parsed = ParseAddress(address);
  REQUIRE(parsed);
  return {*parsed, {}};
}

TEST_CASE("callers are told apart as they pay") {
  testing::FakeClock clock;
  RateLimiter limiter(2, clock, 1);
  const auto use_up = [&](const Caller& caller) {
    CHECK(limiter.Take(caller, 1).allowed);
    CHECK(limiter.Take(caller, 1).allowed);
  };
  const auto used_up = [&](const Caller& caller) { return !limiter.Take(caller, 1).allowed; };
  use_up(From("192.0.2.1"));
  CHECK(used_up(From("192.0.2.1")));
  CHECK(used_up(From("::ffff:192.0.2.1")));  // the same client on another kind of socket
  use_up(From("192.0.2.2"));
  use_up(From("2001:db8:0:1::1"));
  CHECK(used_up(From("2001:db8:0:1:ffff::9")));  // another address of the same /64
  use_up(From("2001:db8:0:2::1"));
  use_up({From("192.0.2.1").address, 0});  // with a token it is that token's
  CHECK(used_up({From("198.51.100.1").address, 0}));
  use_up({From("192.0.2.1").address, 1});
  use_up({});  // all of a unix socket are one
  CHECK(used_up({}));
}

TEST_CASE("never more than the quota in 60 seconds, and the whole quota at once") {
  testing::FakeClock clock;
  RateLimiter limiter(60, clock, 1);
  const Caller caller = From("192.0.2.1");
  std::vector<base::MonoTime> admitted;
  const base::MonoTime end = clock.Now() + seconds(600);
  while (clock.Now() < end) {
    for (int burst = 0; burst < 7; ++burst) {
      if (limiter.Take(caller, 1).allowed) admitted.push_back(clock.Now());
    }
    clock.Advance(std::chrono::milliseconds(370));
  }
  for (std::size_t i = 60; i < admitted.size(); ++i) {
    REQUIRE(admitted[i] - admitted[i - 60] >= seconds(60));
  }
  CHECK(admitted.size() >= 60 * 9);

  clock.Advance(seconds(61));
  for (int i = 0; i < 60; ++i) REQUIRE(limiter.Take(caller, 1).allowed);
  CHECK_FALSE(limiter.Take(caller, 1).allowed);
}

TEST_CASE("a million sources take bounded memory and nobody else's quota") {
  testing::FakeClock clock;
  const std::size_t before = mallinfo2().uordblks;
  RateLimiter limiter(60, clock, 99);
  const Caller victim = From("198.51.100.1");
  std::uint32_t served = 0;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    Caller caller;
    caller.address.known = true;
    caller.address.bytes[0] = 0x20;
    for (std::size_t byte = 0; byte < 4; ++byte) {
      caller.address.bytes[4 + byte] = static_cast<std::uint8_t>(i >> (8 * byte));
    }
    limiter.Take(caller, 1);
    if (i % 20'000 == 0 && limiter.Take(victim, 1).allowed) ++served;
  }
  CHECK(served == 50);
  CHECK(limiter.callers() <= RateLimiter::kMaxCallers);
  CHECK(limiter.callers() > RateLimiter::kMaxCallers / 2);
  CHECK(mallinfo2().uordblks - before <= 64u << 20);
  // Seen all the while, so never forgotten: 50 of its 60 are still counted.
  CHECK(limiter.Take(victim, 10).allowed);
  CHECK_FALSE(limiter.Take(victim, 1).allowed);

  // What is over is forgotten without being asked for again.
  clock.Advance(seconds(122));
  for (int i = 0; i < 200'000; ++i) limiter.Take(From("2001:db8:1::1"), 0);
  for (int i = 0; i < 250; ++i) {
    limiter.Take(From("10.0." + std::to_string(i) + ".1"), 1);
  }
  CHECK(limiter.callers() < RateLimiter::kMaxCallers);
}

TEST_CASE("threads together get exactly the quota") {
  testing::FakeClock clock;
  RateLimiter limiter(1000, clock, 1);
  std::atomic<int> admitted = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          if (limiter.Take({}, 1).allowed) ++admitted;
        }
      });
    }
  }
  CHECK(admitted == 1000);
}

TEST_CASE("answers say how the quota stands, and a refusal when to come back") {
  testing::FakeClock clock;
  RateLimiter limiter(2, clock, 1);
  RateLimit link(limiter);
  const Route probe{Method::kGet, "/livez", {}, true, true};
  Request request;
  const auto fields = [&](const std::optional<Response>& answer) {
    Response response;
    if (answer) response.field_lines = answer->field_lines;
    link.OnResponse(request, response);
    return response.field_lines;
  };
  CHECK(fields(link.OnHead(request)) ==
        "RateLimit-Policy: \"default\";q=2;w=60\r\nRateLimit: \"default\";r=1;t=60\r\n");
  clock.Advance(seconds(10));
  CHECK(fields(link.OnHead(request)) ==
        "RateLimit-Policy: \"default\";q=2;w=60\r\nRateLimit: \"default\";r=0;t=50\r\n");
  const auto refused = link.OnHead(request);
  REQUIRE(refused);
  CHECK(refused->status == 429);
  CHECK(fields(refused) ==
        "Retry-After: 50\r\n"
        "RateLimit-Policy: \"default\";q=2;w=60\r\nRateLimit: \"default\";r=0;t=50\r\n");
  request.quota.reset();
  request.route = &probe;
  CHECK_FALSE(link.OnHead(request));
  CHECK(fields({}).empty());
}

}  // namespace
}  // namespace sampleproc::http
