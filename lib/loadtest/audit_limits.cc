#include "loadtest/audit_checks.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using Status = AuditItem::Status;

constexpr std::uint64_t kRequestLimit = 10'485'760;
constexpr std::size_t kFrameDataLimit = 10'000'000;
constexpr std::size_t kMetadataLimit = 100'000;
// The service closes after 10 s; a little longer is no fault.
constexpr std::chrono::seconds kHeadPatience{20};

AuditRequest Frame(std::string body) {
  return {.method = "POST",
          .path = "/process",
          .fields = "Content-Type: application/json\r\n",
          .body = std::move(body)};
}

}  // namespace

Finding CheckRequestLimit(const AuditClient& client, const AuditOptions& /*options*/) {
  constexpr const char* kAdvice = "set http.max_request_bytes to 10485760 or less";
  AuditRequest request = Frame("");
  request.declared = kRequestLimit + 1;
  if (client.AskBriefly(request)) {
    return ExpectStatus(client, request, {413}, "POST /process that declares 10485761 bytes",
                        kAdvice);
  }
  // It waits for the body, so it shall have it.
  return ExpectStatus(client, Frame(std::string(kRequestLimit + 1, ' ')), {413},
                      "POST /process with a body of 10485761 bytes, which it reads to the end",
                      kAdvice);
}

Finding CheckFrameLimit(const AuditClient& client, const AuditOptions& /*options*/) {
  return ExpectStatus(client,
                      Frame("{\"frame_data\":\"" + std::string(kFrameDataLimit + 4, 'A') + "\"}"),
                      {413, 422}, "frame_data of 10000004 characters",
                      "set http.max_frame_data_chars to 10000000 or less");
}

Finding CheckMetadataLimit(const AuditClient& client, const AuditOptions& /*options*/) {
  const std::string note(kMetadataLimit + 1, 'x');
  const auto answer =
      client.Ask(Frame("{\"frame_data\":\"AAAA\",\"metadata\":{\"note\":\"" + note + "\"}}"));
  if (!answer) return NoAnswer(answer.error());
  const std::string evidence = "metadata of over 100000 bytes: " + std::to_string(answer->status());
  // The frame is none either, and 422 for that alone would say nothing of the metadata.
  const bool names_it = answer->body().find("metadata") != std::string::npos;
  if ((answer->status() == 422 && names_it) || answer->status() == 413) {
    return {Status::kPass, evidence + ", which names the metadata"};
  }
  if (auto other = AboutSomethingElse(client, *answer, "metadata of over 100000 bytes")) {
    return *other;
  }
  if (answer->status() == 404) {
    return {Status::kNotApplicable, "the target has no POST /process (404)"};
  }
  return {Status::kFail, evidence, "set http.max_metadata_bytes to 100000 or less"};
}

Finding CheckBase64(const AuditClient& client, const AuditOptions& /*options*/) {
  return ExpectStatus(client, Frame("{\"frame_data\":\"not*base64!\"}"), {400, 422},
                      "frame_data that is not base64", "refuse what is not base64 with 422");
}

Finding CheckFrameData(const AuditClient& client, const AuditOptions& /*options*/) {
  std::string evidence;
  for (const auto& [what, body] :
       {std::pair{"a number as frame_data", "{\"frame_data\":7}"},
        std::pair{"no frame_data", "{\"metadata\":{}}"},
        std::pair{"bytes that are no picture", "{\"frame_data\":\"AAAAAAAA\"}"}}) {
    const Finding finding = ExpectStatus(client, Frame(body), {400, 415, 422}, what,
                                         "refuse what is no frame with 422 or 415");
    if (finding.status != Status::kPass) return finding;
    evidence += (evidence.empty() ? "" : "; ") + finding.evidence;
  }
  return {Status::kPass, evidence};
}

Finding CheckHeadTimeout(const AuditClient& client, const AuditOptions& /*options*/) {
  const auto closed = client.StallHead(kHeadPatience);
  if (!closed) return NoAnswer(closed.error());
  if (*closed) {
    return {Status::kPass, "a head that never ends is given up after " +
                               FormatNumber(static_cast<double>((*closed)->count()) / 1000) + " s"};
  }
  return {Status::kFail, "a head that never ends holds its connection for over 20 s",
          "set http.header_timeout to 10s or so"};
}

// The user's own loop: for i in {1..100}; do curl -X POST .../process -d '{"frame_data":"test"}'.
Finding CheckRateLimit(const AuditClient& client, const AuditOptions& options) {
  AuditRequest request = Frame("{\"frame_data\":\"test\"}");
  std::optional<Finding> other;
  for (int sent = 1; sent <= options.burst; ++sent) {
    const auto answer = client.AskNow(request);
    if (!answer) return NoAnswer(answer.error());
    if (answer->status() != 429) {
      // Of who is refused before the limit is looked at none is counted.
      if (sent == 1) other = AboutSomethingElse(client, *answer, "POST /process");
      continue;
    }
    std::string missing;
    if (answer->Field("Retry-After").empty()) missing += " Retry-After";
    if (answer->Field("RateLimit").empty() && answer->Field("RateLimit-Limit").empty()) {
      missing += " RateLimit";
    }
    const std::string evidence = "request " + std::to_string(sent) + " in a row: 429";
    if (missing.empty()) return {Status::kPass, evidence + " with Retry-After and RateLimit"};
    return {Status::kFail, evidence + " without" + missing, "say when to come back"};
  }
  if (other) return *other;
  const std::string evidence = std::to_string(options.burst) + " requests in a row: none was 429";
  const std::string advice =
      "set http.max_requests_per_minute (MAX_REQUESTS_PER_MINUTE), or "
      "--burst to more than the limit";
  if (options.production) return {Status::kFail, evidence, advice};
  return {Status::kNotApplicable, evidence + "; no limit, which suits staging"};
}

// After CheckRateLimit: this client has no request left.
Finding CheckProbesExempt(const AuditClient& client, const AuditOptions& /*options*/) {
  const auto limited = client.AskNow(Frame("{\"frame_data\":\"test\"}"));
  if (!limited) return NoAnswer(limited.error());
  if (limited->status() != 429) {
    return {Status::kNotApplicable, "the rate limit was not met, so nothing can be exempt from it"};
  }
  std::string refused;
  for (const char* path : {"/health", "/livez", "/readyz", "/metrics"}) {
    const auto answer = client.AskNow({.path = path});
    if (!answer) return NoAnswer(answer.error());
    if (answer->status() != 429) continue;
    // A path that does not exist is none that must be exempt; once there is quota again, it shows.
    const auto later = client.Ask({.path = path});
    if (!later || later->status() != 404) refused.append(" ").append(path);
  }
  if (refused.empty())
    return {Status::kPass, "/health /livez /readyz /metrics answer all the same"};
  return {Status::kFail, "429 for" + refused, "leave probes and metrics out of the rate limit"};
}

}  // namespace sampleproc::loadtest
