#include "http/middleware/cors.h"

#include <catch2/catch.hpp>

namespace sampleproc::http {
namespace {

struct Answer {
  bool handled = false;  // by CORS itself; else the request goes on
  int status = 0;
  std::string lines;

  bool Has(const std::string& line) const { return lines.find(line + "\r\n") != lines.npos; }
  std::string AllowedOrigin() const {
    constexpr std::string_view kName = "Access-Control-Allow-Origin: ";
    const auto at = lines.find(kName);
    if (at == lines.npos) return "";
    const auto from = at + kName.size();
    return lines.substr(from, lines.find('\r', from) - from);
  }
};

Answer Ask(Cors& cors, Method method, const std::vector<Field>& fields) {
  Request request;
  request.method = method;
  request.fields = fields;
  auto response = cors.OnHead(request);
  Answer answer{response.has_value(), response ? response->status : 200, ""};
  Response out = response ? std::move(*response) : Response();
  cors.OnResponse(request, out);
  answer.lines = out.field_lines;
  return answer;
}

std::vector<Field> Preflight(std::string_view origin, std::string_view method = "POST",
                             std::string_view fields = "") {
  std::vector<Field> all = {{"Origin", origin}, {"Access-Control-Request-Method", method}};
  if (!fields.empty()) all.push_back({"Access-Control-Request-Headers", fields});
  return all;
}

constexpr const char* kOurs = "https://app.example.com";

TEST_CASE("a preflight is answered for what is allowed") {
  Cors cors({kOurs, "null"}, false);
  const Answer yes =
      Ask(cors, Method::kOptions, Preflight(kOurs, "POST", "content-type, X-Request-ID"));
  CHECK(yes.status == 204);
  CHECK(yes.AllowedOrigin() == kOurs);
  CHECK(yes.Has("Vary: Origin"));
  CHECK(yes.Has("Access-Control-Allow-Methods: GET, POST"));
  CHECK(yes.Has("Access-Control-Max-Age: 600"));
  CHECK_FALSE(yes.Has("Access-Control-Allow-Credentials: true"));
  CHECK(Ask(cors, Method::kOptions, Preflight("null")).status == 204);

  for (const auto& fields :
       {Preflight("https://evil.com"), Preflight(kOurs, "DELETE"), Preflight(kOurs, "post"),
        Preflight(kOurs, "POST", "X-Evil"), Preflight("https://app.example.com.evil.com"),
        Preflight("http://app.example.com"), Preflight("https://app.example.com:444")}) {
    INFO(fields[0].value << " " << fields[1].value);
    CHECK(Ask(cors, Method::kOptions, fields).status == 400);
  }
  const Answer all_wrong =
      Ask(cors, Method::kOptions, Preflight("https://evil.com", "PUT", "X-Evil"));
  CHECK(all_wrong.AllowedOrigin().empty());
}

TEST_CASE("without an origin or a method asked for it is no preflight") {
  Cors cors({kOurs}, false);
  CHECK_FALSE(Ask(cors, Method::kOptions, {{"Origin", kOurs}}).handled);
  CHECK_FALSE(Ask(cors, Method::kOptions, {{"Access-Control-Request-Method", "POST"}}).handled);
  CHECK_FALSE(Ask(cors, Method::kPost, Preflight(kOurs)).handled);
}

TEST_CASE("other requests are served, and only pages of the list may read the answer") {
  Cors cors({kOurs}, true);
  const Answer listed = Ask(cors, Method::kPost, {{"Origin", kOurs}});
  CHECK_FALSE(listed.handled);
  CHECK(listed.AllowedOrigin() == kOurs);
  CHECK(listed.Has("Access-Control-Allow-Credentials: true"));
  CHECK(listed.Has("Vary: Origin"));
  const Answer stranger = Ask(cors, Method::kPost, {{"Origin", "https://evil.com"}});
  CHECK_FALSE(stranger.handled);
  CHECK(stranger.AllowedOrigin().empty());
  CHECK_FALSE(stranger.Has("Access-Control-Allow-Credentials: true"));
  CHECK(stranger.Has("Vary: Origin"));
  CHECK(Ask(cors, Method::kGet, {}).Has("Vary: Origin"));
}

TEST_CASE("a star is answered with a star and never mirrored") {
  Cors cors({"*"}, false);
  const Answer any = Ask(cors, Method::kGet, {{"Origin", "https://x.com"}, {"Cookie", "a=b"}});
  CHECK(any.AllowedOrigin() == "*");
  CHECK_FALSE(any.Has("Vary: Origin"));
  CHECK_FALSE(any.Has("Access-Control-Allow-Credentials: true"));
}

// What Starlette's CORSMiddleware answers with allow_origins=[kOurs], allow_methods=["GET", "POST"]
// and our list of fields, beside what we answer.
TEST_CASE("CORS as Starlette has it, and where we differ") {
  Cors cors({kOurs}, false);
  struct Row {
    const char* what;
    Method method;
    std::vector<Field> fields;
    int starlette_status, our_status;
    bool starlette_vary, our_vary;
    bool allow_origin;  // both
    const char* why;
  };
  for (const Row& row : std::vector<Row>{
           {"preflight", Method::kOptions, Preflight(kOurs), 200, 204, true, true, true,
            "there is no body to send"},
           {"preflight of a stranger", Method::kOptions, Preflight("https://e.com"), 400, 400, true,
            true, false, ""},
           {"preflight of a method", Method::kOptions, Preflight(kOurs, "PUT"), 400, 400, true,
            true, true, ""},
           {"preflight of a field", Method::kOptions, Preflight(kOurs, "GET", "X-A"), 400, 400,
            true, true, true, ""},
           {"no origin",
            Method::kGet,
            {},
            200,
            200,
            false,
            true,
            false,
            "a cache must not give this answer to a page"},
           {"a listed origin", Method::kGet, {{"Origin", kOurs}}, 200, 200, true, true, true, ""},
           {"a stranger is served",
            Method::kGet,
            {{"Origin", "https://e.com"}},
            200,
            200,
            false,
            true,
            false,
            "a cache must not give this answer to a listed page"},
           {"null is nobody",
            Method::kGet,
            {{"Origin", "null"}},
            200,
            200,
            false,
            true,
            false,
            "as above"},
           {"origins have case",
            Method::kGet,
            {{"Origin", "https://APP.example.com"}},
            200,
            200,
            false,
            true,
            false,
            "as above"}}) {
    INFO(row.what);
    const Answer answer = Ask(cors, row.method, row.fields);
    CHECK(answer.status == row.our_status);
    CHECK(answer.Has("Vary: Origin") == row.our_vary);
    CHECK(answer.AllowedOrigin() == (row.allow_origin ? kOurs : ""));
    const bool same = row.starlette_status == row.our_status && row.starlette_vary == row.our_vary;
    CHECK(same == std::string_view(row.why).empty());
  }
  // And: with "*" and a Cookie Starlette mirrors the origin; we send "*" (tested above).
}

TEST_CASE("origins are written as browsers send them") {
  for (const char* right : {"*", "null", "https://a.example.com", "http://localhost:3000",
                            "https://[::1]:8443", "chrome-extension://abcdef", "http://10.0.0.1"}) {
    INFO(right);
    CHECK(IsOrigin(right));
  }
  for (const char* wrong : {"", "a.example.com", "https://", "https://a/", "https://A.example.com",
                            "HTTPS://a", "https://*.a.com", "://a", "https://a b"}) {
    INFO(wrong);
    CHECK_FALSE(IsOrigin(wrong));
  }
}

}  // namespace
}  // namespace sampleproc::http
