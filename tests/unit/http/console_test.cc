#include "http/console.h"

#include <catch2/catch.hpp>

namespace sampleproc::http {
namespace {

TEST_CASE("the status page is there by itself only where not everybody sees it") {
  Options options;
  CHECK(ServesConsole(options, false));
  CHECK_FALSE(ServesConsole(options, true));  // the handed sockets may be open to all
  for (const char* host : {"0.0.0.0", "::", "10.1.2.3", "camera-host"}) {
    options.host = host;
    CHECK_FALSE(ServesConsole(options, false));
  }
  for (const char* host : {"127.0.0.1", "::1", "localhost", "127.8.8.8"}) {
    options.host = host;
    CHECK(ServesConsole(options, false));
  }
  options.trusted_proxies = {"127.0.0.1"};
  CHECK_FALSE(ServesConsole(options, false));
  options.auth_tokens_file = "tokens";
  CHECK(ServesConsole(options, false));
  CHECK(ServesConsole(options, true));
}

TEST_CASE("what is configured for the status page counts, wherever it listens") {
  Options options;
  options.console = Console::kOff;
  options.auth_tokens_file = "tokens";
  CHECK_FALSE(ServesConsole(options, false));
  options = {};
  options.console = Console::kOn;
  options.host = "0.0.0.0";
  CHECK(ServesConsole(options, true));
}

}  // namespace
}  // namespace sampleproc::http
