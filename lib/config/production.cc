#include "config/production.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>

#include "config/print.h"
#include "config/units.h"
#include "http/console.h"
#include "http/ip_network.h"

namespace sampleproc::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

struct Judgement {
  Verdict verdict = Verdict::kPassed;
  std::string key;
  std::string message;
  std::string hint;
};

Judgement Pass(std::string message) { return {Verdict::kPassed, "", std::move(message), ""}; }

Judgement Fail(std::string_view key, std::string message, std::string hint) {
  return {Verdict::kFailed, std::string(key), std::move(message), std::move(hint)};
}

std::string Counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

struct Facts {
  const Loaded& loaded;
  const Config& config;
  bool memory_limited;
};

// The first warning that has one of `codes`, as a failure.
std::optional<Judgement> Warned(const Facts& facts, std::initializer_list<std::string_view> codes) {
  for (const Diagnostic& diagnostic : facts.loaded.diagnostics) {
    if (std::ranges::find(codes, diagnostic.code) != codes.end()) {
      return Fail(diagnostic.key, diagnostic.message, diagnostic.hint);
    }
  }
  return std::nullopt;
}

bool Has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

Judgement Cors(const Facts& facts) {
  const auto& origins = facts.config.http.cors_origins;
  if (Has(origins, "*")) {
    return Fail("http.cors_origins", "\"*\" lets every web page read the answers",
                "list the origins");
  }
  if (Has(origins, "null")) {
    return Fail("http.cors_origins",
                "\"null\" is the origin of every local file and of what any page puts into a "
                "sandbox: they may read the answers",
                "list the origins");
  }
  if (origins.empty()) return Pass("no other origin may read the answers");
  return Pass(Counted(origins.size(), "origin") + ", each by its name");
}

Judgement Hosts(const Facts& facts) {
  const auto& hosts = facts.config.http.allowed_hosts;
  const std::string hint = "name what clients call the service";
  if (Has(hosts, "*")) {
    return Fail("http.allowed_hosts", "\"*\" answers to any Host field", hint);
  }
  if (hosts.empty()) {
    return Fail("http.allowed_hosts",
                "not set: only the names that the service has by itself are answered", hint);
  }
  return Pass(Counted(hosts.size(), "host") + " besides the names that the service has by itself");
}

Judgement RateLimit(const Facts& facts) {
  const auto most = facts.config.http.max_requests_per_minute;
  if (most == 0) {
    return Fail("http.max_requests_per_minute", "0 turns rate limiting off",
                "set what a well-behaved client needs");
  }
  for (const std::string& proxy : facts.config.http.trusted_proxies) {
    const auto network = http::IpNetwork::Parse(proxy);
    if (!network || !network->IsWiderThanPrivate()) continue;
    return Fail("http.trusted_proxies",
                Shown(proxy) +
                    " believes what strangers write into X-Forwarded-For: who invents "
                    "addresses has no limit",
                "name the addresses of the proxies alone");
  }
  return Pass(Counted(most, "request") + " a minute for each caller");
}

Judgement Https(const Facts& facts) {
  const http::Options& http = facts.config.http;
  if (!http.tls_cert.empty()) return Pass("TLS 1.2 or newer, nothing else on the port");
  if (http::IsOnThisMachine(http.host)) {
    Judgement passed =
        Pass("only this machine can connect to " + http.host + "; a proxy on it ends TLS");
    passed.key = "http.host";
    return passed;
  }
  return Fail("http.tls_cert", "not set, and " + http.host + " can be reached from other machines",
              "set http.tls_cert and http.tls_key, or set http.host to a loopback address behind a "
              "proxy on this machine");
}

Judgement Timeouts(const Facts& facts) {
  const Config& config = facts.config;
  struct Limit {
    std::string_view key;
    milliseconds value;
    milliseconds longest;
  };
  const Limit limits[] = {
      {"http.header_timeout", config.http.header_timeout, minutes(1)},
      {"http.body_timeout", config.http.body_timeout, minutes(1)},
      {"http.write_timeout", config.http.write_timeout, minutes(1)},
      {"http.tls_handshake_timeout", config.http.tls_handshake_timeout, minutes(1)},
      {"http.idle_timeout", config.http.idle_timeout, minutes(10)},
      {"http.request_deadline", config.http.request_deadline, minutes(5)},
      {"process.deadline", config.process.deadline, minutes(5)},
      {"codec.deadline", config.codec.deadline, minutes(1)},
      {"net.connect_timeout", config.net.connect_timeout, minutes(1)},
      {"net.read_timeout", config.net.read_timeout, minutes(5)},
      {"service.shutdown_timeout", config.service.shutdown_timeout, minutes(10)},
  };
  for (const Limit& limit : limits) {
    if (limit.value <= milliseconds(0)) {
      return Fail(limit.key, "is off", "set it, to " + FormatDuration(limit.longest) + " at most");
    }
    if (limit.value > limit.longest) {
      return Fail(limit.key, FormatDuration(limit.value) + " is very long",
                  "set it to " + FormatDuration(limit.longest) + " at most");
    }
  }
  if (config.http.body_min_rate == 0) {
    return Fail("http.body_min_rate", "0 lets a client send its body as slowly as it likes",
                "set it, to 1KiB for example");
  }
  if (auto warned = Warned(facts, {code::kIdleTimeout, code::kDeadlines, code::kShutdown})) {
    return *std::move(warned);
  }
  return Pass("all are set, and none stands behind another one");
}

Judgement Resources(const Facts& facts) {
  if (auto warned = Warned(facts, {code::kMemory, code::kTooMuchMemory, code::kTooManyWorkers})) {
    return *std::move(warned);
  }
  const std::size_t limit = facts.config.resources.memory_limit;
  if (limit != 0) {
    return Pass("memory for frames and requests is limited to " +
                FormatSize(static_cast<std::int64_t>(limit)));
  }
  if (facts.memory_limited) {
    return Pass("memory for frames and requests is three quarters of the control group's limit");
  }
  return Fail("resources.memory_limit",
              "not set, and no control group's limit is known: a guess of 1GiB counts",
              "set it, or give the service a control group with a limit");
}

Judgement Headers(const Facts&) { return Pass("on every answer; no key turns them off"); }

Judgement Inputs(const Facts& facts) {
  const Config& config = facts.config;
  struct Limit {
    std::string_view key;
    std::size_t value;
    std::size_t promised;  // in the checklist's document, as the defaults are
  };
  const Limit limits[] = {
      {"http.max_request_bytes", config.http.max_request_bytes, 10'485'760},
      {"http.max_frame_data_chars", config.frame.max_frame_data_chars, 10'000'000},
      {"http.max_metadata_bytes", config.frame.max_metadata_bytes, 100'000},
      {"codec.max_frame_bytes", config.codec.max_frame_bytes, 104'857'600},
  };
  for (const Limit& limit : limits) {
    if (limit.value > limit.promised) {
      return Fail(limit.key,
                  std::to_string(limit.value) + " is above the checklist's limit, " +
                      std::to_string(limit.promised),
                  "set it to that at most");
    }
  }
  return Pass("always, within the checklist's limits");
}

Judgement ErrorRates(const Facts& facts) {
  if (!facts.config.telemetry.metrics) {
    return Fail("telemetry.metrics", "GET /metrics is off: nobody can see the rate of errors",
                "turn it on");
  }
  return Pass("GET /metrics counts requests by status and frames by outcome");
}

// Beyond the list of the document: who reaches the service can use it.
Judgement Callers(const Facts& facts) {
  const http::Options& http = facts.config.http;
  if (!http.auth_tokens_file.empty()) return Pass("");
  if (http.console == http::Console::kOn && !http::IsPrivateToMachine(http)) {
    return Fail("http.console",
                "on without http.auth_tokens_file, and others than this machine can ask: whoever "
                "does sees the pictures of all cameras",
                "name a file of tokens in http.auth_tokens_file, or set http.console to \"auto\"");
  }
  if (http::IsOnThisMachine(http.host)) return Pass("");
  return Fail(
      "http.auth_tokens_file",
      "not set, and whoever reaches " + http.host + " can have frames worked on",
      "name a file with the SHA-256 hashes of the tokens that let in, or set http.host to a "
      "loopback address behind a proxy that asks who is there");
}

Judgement Updates(const Facts&) {
  return {Verdict::kByHand, "", "no configuration can show it",
          "keep this package and the libraries it uses up to date"};
}

struct Item {
  std::string_view code;
  Judgement (*judge)(const Facts&);
  std::string_view kept_by;  // the key that an item which passes hangs on; "" where no key can
};

constexpr Item kItems[] = {
    {code::kListCors, Cors, "http.cors_origins"},
    {code::kListHosts, Hosts, "http.allowed_hosts"},
    {code::kListRateLimit, RateLimit, "http.max_requests_per_minute"},
    {code::kListHttps, Https, "http.tls_cert"},
    {code::kListTimeouts, Timeouts, "http.request_deadline"},
    {code::kListResources, Resources, "resources.memory_limit"},
    {code::kListHeaders, Headers, ""},
    {code::kListInputs, Inputs, "http.max_request_bytes"},
    {code::kListErrorRates, ErrorRates, "telemetry.metrics"},
    {code::kListUpdates, Updates, ""},
    {code::kListCallers, Callers, "http.auth_tokens_file"},
};

}  // namespace

std::vector<ChecklistItem> CheckProduction(const Loaded& loaded, bool memory_limited) {
  const Facts facts{loaded, loaded.config, memory_limited};
  std::vector<ChecklistItem> items;
  for (const Item& item : kItems) {
    Judgement judged = item.judge(facts);
    if (item.code == code::kListCallers && judged.verdict == Verdict::kPassed) continue;
    if (judged.key.empty()) judged.key = item.kept_by;
    Origin origin;
    if (const auto found = loaded.origins.find(judged.key); found != loaded.origins.end()) {
      origin = found->second;
    }
    items.push_back({item.code, judged.verdict, std::move(judged.key), std::move(judged.message),
                     std::move(judged.hint), std::move(origin)});
  }
  return items;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kByHand:
      return "by hand";
  }
  return {};
}

std::string FormatChecklist(const std::vector<ChecklistItem>& items) {
  const auto count = [&items](Verdict verdict) {
    return std::to_string(std::ranges::count(items, verdict, &ChecklistItem::verdict));
  };
  std::string text = "production checklist: " + count(Verdict::kPassed) + " passed, " +
                     count(Verdict::kFailed) + " failed, " + count(Verdict::kByHand) +
                     " to see to by hand\n";
  for (const ChecklistItem& item : items) {
    std::string verdict(VerdictName(item.verdict));
    verdict.resize(VerdictName(Verdict::kByHand).size(), ' ');
    text += "  " + verdict + " " + std::string(item.code) + " " +
            std::string(FindCode(item.code)->title) + ": ";
    if (!item.key.empty()) text += item.key + " (" + Where(item.origin) + "): ";
    text += item.message + "\n";
    if (!item.hint.empty()) text += "          hint: " + item.hint + "\n";
  }
  return text;
}

Diagnostic ToDiagnostic(const ChecklistItem& item) {
  return {Severity::kWarning, item.code, item.origin, item.key, item.message, item.hint, ""};
}

}  // namespace sampleproc::config
