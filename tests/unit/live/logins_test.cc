#include "live/logins.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

namespace sampleproc::live {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Login kLogin{"recorder", 554, "viewer:secret"};

// Two cameras behind one recorder.
struct RecorderBench {
  RecorderBench() {
    first.Tell(kLogin, "secret");
    second.Tell(kLogin, "secret");
  }
  Logins logins;
  Logins::Camera first{logins, "first"};
  Logins::Camera second{logins, "second"};
};

bool IsRefused(Logins::Camera& camera) {
  const auto begun = camera.Begin({});
  return !begun && begun.error().code == ErrorCode::kUnauthorized;
}

TEST_CASE("a login is of a host, a user and a password") {
  const Login login = Login::Of("rtsp://me@Recorder/ch1", "a b");
  CHECK(login == Login{"recorder", 554, "me:a b"});
  CHECK(login == Login::Of("rtsp://me@recorder:554/ch2", "a b"));
  CHECK(login != Login::Of("rtsp://me@recorder:555/ch2", "a b"));
  CHECK(login != Login::Of("rtsp://me@recorder/ch2", "other"));
  CHECK(login != Login::Of("rtsp://you@recorder/ch2", "a b"));
  CHECK(Login::Of("http://h/?pwd=x&ch=1", "") == Login::Of("http://h/?PWD=x&ch=2", ""));
  CHECK(Login::Of("http://h/?pwd=x", "") != Login::Of("http://h/?pwd=y", ""));
  CHECK(Login::Of("http://h/", "") == Login{});
  CHECK(Login::Of("folder/", "") == Login{});
}

TEST_CASE("a login that one camera was refused is not tried by another") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  CHECK(bench.first.Refused("refused it") == minutes(1));
  const auto begun = bench.second.Begin({});
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code == ErrorCode::kUnauthorized);
  CHECK(begun.error().message.ends_with("to the camera first: refused it"));
  const milliseconds alone = bench.second.Refused(begun.error().message);
  CHECK(alone <= minutes(1));
  CHECK(alone > seconds(50));
  CHECK(IsRefused(bench.first));
}

TEST_CASE("another password, or another host, is tried at once") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  bench.first.Refused("");
  bench.second.Tell({"recorder", 554, "viewer:new"}, "new");
  CHECK(bench.second.Begin({}));
}

TEST_CASE("what one camera waits for is told by another") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  std::atomic<bool> done{false};
  bool took = false;
  std::thread other([&] {
    took = static_cast<bool>(bench.second.Begin({}));
    done = true;
  });
  std::this_thread::sleep_for(milliseconds(50));
  const bool waited = !done;
  SECTION("that it is taken") {
    bench.first.Taken();
    other.join();
    CHECK(took);
    Logins::Camera third(bench.logins, "third");
    third.Tell(kLogin, "secret");
    CHECK(third.Begin({}));  // though the second one has no answer
  }
  SECTION("that it is refused") {
    bench.first.Refused("");
    other.join();
    CHECK_FALSE(took);
  }
  SECTION("that there is no answer: it is the next one's turn") {
    bench.first.Ended();
    other.join();
    CHECK(took);
  }
  CHECK(waited);
}

TEST_CASE("a try that hangs holds up the others for a while only") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  const base::MonoTime begin = base::SystemClock().Now();
  CHECK(bench.second.Begin({}));
  CHECK(base::SystemClock().Now() - begin >= Logins::kTry - seconds(1));
}

TEST_CASE("a stopped camera waits for nobody") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  const base::Allowance allowance;
  allowance.cancel.Cancel();
  const auto begun = bench.second.Begin(allowance);
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code == ErrorCode::kCancelled);
}

TEST_CASE("refusals of cameras that asked at the same time are one") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  bench.first.Taken();
  REQUIRE(bench.first.Begin({}));
  REQUIRE(bench.second.Begin({}));
  CHECK(bench.first.Refused("") == LoginPauses::kSoon);
  CHECK(bench.second.Refused("") <= LoginPauses::kSoon);
  CHECK(IsRefused(bench.second));
  // A login that worked is tried again soon, twice, by one camera each time.
  std::this_thread::sleep_for(LoginPauses::kSoon);
  REQUIRE(bench.second.Begin({}));
  CHECK(bench.second.Refused("") == LoginPauses::kSoon);
  CHECK(IsRefused(bench.first));
  std::this_thread::sleep_for(LoginPauses::kSoon);
  REQUIRE(bench.first.Begin({}));
  CHECK(bench.first.Refused("") == minutes(1));
}

TEST_CASE("a camera that alone is refused what others are let in with waits alone") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  bench.first.Taken();
  REQUIRE(bench.second.Begin({}));
  CHECK(bench.second.Refused("") == minutes(1));
  CHECK(bench.first.Begin({}));
  // Until then the other one does not wake it.
  const base::MonoTime begin = base::SystemClock().Now();
  CHECK(bench.second.Await(milliseconds(1500), [] { return std::string("secret"); }, {}));
  CHECK(base::SystemClock().Now() - begin >= milliseconds(1500));
}

TEST_CASE("a camera that refuses before it is told the login is left alone by itself") {
  RecorderBench bench;
  CHECK(bench.first.Refused("403") == minutes(1));
  CHECK(bench.first.Refused("403") == minutes(2));
  CHECK(bench.second.Begin({}));
}

TEST_CASE("cameras that are configured together share a refusal, whenever each is made") {
  RecorderBench bench;
  bench.logins.Configured();
  REQUIRE(bench.first.Begin({}));
  bench.first.Refused("");
  Logins::Camera late(bench.logins, "late");
  late.Tell(kLogin, "secret");
  CHECK(IsRefused(late));
}

TEST_CASE("a camera that is configured anew is tried once, and ends the wait of the others") {
  RecorderBench bench;
  REQUIRE(bench.first.Begin({}));
  bench.first.Refused("");
  bench.logins.Configured();
  Logins::Camera fresh(bench.logins, "fresh");
  fresh.Tell(kLogin, "secret");
  REQUIRE(fresh.Begin({}));
  SECTION("when it is taken") {
    fresh.Taken();
    CHECK(bench.first.Await(minutes(1), [] { return std::string("secret"); }, {}));
    CHECK(bench.first.Begin({}));
  }
  SECTION("not when it is refused, too") {
    CHECK(fresh.Refused("") == minutes(2));
    CHECK(IsRefused(fresh));
    CHECK(IsRefused(bench.first));
  }
}

}  // namespace
}  // namespace sampleproc::live
