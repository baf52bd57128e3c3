#include "consumer/old_frames.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sampleproc::consumer {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST_CASE("what makes frames old is said as it is") {
  const auto says = [](auto waiting, auto pulled, const char* what) {
    return OldFramesReason(waiting, pulled).find(what) != std::string::npos;
  };
  CHECK(says(hours(24), hours(24), "is 86400 s old"));
  CHECK(says(hours(24), hours(24), "the source holds old frames"));
  CHECK_FALSE(says(hours(24), hours(24), "faster"));
  CHECK(says(seconds(30), seconds(1), "up to 1 s old when they came"));
  CHECK(says(seconds(30), seconds(1), "come faster than they are worked on"));
  CHECK_FALSE(says(seconds(30), seconds(1), "the source holds"));
}

TEST_CASE("the age of what was pulled is that of its oldest frame with a time") {
  const base::WallTime now{seconds(1'000'000)};
  std::vector<Delivery> pulled(3);
  CHECK(OldestAge(pulled, now) == seconds(0));
  pulled[0].entry.timestamp = "999990";
  pulled[1].entry.timestamp = "1000500";
  pulled[2].entry.timestamp = "no time";
  CHECK(OldestAge(pulled, now) == seconds(10));
  CHECK(OldestAge({}, now) == seconds(0));
}

}  // namespace
}  // namespace sampleproc::consumer
