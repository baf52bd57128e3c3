#include "live/login_pauses.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sampleproc::live {
namespace {

using Seconds = std::vector<int>;

Seconds Refuse(LoginPauses& pauses, int times) {
  Seconds all;
  for (int i = 0; i < times; ++i) all.push_back(static_cast<int>(pauses.Refused().count()));
  return all;
}

TEST_CASE("a login that was never taken is tried again after a minute and more") {
  LoginPauses pauses;
  pauses.Tell("old");
  CHECK(Refuse(pauses, 6) == Seconds{60, 120, 240, 480, 600, 600});
  pauses.Tell("old");
  CHECK(Refuse(pauses, 1) == Seconds{600});
  CHECK(Refuse(pauses, 100).back() == 600);
}

TEST_CASE("another password begins anew") {
  LoginPauses pauses;
  pauses.Tell("old");
  pauses.Taken();
  pauses.Tell("new");
  CHECK_FALSE(pauses.IsTold("old"));
  CHECK(pauses.IsTold("new"));
  CHECK(Refuse(pauses, 2) == Seconds{60, 120});
}

TEST_CASE("a camera that starts may refuse a login that it has taken before") {
  LoginPauses pauses;
  pauses.Tell("");
  pauses.Taken();
  CHECK(Refuse(pauses, 5) == Seconds{2, 2, 60, 120, 240});
  pauses.Taken();
  CHECK(Refuse(pauses, 3) == Seconds{2, 2, 60});
}

}  // namespace
}  // namespace sampleproc::live
