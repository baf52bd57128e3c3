#include "http/head_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <optional>
#include <string>

#include "base/ascii.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

// Collects views of the head; the body is read elsewhere, so the body callbacks are never reached.
class Collector final : public beast::http::basic_parser<true> {
 public:
  explicit Collector(Request& request) : request_(request) {
    header_limit(1u << 20);  // the guard has applied the limit of this server already
    body_limit(boost::none);
  }

 private:
  using error_code = beast::error_code;
  using string_view = beast::string_view;
  static std::string_view Std(string_view text) { return {text.data(), text.size()}; }

  void on_request_impl(beast::http::verb verb, string_view, string_view target, int version,
                       error_code& ec) override {
    if (const auto method = ToMethod(verb)) {
      request_.method = *method;
    } else {
      ec = beast::http::error::bad_method;
    }
    request_.target = Std(target);
    request_.minor_version = version % 10;
  }
  void on_field_impl(beast::http::field, string_view name, string_view value,
                     error_code&) override {
    request_.fields.push_back({Std(name), Std(value)});
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  static std::optional<Method> ToMethod(beast::http::verb verb) {
    switch (verb) {
      case beast::http::verb::get:
        return Method::kGet;
      case beast::http::verb::head:
        return Method::kHead;
      case beast::http::verb::post:
        return Method::kPost;
      case beast::http::verb::put:
        return Method::kPut;
      case beast::http::verb::delete_:
        return Method::kDelete;
      case beast::http::verb::options:
        return Method::kOptions;
      case beast::http::verb::patch:
        return Method::kPatch;
      case beast::http::verb::trace:
        return Method::kTrace;
      default:
        return std::nullopt;
    }
  }

  Request& request_;
};

// "http://host/path" -> "/path"; the guard has compared the authority with Host.
std::string_view OriginForm(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == target.npos) return target;
  const auto path = target.find_first_of("/?", scheme_end + 3);
  return path == target.npos ? "/" : target.substr(path);
}

// Those that mean the same escaped or not (RFC 3986, sections 2.3 and 6.2.2.2).
bool IsUnreserved(char c) {
  return base::IsAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// `path` with its unreserved characters as they are; "" when they all are already. Everything else
// stays escaped: a part of a path stays one part.
std::string WithPlainUnreserved(std::string_view path) {
  std::string plain;
  std::size_t taken = 0;
  for (std::size_t at = path.find('%'); at != path.npos; at = path.find('%', at + 1)) {
    unsigned char code = 0;
    const std::string_view digits = path.substr(at + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || end != digits.data() + 2) continue;
    const char character = static_cast<char>(code);
    if (!IsUnreserved(character)) continue;
    plain.append(path.substr(taken, at - taken)).push_back(character);
    taken = at + 3;
  }
  return taken == 0 ? "" : plain.append(path.substr(taken));
}

std::unexpected<base::Error> Ambiguous() {
  return base::Fail(base::ErrorCode::kBadRequest, "the request head is ambiguous");
}

}  // namespace

void TakeTarget(std::string_view target, Request& request) {
  request.target = OriginForm(target);
  const auto question = request.target.find('?');
  request.path = request.target.substr(0, question);
  request.plain_path = WithPlainUnreserved(request.path);
  if (!request.plain_path.empty()) request.path = request.plain_path;
  request.query =
      question == request.target.npos ? std::string_view() : request.target.substr(question + 1);
}

base::Result<void> ParseHead(std::string_view head, const Framing& framing, Request& request) {
  request.fields.clear();
  Collector parser(request);
  beast::error_code error;
  const std::size_t consumed = parser.put(asio::buffer(head.data(), head.size()), error);
  if (error || consumed != head.size() || !parser.is_header_done()) return Ambiguous();

  const auto length = parser.content_length();
  const bool same_length = length.has_value() == framing.content_length.has_value() &&
                           (!length || *length == *framing.content_length);
  if (!same_length || parser.chunked() != framing.chunked) return Ambiguous();

  TakeTarget(request.target, request);
  request.keep_alive = request.minor_version == 1 && parser.keep_alive();
  request.content_length = framing.content_length;
  request.chunked = framing.chunked;
  request.expects_continue = framing.expects_continue;
  return {};
}

}  // namespace sampleproc::http
