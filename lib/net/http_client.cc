#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <charconv>
#include <new>

#include "net/redact.h"
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
// Where only the status counts, the rest may be as odd as it likes.
constexpr std::uint32_t kMostHeadBytesForStatus = 256 * 1024;
// For the body of an answer of which only the status counts; and after one that did not come in
// time. A new connection for each request costs less than a wait for each body.
constexpr milliseconds kReadAwayTime{1'000};
constexpr milliseconds kReadAwayOfLate{10};
// Of an answer that is none.
constexpr std::size_t kMostTold = 40;
// Of a body whose length is not said: the first piece that is announced.
constexpr std::size_t kFirstRoom = 64 * 1024;

std::optional<std::chrono::seconds> Seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stop != end || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

// What is wrong with an answer that begins so.
std::string Invalid(const std::string& from, std::string_view begins,
                    const boost::system::error_code& error) {
  const std::string what = "invalid HTTP response from " + from + ": ";
  if (begins.starts_with("HTTP/")) return what + error.message();
  std::string shown(begins);
  std::ranges::replace_if(shown, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return what + "expected a status line, got \"" + CutCredentials(shown) + '"';
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

class HttpClient::Place {
 public:
  explicit Place(HttpClient& client) : client_(client) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { client_.Leave(); }

 private:
  HttpClient& client_;
};

HttpClient::HttpClient(Url url, const Options& options, Resolve resolve, const base::Clock& clock,
                       Caution caution, TlsTrust trust)
    : url_(std::move(url)),
      options_(options),
      clock_(clock),
      addresses_(std::move(resolve), options.dns_ttl, clock),
      circuit_(clock),
      caution_(caution),
      trust_(trust.name.empty() ? TlsTrust{trust.anchors, url_.host, trust.anchors_key}
                                : std::move(trust)) {}

std::string HttpClient::Bytes(const HttpRequest& request) const {
  std::string bytes =
      request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + url_.Authority() + "\r\n";
  if (!url_.userinfo.empty()) bytes += "Authorization: " + url_.Authorization() + "\r\n";
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
  return ConnectTls(endpoint, trust_, allowance);
}

Result<std::unique_ptr<Stream>> HttpClient::Open(const base::Allowance& allowance) {
  if (caution_ == Caution::kNone) return OpenAny(allowance.Within(options_.connect_timeout));
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
        const base::MutexLock lock(mutex_);
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

Result<void> HttpClient::Enter(const base::Allowance& allowance) {
  const base::MutexLock lock(mutex_);
  ++counts_.requests;
  const auto begun = clock_.Now();
  if (in_use_ >= options_.pool_size) ++counts_.waits;
  while (in_use_ >= options_.pool_size) {
    if (auto allowed = allowance.Check("waiting for a connection"); !allowed) return allowed;
    freed_.WaitUntil(mutex_, allowance.deadline, allowance.cancel);
  }
  counts_.waited += clock_.Now() - begun;
  ++in_use_;
  return {};
}

void HttpClient::Leave() {
  const base::MutexLock lock(mutex_);
  --in_use_;
  freed_.NotifyOne();
}

Result<HttpClient::Connection> HttpClient::Take(const base::Allowance& allowance) {
  for (;;) {
    std::unique_ptr<Stream> kept;
    {
      const base::MutexLock lock(mutex_);
      const auto now = clock_.Now();
      std::erase_if(kept_, [&](const Kept& each) { return now - each.since >= kKeep; });
      if (kept_.empty()) break;
      kept = std::move(kept_.back().stream);
      kept_.pop_back();
    }
    if (!kept->Quiet()) continue;  // the peer has closed it meanwhile
    const base::MutexLock lock(mutex_);
    ++counts_.reused;
    return Connection{std::move(kept), true};
  }
  auto stream = Open(allowance);
  if (!stream) return std::unexpected(std::move(stream.error()));
  return Connection{std::move(*stream), false};
}

void HttpClient::Keep(std::unique_ptr<Stream> stream, std::uint64_t generation) {
  const base::MutexLock lock(mutex_);
  if (generation != generation_) return;
  try {
    kept_.push_back({std::move(stream), clock_.Now()});
  } catch (const std::bad_alloc&) {
    // The answer has come: it is worth more than the connection, which is closed with `stream`.
  }
}

void HttpClient::Reset() {
  const base::MutexLock lock(mutex_);
  kept_.clear();
  ++generation_;
  circuit_.Close();
}

HttpClientCounts HttpClient::counts() const {
  const base::MutexLock lock(mutex_);
  HttpClientCounts counts = counts_;
  counts.circuits_opened = circuit_.opened();
  counts.circuit_open = circuit_.is_open();
  return counts;
}

// The answer, and whether the connection may be used again.
Result<std::pair<HttpAnswer, bool>> HttpClient::Exchange(Stream& stream, const HttpRequest& request,
                                                         const std::string& bytes,
                                                         std::size_t most_bytes,
                                                         const base::Allowance& allowance,
                                                         const AnswerRoom& room) const {
  if (auto sent = stream.Write(bytes, allowance.Within(options_.read_timeout)); !sent) {
    return std::unexpected(std::move(sent.error()));
  }
  std::string received;
  std::array<char, 16 * 1024> piece;
  std::optional<Parser> parser;
  const auto begin = [&] {
    parser.emplace();
    parser->header_limit(request.status_only ? kMostHeadBytesForStatus : kMostHeadBytes);
    if (request.status_only) {
      parser->body_limit(boost::none);
    } else {
      parser->body_limit(most_bytes);
    }
  };
  // From here on it no longer matters what becomes of the body.
  const auto answered = [&] {
    return request.status_only && parser->is_header_done() && parser->get().result_int() >= 200;
  };
  const auto without_rest = [&] {
    auto answer = AnswerOf(*parser);
    answer.body.clear();
    return std::pair{std::move(answer), false};
  };
  std::optional<base::Deadline> read_away;
  begin();
  std::size_t announced = 0;
  std::string begins;  // the first bytes of the answer
  // That there is room for what is about to be taken into the body.
  const auto make_room = [&]() -> Result<void> {
    if (!room || !parser->is_header_done() || parser->get().result_int() < 200) return {};
    const std::size_t so_far = parser->get().body().size() + received.size();
    std::size_t most = parser->content_length().value_or(0);
    if (most == 0) most = std::min(most_bytes, std::max(kFirstRoom, 2 * so_far));
    if (most <= announced || (announced > 0 && so_far <= announced)) return {};
    if (most > most_bytes) return {};  // refused by the parser
    announced = most;
    return room(announced);
  };
  for (;;) {
    boost::system::error_code error;
    if (!parser->got_some()) begins = received.substr(0, kMostTold);
    while (!received.empty() && !parser->is_done()) {
      if (auto made = make_room(); !made) return std::unexpected(std::move(made.error()));
      const std::size_t used = parser->put(asio::buffer(received), error);
      received.erase(0, used);
      if (error == http::error::need_more) {
        error = {};
        if (used == 0) break;
      } else if (error) {
        break;
      }
    }
    if (answered() && !parser->is_done()) {
      if (error || parser->content_length().value_or(0) > most_bytes ||
          parser->get().body().size() > most_bytes) {
        return without_rest();
      }
      if (!read_away) {
        read_away =
            base::Deadline(base::SystemClock(), bodies_late_ ? kReadAwayOfLate : kReadAwayTime);
      }
    }
    if (error == http::error::body_limit) {
      return Fail(ErrorCode::kTooLarge,
                  "the answer has more than " + std::to_string(most_bytes) + " bytes");
    }
    if (error) return Fail(ErrorCode::kIo, Invalid(url_.Authority(), begins, error));
    if (parser->is_done()) {
      if (parser->get().result_int() >= 200) break;
      if (auto allowed = allowance.Check("the answer of an upstream"); !allowed) {
        return std::unexpected(allowed.error());
      }
      begin();  // 1xx: the answer is still to come
      continue;
    }
    if (auto made = make_room(); !made) return std::unexpected(std::move(made.error()));
    base::Allowance within = allowance.Within(options_.read_timeout);
    if (read_away) within.deadline = base::Deadline::Earlier(within.deadline, *read_away);
    auto got = stream.Read(piece, within);
    if (!got && answered()) {
      if (read_away && read_away->Expired()) bodies_late_ = true;
      return without_rest();
    }
    if (!got) return std::unexpected(std::move(got.error()));
    if (*got == 0) {
      if (parser->got_some()) parser->put_eof(error);
      if (answered()) return without_rest();
      if (error || !parser->is_done()) {
        return Fail(ErrorCode::kUnavailable, "the connection ended before the answer did");
      }
      return std::pair{AnswerOf(*parser), false};
    }
    received.append(piece.data(), *got);
  }
  if (read_away) bodies_late_ = false;
  const bool keep = parser->keep_alive() && received.empty();
  return std::pair{AnswerOf(*parser), keep};
}

Result<HttpAnswer> HttpClient::Ask(const HttpRequest& request, std::size_t most_bytes,
                                   const base::Allowance& allowance, const AnswerRoom& room) {
  if (!allowance.trace) return AskUntraced(request, most_bytes, allowance, room);
  base::Span span = allowance.trace.Begin(request.method, base::SpanKind::kClient);
  span.Set("http.request.method", request.method);
  span.Set("url.scheme", url_.tls ? "https" : "http");
  span.Set("server.address", url_.host);
  span.Set("server.port", std::int64_t{url_.port});
  if (span.recorded()) {
    // The target may be a sender's, with a login or key in it that is nobody's business.
    span.Set("url.full", request.secret_path ? url_.Origin() + "/***"
                                             : CutCredentials(url_.Origin() + request.target));
  }
  HttpRequest traced = request;
  if (const auto context = span.parent().Context()) {
    traced.fields.emplace_back("traceparent", base::FormatTraceparent(*context));
    if (!context->state.empty()) traced.fields.emplace_back("tracestate", context->state);
  }
  auto answer = AskUntraced(traced, most_bytes, allowance, room);
  if (!answer && answer.error().code == ErrorCode::kCancelled) {
    // Whoever asked wants no answer any more, which keeps no trace that is not sampled.
    span.Set("error.type", base::ErrorCodeName(answer.error().code));
  } else if (!answer) {
    span.Fail(answer.error());
  } else {
    span.Set("http.response.status_code", std::int64_t{answer->status});
    if (answer->status >= 400) span.Fail(std::to_string(answer->status), {});
  }
  return answer;
}

Result<HttpAnswer> HttpClient::AskUntraced(const HttpRequest& request, std::size_t most_bytes,
                                           const base::Allowance& allowance,
                                           const AnswerRoom& room) {
  const std::string bytes = Bytes(request);
  if (auto allowed = allowance.Check("asking an upstream"); !allowed) {
    return std::unexpected(allowed.error());
  }
  if (auto entered = Enter(allowance); !entered) return std::unexpected(entered.error());
  const Place place(*this);
  for (;;) {
    std::uint64_t generation = 0;
    {
      const base::MutexLock lock(mutex_);
      generation = generation_;
    }
    auto connection = Take(allowance);
    if (!connection) return std::unexpected(std::move(connection.error()));
    auto done = Exchange(*connection->stream, request, bytes, most_bytes, allowance, room);
    if (done) {
      if (done->second) Keep(std::move(connection->stream), generation);
      return std::move(done->first);
    }
    // Of a kept connection nobody can know whether the other side has closed it.
    const bool stale = connection->kept && done.error().code == ErrorCode::kUnavailable;
    if (!stale || !request.idempotent) return std::unexpected(std::move(done.error()));
    if (auto allowed = allowance.Check("asking an upstream"); !allowed) {
      return std::unexpected(allowed.error());
    }
  }
}

}  // namespace sampleproc::net
