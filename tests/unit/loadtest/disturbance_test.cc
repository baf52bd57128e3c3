#include "loadtest/disturbance.h"

#include <catch2/catch.hpp>
#include <csignal>

namespace sampleproc::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("disturbances are read in the order of their times") {
  const auto planned = ParseDisturbances(" at=20s stop for=1.5s,at=500ms hup , at=1m kill");
  REQUIRE(planned);
  REQUIRE(planned->size() == 3);
  CHECK((*planned)[0].at == milliseconds(500));
  CHECK((*planned)[0].signal == SIGHUP);
  CHECK((*planned)[0].text == "at=500ms hup");
  CHECK((*planned)[1].at == seconds(20));
  CHECK((*planned)[1].signal == SIGSTOP);
  CHECK((*planned)[1].lasts == milliseconds(1500));
  CHECK((*planned)[2].at == seconds(60));
  CHECK((*planned)[2].signal == SIGKILL);
}

TEST_CASE("what is no disturbance is named by its number") {
  const char* const text =
      GENERATE("", "term", "at=10 term", "at=1s", "at=1s die", "at=-1s term", "at=1s stop",
               "at=1s term for=2s", "at=1s term hup", "at=nans term", "at=8000000s term");
  const auto planned = ParseDisturbances("at=1s term," + std::string(text));
  REQUIRE_FALSE(planned);
  CHECK(planned.error().code == base::ErrorCode::kUsage);
  CHECK(planned.error().message.starts_with("number 2 is not 'at=TIME ACTION'"));
}

}  // namespace
}  // namespace sampleproc::loadtest
