#include "service/probe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/clock.h"
#include "base/deadline.h"
#include "json/reader.h"
#include "net/tls_stream.h"

namespace sampleproc::service {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::size_t kMostBytes = 64 * 1024;  // head and body

std::unexpected<base::Error> NoAnswer(const std::string& why) {
  return Fail(ErrorCode::kUnavailable, why);
}

// The status of a line such as "HTTP/1.1 200 OK\r", 0 when it is no such line.
int StatusOf(std::string_view line) {
  constexpr std::size_t kAt = std::string_view("HTTP/1.1 ").size();
  if (!line.starts_with("HTTP/1.") || line.size() <= kAt + 3 || line[kAt - 1] != ' ') return 0;
  if (line[kAt + 3] != ' ' && line[kAt + 3] != '\r') return 0;
  int status = 0;
  const char* const end = line.data() + kAt + 3;
  if (std::from_chars(line.data() + kAt, end, status).ptr != end) return 0;
  return status >= 100 ? status : 0;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

struct Length {
  bool valid = true;
  std::optional<std::size_t> bytes;  // absent: until the peer closes
};

// What the head says of the body's length.
Length LengthOf(std::string_view head) {
  Length length;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !SameName(line.substr(0, colon), "content-length")) {
      continue;
    }
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    std::size_t bytes = 0;
    const char* const stop = value.data() + value.size();
    const auto [at, error] = std::from_chars(value.data(), stop, bytes);
    const bool number = error == std::errc() && at == stop && !value.empty();
    length.valid = length.valid && number && (!length.bytes || *length.bytes == bytes);
    length.bytes = bytes;
  }
  return length;
}

// Reads an answer up to its own end, whoever closes then.
Result<ProbeAnswer> ReadAnswer(net::Stream& stream, const base::Allowance& allowance) {
  std::string received;
  std::array<char, 4096> piece;
  ProbeAnswer answer;
  std::size_t body_at = std::string::npos;
  Length length;
  while (true) {
    if (body_at == std::string::npos) {
      if (const std::size_t end = received.find("\r\n\r\n"); end != std::string::npos) {
        body_at = end + 4;
        answer.status = StatusOf(received);
        length = LengthOf(std::string_view(received).substr(0, end));
        if (answer.status == 0 || !length.valid) return NoAnswer("it does not speak HTTP");
      }
    }
    if (body_at != std::string::npos && length.bytes) {
      if (received.size() - body_at >= *length.bytes) {
        answer.body = received.substr(body_at, *length.bytes);
        return answer;
      }
    }
    if (received.size() >= kMostBytes) {
      return NoAnswer(body_at == std::string::npos ? "it does not speak HTTP"
                                                   : "its answer is longer than 64 KiB");
    }
    const Result<std::size_t> got = stream.Read(piece, allowance);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    received.append(piece.data(), *got);
  }
  if (body_at == std::string::npos) return NoAnswer("it does not speak HTTP");
  if (length.bytes) return NoAnswer("its answer ends too early");
  answer.body = received.substr(body_at);
  return answer;
}

// Takes a member of the outermost object that is a string.
class WordFinder : public json::JsonHandler {
 public:
  explicit WordFinder(std::string_view name) : name_(name) {}

  void Key(std::string_view key) override { wanted_ = depth_ == 1 && key == name_; }
  void String(std::span<char> value) override {
    if (wanted_) word.assign(value.begin(), value.end());
    wanted_ = false;
  }
  void StartObject() override { ++depth_; }
  void EndObject(std::size_t /*members*/) override { --depth_; }
  void StartArray() override { ++depth_; }
  void EndArray(std::size_t /*elements*/) override { --depth_; }

  std::string word;

 private:
  const std::string_view name_;
  int depth_ = 0;
  bool wanted_ = false;
};

std::string WordOf(std::string_view body, std::string_view name) {
  std::string text(body);
  text.resize(text.size() + json::kParseRoom);
  WordFinder finder(name);
  if (!json::ParseInPlace(text, {}, finder)) return {};
  return finder.word;
}

}  // namespace

Result<ProbeAnswer> Probe(const ProbeTarget& target, std::string_view path,
                          std::chrono::milliseconds timeout) {
  const base::Allowance allowance = base::Allowance().Within(timeout);
  const net::Endpoint& endpoint = target.endpoint;
  const std::string name = endpoint.Name();
  const auto named = [&name](base::Error error) {
    if (error.code != ErrorCode::kConfig) {
      error = {ErrorCode::kUnavailable, "no answer from " + name + ": " + error.message, {}, {}};
    }
    return std::unexpected(std::move(error));
  };
  auto stream =
      target.tls_anchor.empty()
          ? net::Connect(endpoint, allowance)
          : net::ConnectTls(endpoint, {target.tls_anchor, "", "http.tls_cert"}, allowance);
  if (!stream) return named(stream.error());
  const std::string host = endpoint.unix_socket.empty() ? name : "localhost";
  const std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host +
                              "\r\nUser-Agent: sampleproc-health\r\nConnection: close\r\n\r\n";
  if (const Result<void> sent = (*stream)->Write(request, allowance); !sent) {
    return named(sent.error());
  }
  Result<ProbeAnswer> answer = ReadAnswer(**stream, allowance);
  if (!answer) return named(answer.error());
  return answer;
}

std::string StatusWord(std::string_view body) { return WordOf(body, "status"); }

std::string ProblemDetail(std::string_view body) { return WordOf(body, "detail"); }

}  // namespace sampleproc::service
