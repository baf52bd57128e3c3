#include "net/name_lookup.h"

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <thread>

namespace sampleproc::net {
namespace {

using base::ErrorCode;

TEST_CASE(
    "an address needs no resolver, a name has what the system knows, what is none has nothing") {
  const SystemLookup none = [](const char*, const char*, const addrinfo*, addrinfo**) {
    return EAI_FAIL;
  };
  for (const char* address : {"127.0.0.1", "::1"}) {
    const auto found = LookUp(address, "80", {}, none);
    REQUIRE(found);
    CHECK(found->get()->ai_next == nullptr);
  }
  CHECK(LookUp("localhost", "80", {}));
  const auto refused = LookUp("localhost", "80", {}, none);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(refused.error().message == ::gai_strerror(EAI_FAIL));
}

// A resolver that answers only when it is let. What it uses lives as long as it is asked.
struct SilentResolver {
  SystemLookup AsLookup() const {
    return [begun = begun, end = end](const char*, const char*, const addrinfo*, addrinfo**) {
      begun->set_value();
      end->get_future().wait();
      return EAI_AGAIN;
    };
  }
  std::shared_ptr<std::promise<void>> begun = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::promise<void>> end = std::make_shared<std::promise<void>>();
};

TEST_CASE("who waits for a resolver that does not answer may give up") {
  const SilentResolver slow;
  const base::Allowance soon = base::Allowance().Within(std::chrono::milliseconds(10));
  const auto late = LookUp("a.name", "80", soon, slow.AsLookup());
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::kRequestTimeout);
  slow.end->set_value();

  const SilentResolver silent;
  const base::CancelFlag cancel;
  std::jthread stop([&] {
    silent.begun->get_future().wait();
    cancel.Cancel();
  });
  const auto cancelled = LookUp("a.name", "80", {.cancel = cancel}, silent.AsLookup());
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == ErrorCode::kCancelled);
  silent.end->set_value();
}

}  // namespace
}  // namespace sampleproc::net
