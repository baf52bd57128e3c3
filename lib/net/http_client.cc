#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <charconv>

#include "net/tls_stream.h"

namespace sampleproc::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using base::ErrorCode;
using base::Fail;
using base::Result;
using std::chrono::milliseconds;

using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t kMostHeadBytes = 16 * 1024;
// A wait for a connection looks so often whether it has been cancelled.
constexpr milliseconds kSlice{50};

std::optional<std::chrono::seconds> Seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stop != end || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

HttpAnswer AnswerOf(Parser& parser) {
  auto message = parser.release();
  HttpAnswer answer;
  answer.status = static_cast<int>(message.result_int());
  const auto retry = message[http::field::retry_after];
  answer.retry_after = Seconds({retry.data(), retry.size()});
  const auto type = message[http::field::content_type];
  answer.content_type = std::string(type.data(), std::min(type.find(';'), type.size()));
  while (answer.content_type.ends_with(' ')) answer.content_type.pop_back();
  std::ranges::transform(answer.content_type, answer.content_type.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  answer.body = std::move(message.body());
  return answer;
}

}  // namespace

HttpClient::HttpClient(Url url, const Options& options, Resolve resolve, const base::Clock& clock)
    : url_(std::move(url)),
      options_(options),
      clock_(clock),
      addresses_(std::move(resolve), options.dns_ttl, clock),
      circuit_(clock) {}

std::string HttpClient::Bytes(const HttpRequest& request) const {
  std::string bytes =
      request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + url_.Authority() + "\r\n";
  if (!url_.authorization.empty()) bytes += "Authorization: " + url_.authorization + "\r\n";
  for (const auto& [name, value] : request.fields) bytes += name + ": " + value + "\r\n";
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return bytes + "\r\n" + request.body;
}

Result<std::unique_ptr<Stream>> HttpClient::OpenTo(const std::string& address,
                                                   const base::Allowance& allowance) const {
  const Endpoint endpoint{.host = address, .port = url_.port};
  if (!url_.tls) return Connect(endpoint, allowance);
  return ConnectTls(endpoint, {"", url_.host, ""}, allowance);
}

Result<std::unique_ptr<Stream>> HttpClient::Open(const base::Allowance& allowance) {
  if (!circuit_.MayTry()) {
    return Fail(ErrorCode::kUnavailable, "it took no connection lately and is left alone for now");
  }
  auto stream = OpenAny(allowance.Within(options_.connect_timeout));
  if (stream) {
    circuit_.Succeeded();
  } else if (allowance.cancel.Cancelled() || allowance.deadline.Expired()) {
    circuit_.GaveUp();  // the caller's own time was up before that of a connection
  } else {
    circuit_.Failed();
  }
  return stream;
}

Result<std::unique_ptr<Stream>> HttpClient::OpenAny(const base::Allowance& within) {
  for (;;) {
    auto found = addresses_.Find(url_.host, within);
    if (!found) return std::unexpected(std::move(found.error()));
    base::Error last;
    for (const std::string& address : found->addresses) {
      auto stream = OpenTo(address, within);
      if (stream) {
        const std::lock_guard lock(mutex_);
        ++counts_.opened;
        return stream;
      }
      last = std::move(stream.error());
    }
    addresses_.Forget(url_.host);
    if (found->fresh || within.deadline.Expired() || within.cancel.Cancelled())
      return std::unexpected(std::move(last));
  }
}

Result<HttpClient::Connection> HttpClient::Take(const base::Allowance& allowance) {
  {
    std::unique_lock lock(mutex_);
    ++counts_.requests;
    const auto begun = clock_.Now();
    if (in_use_ >= options_.pool_size) ++counts_.waits;
    while (in_use_ >= options_.pool_size) {
      if (auto allowed = allowance.Check("waiting for a connection"); !allowed) {
        return std::unexpected(allowed.error());
      }
      freed_.wait_for(lock, kSlice);
    }
    counts_.waited += clock_.Now() - begun;
    std::erase_if(kept_, [&](const Kept& each) { return begun - each.since >= kKeep; });
    ++in_use_;
    while (!kept_.empty()) {
      Connection connection{std::move(kept_.back().stream), true};
      kept_.pop_back();
      if (!connection.stream->Quiet()) continue;  // the peer has closed it meanwhile
      ++counts_.reused;
      return connection;
    }
  }
  auto stream = Open(allowance);
  if (stream) return Connection{std::move(*stream), false};
  GiveBack(nullptr, 0);
  return std::unexpected(std::move(stream.error()));
}

void HttpClient::GiveBack(std::unique_ptr<Stream> stream, std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  --in_use_;
  if (stream && generation == generation_) kept_.push_back({std::move(stream), clock_.Now()});
  freed_.notify_one();
}

void HttpClient::Reset() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
  ++generation_;
  circuit_.Close();
}

HttpClientCounts HttpClient::counts() const {
  const std::lock_guard lock(mutex_);
  HttpClientCounts counts = counts_;
  counts.circuits_opened = circuit_.opened();
  return counts;
}

// The answer, and whether the connection may be used again.
Result<std::pair<HttpAnswer, bool>> HttpClient::Exchange(Stream& stream, const std::string& bytes,
                                                         std::size_t most_bytes,
                                                         const base::Allowance& allowance) const {
  if (auto sent = stream.Write(bytes, allowance.Within(options_.read_timeout)); !sent) {
    return std::unexpected(std::move(sent.error()));
  }
  std::string received;
  std::array<char, 16 * 1024> piece;
  std::optional<Parser> parser;
  const auto begin = [&] {
    parser.emplace();
    parser->header_limit(kMostHeadBytes);
    parser->body_limit(most_bytes);
  };
  begin();
  for (;;) {
    boost::system::error_code error;
    while (!received.empty() && !parser->is_done()) {
      const std::size_t used = parser->put(asio::buffer(received), error);
      received.erase(0, used);
      if (error == http::error::need_more) {
        error = {};
        if (used == 0) break;
      } else if (error) {
        break;
      }
    }
    if (error == http::error::body_limit) {
      return Fail(ErrorCode::kTooLarge,
                  "the answer has more than " + std::to_string(most_bytes) + " bytes");
    }
    if (error) return Fail(ErrorCode::kIo, "what came is no HTTP answer");
    if (parser->is_done()) {
      if (parser->get().result_int() >= 200) break;
      begin();  // 1xx: the answer is still to come
      continue;
    }
    auto got = stream.Read(piece, allowance.Within(options_.read_timeout));
    if (!got) return std::unexpected(std::move(got.error()));
    if (*got == 0) {
      if (parser->got_some()) parser->put_eof(error);
      if (error || !parser->is_done()) {
        return Fail(ErrorCode::kUnavailable, "the connection ended before the answer did");
      }
      return std::pair{AnswerOf(*parser), false};
    }
    received.append(piece.data(), *got);
  }
  const bool keep = parser->keep_alive() && received.empty();
  return std::pair{AnswerOf(*parser), keep};
}

Result<HttpAnswer> HttpClient::Ask(const HttpRequest& request, std::size_t most_bytes,
                                   const base::Allowance& allowance) {
  const std::string bytes = Bytes(request);
  for (;;) {
    if (auto allowed = allowance.Check("asking an upstream"); !allowed) {
      return std::unexpected(allowed.error());
    }
    std::uint64_t generation = 0;
    {
      const std::lock_guard lock(mutex_);
      generation = generation_;
    }
    auto connection = Take(allowance);
    if (!connection) return std::unexpected(std::move(connection.error()));
    auto done = Exchange(*connection->stream, bytes, most_bytes, allowance);
    const bool keep = done && done->second;
    GiveBack(keep ? std::move(connection->stream) : nullptr, generation);
    if (done) return std::move(done->first);
    // Of a kept connection nobody can know whether the other side has closed it.
    const bool stale = connection->kept && done.error().code == ErrorCode::kUnavailable;
    if (!stale || !request.idempotent) return std::unexpected(std::move(done.error()));
  }
}

}  // namespace sampleproc::net
