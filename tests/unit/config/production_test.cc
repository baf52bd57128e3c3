#include "config/production.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

// Passes every item that a configuration can show.
constexpr std::string_view kFit =
    "http.allowed_hosts = [\"frames.example.com\"]\n"
    "resources.memory_limit = \"512MiB\"\n"
    "service.shutdown_timeout = \"35s\"\n";

// The checklist of kFit with keys set over it, each "path=value".
std::vector<ChecklistItem> Check(const std::vector<std::string>& settings,
                                 bool memory_limited = false) {
  const TempFile file{std::string(kFit)};
  LoadRequest request{.file = file.path()};
  for (const std::string& setting : settings) {
    const std::string path = setting.substr(0, setting.find('='));
    request.flags.push_back({path, setting.substr(path.size() + 1), "--set " + path});
  }
  const Loaded loaded = Load(request);
  REQUIRE_FALSE(loaded.HasErrors());
  return CheckProduction(loaded, memory_limited);
}

const ChecklistItem& Find(const std::vector<ChecklistItem>& items, std::string_view code) {
  const auto found = std::ranges::find(items, code, &ChecklistItem::code);
  REQUIRE(found != items.end());
  return *found;
}

TEST_CASE("a configuration fit for production passes all that can be seen in one") {
  const auto items = Check({});
  REQUIRE(items.size() == 10);
  for (const ChecklistItem& item : items) {
    CAPTURE(item.code, item.message);
    const bool seen = item.code != code::kListUpdates;
    CHECK(item.verdict == (seen ? Verdict::kPassed : Verdict::kByHand));
    // Headers cannot be turned off, and updates are no setting.
    CHECK(item.key.empty() == (item.code == code::kListHeaders || item.code == code::kListUpdates));
    CHECK(item.hint.empty() == seen);
    CHECK_FALSE(item.message.empty());
  }
  CHECK(std::ranges::is_sorted(items, {}, &ChecklistItem::code));
}

TEST_CASE("each item of the production checklist fails for its own reason, and names the key") {
  struct Case {
    std::string setting;
    std::string_view code;
    std::string key = setting.substr(0, setting.find('='));
  };
  const std::vector<Case> cases = {
      {"http.cors_origins=*", code::kListCors},
      {"http.allowed_hosts=*", code::kListHosts},
      {"http.allowed_hosts=[]", code::kListHosts},
      {"http.max_requests_per_minute=0", code::kListRateLimit},
      {"http.header_timeout=2m", code::kListTimeouts},
      {"http.idle_timeout=30s", code::kListTimeouts},
      {"http.body_min_rate=0", code::kListTimeouts},
      {"process.deadline=31s", code::kListTimeouts},
      {"service.drain_delay=10s", code::kListTimeouts, "service.shutdown_timeout"},
      {"resources.memory_limit=auto", code::kListResources},
      {"resources.memory_limit=9MiB", code::kListResources},
      {"http.max_request_bytes=10485761", code::kListInputs},
      {"http.max_metadata_bytes=100001", code::kListInputs},
      {"codec.max_frame_bytes=104857601", code::kListInputs},
      {"telemetry.metrics=false", code::kListErrorRates},
  };
  for (const Case& c : cases) {
    CAPTURE(c.setting);
    for (const ChecklistItem& item : Check({c.setting})) {
      CAPTURE(item.code, item.message);
      CHECK((item.verdict == Verdict::kFailed) == (item.code == c.code));
      if (item.code != c.code) continue;
      CHECK(item.key == c.key);
      CHECK_FALSE(item.message.empty());
      CHECK_FALSE(item.hint.empty());
    }
  }
}

TEST_CASE("a service that other machines reach needs TLS, and asks who is there") {
  const auto failed = [](const std::vector<std::string>& settings) {
    std::string keys;
    for (const ChecklistItem& item : Check(settings)) {
      if (item.verdict == Verdict::kFailed) keys += item.key + " ";
    }
    return keys;
  };
  for (const std::string host : {"http.host=0.0.0.0", "http.host=frames.example.com"}) {
    CHECK(failed({host}) == "http.tls_cert http.auth_tokens_file ");
    CHECK(failed({host, "http.tls_cert=a", "http.tls_key=b"}) == "http.auth_tokens_file ");
    CHECK(failed({host, "http.tls_cert=a", "http.tls_key=b", "http.auth_tokens_file=c"}) == "");
  }
  CHECK(failed({"http.host=127.0.0.1"}) == "");
  // Pictures of cameras for everybody.
  const std::string proxy = "http.trusted_proxies=127.0.0.1";
  CHECK(failed({"http.host=127.0.0.1", "http.console=on"}) == "");
  CHECK(failed({"http.host=127.0.0.1", "http.console=auto", proxy}) == "");
  CHECK(failed({"http.host=127.0.0.1", "http.console=on", proxy}) == "http.console ");
  CHECK(failed({"http.console=on", proxy, "http.auth_tokens_file=c"}) == "");
}

TEST_CASE("what lets an item of the production checklist pass") {
  const auto verdict = [](std::string_view code, const std::vector<std::string>& settings,
                          bool memory_limited = false) {
    return Find(Check(settings, memory_limited), code).verdict;
  };
  CHECK(verdict(code::kListHttps, {"http.host=0.0.0.0", "http.tls_cert=a", "http.tls_key=b"}) ==
        Verdict::kPassed);
  for (const char* loopback : {"127.0.0.2", "::1", "localhost"}) {
    CHECK(verdict(code::kListHttps, {std::string("http.host=") + loopback}) == Verdict::kPassed);
  }
  CHECK(verdict(code::kListResources, {"resources.memory_limit=auto"}, true) == Verdict::kPassed);
  CHECK(Find(Check({"http.cors_origins=https://a.example,https://b.example"}), code::kListCors)
            .message == "2 origins, each by its name");
  CHECK(Find(Check({"http.cors_origins=https://a.example"}), code::kListCors).message ==
        "1 origin, each by its name");
}

TEST_CASE("the production checklist as people and programs read it") {
  const auto items = Check({"http.cors_origins=*"});
  const std::string text = FormatChecklist(items);
  CHECK(
      text.starts_with("production checklist: 8 passed, 1 failed, 1 to see to by hand\n"
                       "  failed  SP1401 Configure CORS origins (not wildcard): http.cors_origins "
                       "(--set http.cors_origins): \"*\" lets every web page read the answers\n"
                       "          hint: list the origins\n"
                       "  passed  SP1402 Set allowed hosts: "));
  CHECK(text.find("\n  by hand SP1410 Regular security updates: ") != std::string::npos);

  const ChecklistItem& failed = Find(items, code::kListCors);
  const Diagnostic diagnostic = ToDiagnostic(failed);
  CHECK(diagnostic.severity == Severity::kWarning);
  CHECK(diagnostic.code == code::kListCors);
  CHECK(diagnostic.key == "http.cors_origins");
  CHECK(diagnostic.origin == Origin{Origin::Kind::kFlag, "--set http.cors_origins", {}});
  CHECK(diagnostic.message == failed.message);
  CHECK(diagnostic.hint == failed.hint);
}

}  // namespace
}  // namespace sampleproc::config
