#include "loadtest/capacity.h"

#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

struct Search {
  double capacity = 0;
  int runs = 0;
};

// What is found on a target that holds rates up to `limit`; every `bad`th run fails by chance.
Search Find(double limit, CapacitySearch::Options options, int bad = 0) {
  CapacitySearch search(options);
  Search found;
  while (const auto rate = search.Next()) {
    ++found.runs;
    REQUIRE(found.runs < 200);
    search.Tell(*rate <= limit && (bad == 0 || found.runs % bad != 0));
  }
  found.capacity = search.capacity();
  return found;
}

TEST_CASE("the limit is found from below and from above, to the precision") {
  for (const double limit : {0.3, 7.0, 10.0, 11.0, 123.0, 4'567.0, 88'888.0}) {
    CAPTURE(limit);
    const Search found = Find(limit, {});
    CHECK(found.capacity <= limit);
    CHECK(found.capacity >= limit / 1.031);
    CHECK(found.runs < 40);
  }
}

TEST_CASE("one bad run is not taken for the limit") {
  CHECK(Find(1'000, {}, 3).capacity >= 1'000 / 1.031);
}

TEST_CASE("a target that holds nothing, and one that holds everything") {
  CHECK(Find(0, {}).capacity == 0);
  CHECK(Find(1e9, {.most = 5'000}).capacity == 5'000);
}

}  // namespace
}  // namespace sampleproc::loadtest
