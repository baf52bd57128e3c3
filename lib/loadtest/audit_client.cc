#include "loadtest/audit_client.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/mutex.h"

namespace sampleproc::loadtest {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::seconds kBriefPatience{5};
constexpr std::chrono::seconds kLongestWait{65};
constexpr std::size_t kKeptBytes = 4 * 1024 * 1024;

Result<ResponseReader> ReadAnswer(net::Stream& stream, bool is_head,
                                  const base::Allowance& allowance) {
  ResponseReader reader;
  reader.Begin(is_head, kKeptBytes);
  std::array<char, 16384> room;
  while (reader.state() != ResponseReader::State::kDone) {
    const auto got = stream.Read(room, allowance);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) {
      reader.FeedEnd();
    } else {
      reader.Feed({room.data(), *got});
    }
    if (reader.state() == ResponseReader::State::kBroken) {
      return Fail(ErrorCode::kUnavailable, *got == 0 ? "the connection was closed without an answer"
                                                     : "what came is no HTTP/1.1 answer");
    }
  }
  return reader;
}

std::chrono::seconds RetryAfter(const ResponseReader& answer) {
  const std::string_view text = answer.Field("Retry-After");
  int seconds = 1;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::max(seconds, 1));
}

}  // namespace

bool AuditClient::has_authorization() const {
  return !head_.authorization.empty() ||
         std::ranges::any_of(head_.fields, [](const std::string& field) {
           return HasName(field, "Authorization");
         });
}

base::Allowance AuditClient::Within(std::chrono::seconds time) const {
  return {.deadline = {base::SystemClock(), time}, .cancel = stop_};
}

Result<std::unique_ptr<net::Stream>> AuditClient::Connect(const base::Allowance& allowance) const {
  return has_tls() ? net::ConnectTls(target_.endpoint, target_.trust, allowance)
                   : net::Connect(target_.endpoint, allowance);
}

std::string AuditClient::Text(const AuditRequest& request) const {
  HeadOptions head = head_;
  if (!request.host.empty()) {
    head.host = request.host;
    std::erase_if(head.fields, [](const std::string& field) { return HasName(field, "Host"); });
  }
  std::string text = request.method + " " + prefix_ + request.path + " HTTP/1.1\r\n" +
                     FixedFields(head) + request.fields;
  if (request.declared || !request.body.empty() || request.method == "POST") {
    text += "Content-Length: " + std::to_string(request.declared.value_or(request.body.size())) +
            "\r\n";
  }
  return text + "\r\n" + request.body;
}

Result<ResponseReader> AuditClient::AskNow(const AuditRequest& request) const {
  return AskNow(request, Within(kPatience));
}

Result<ResponseReader> AuditClient::AskNow(const AuditRequest& request,
                                           const base::Allowance& allowance) const {
  const auto stream = Connect(allowance);
  if (!stream) return std::unexpected(stream.error());
  // A peer that refuses early may close before all is written; its answer is there all the same.
  const auto written = (*stream)->Write(Text(request), allowance);
  auto answer = ReadAnswer(**stream, request.method == "HEAD", allowance);
  if (!answer && !written) return std::unexpected(written.error());
  return answer;
}

bool AuditClient::AskBriefly(const AuditRequest& request) const {
  return AskNow(request, Within(kBriefPatience)).has_value();
}

Result<ResponseReader> AuditClient::Ask(const AuditRequest& request) const {
  auto answer = AskNow(request);
  if (!answer || answer->status() != 429 || RetryAfter(*answer) > kLongestWait) return answer;
  base::Mutex mutex;
  base::CondVar never;
  const base::Deadline end(base::SystemClock(), RetryAfter(*answer));
  {
    const base::MutexLock lock(mutex);
    while (!end.Expired() && !stop_.Cancelled()) never.WaitUntil(mutex, end, stop_);
  }
  return AskNow(request);
}

Result<bool> AuditClient::AskTwice(const AuditRequest& request) const {
  const base::Allowance allowance = Within(kPatience);
  const auto stream = Connect(allowance);
  if (!stream) return std::unexpected(stream.error());
  for (int i = 0; i < 2; ++i) {
    const auto written = (*stream)->Write(Text(request), allowance);
    const auto answer = ReadAnswer(**stream, false, allowance);
    if (!written || !answer) return i == 0 ? Result<bool>(std::unexpected(answer.error())) : false;
    if (i == 0 && answer->closes()) return false;
  }
  return true;
}

Result<std::optional<std::chrono::milliseconds>> AuditClient::StallHead(
    std::chrono::seconds patience) const {
  const base::Allowance allowance = Within(patience);
  const base::MonoTime start = base::SystemClock().Now();
  const auto stream = Connect(allowance);
  if (!stream) return std::unexpected(stream.error());
  const auto written = (*stream)->Write("GET " + prefix_ + "/health HTTP/1.1\r\nHost: ", allowance);
  if (!written) return std::unexpected(written.error());
  std::array<char, 4096> room;
  while (true) {
    const auto got = (*stream)->Read(room, allowance);
    if (!got && got.error().code == ErrorCode::kRequestTimeout) return std::nullopt;
    if (!got && got.error().code == ErrorCode::kCancelled) return std::unexpected(got.error());
    if (!got || *got == 0) break;
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(base::SystemClock().Now() - start);
}

}  // namespace sampleproc::loadtest
