#include "net/dns_cache.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Names {
  Resolve AsResolve() {
    return [this](const std::string&,
                  const base::Allowance&) -> base::Result<std::vector<std::string>> {
      ++queries;
      if (fails) return base::Fail(base::ErrorCode::kUnavailable, "no such name");
      return std::vector<std::string>{"192.0.2." + std::to_string(queries)};
    };
  }
  int queries = 0;
  bool fails = false;
};

TEST_CASE("one query in 300 s at 100 requests a second, and one more at 301 s") {
  testing::FakeClock clock;
  Names names;
  DnsCache cache(names.AsResolve(), seconds(300), clock);
  CHECK(cache.Find("h", {})->fresh);
  for (int i = 1; i < 30'000; ++i) {
    clock.Advance(milliseconds(10));
    const auto found = cache.Find("h", {});
    REQUIRE(found);
    REQUIRE_FALSE(found->fresh);
    REQUIRE(found->addresses == std::vector<std::string>{"192.0.2.1"});
  }
  CHECK(names.queries == 1);
  clock.Advance(seconds(1));
  CHECK(cache.Find("h", {})->addresses == std::vector<std::string>{"192.0.2.2"});
  CHECK(names.queries == 2);
}

TEST_CASE(
    "what does not answer is looked up at once, a failure is not kept, nor anything for 0 s") {
  testing::FakeClock clock;
  Names names;
  DnsCache cache(names.AsResolve(), seconds(300), clock);
  REQUIRE(cache.Find("h", {}));
  cache.Forget("h");
  CHECK(cache.Find("h", {})->fresh);
  CHECK(names.queries == 2);

  names.fails = true;
  CHECK_FALSE(cache.Find("other", {}));
  names.fails = false;
  CHECK(cache.Find("other", {}));
  CHECK(names.queries == 4);

  DnsCache none(names.AsResolve(), seconds(0), clock);
  CHECK(none.Find("h", {})->fresh);
  CHECK(none.Find("h", {})->fresh);
}

TEST_CASE("the system knows this machine, and not what is no name") {
  const auto here = ResolveBySystem("localhost", {});
  REQUIRE(here);
  CHECK((here->front() == "127.0.0.1" || here->front() == "::1"));
  const auto nowhere = ResolveBySystem("no such name", {});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == base::ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sampleproc::net
