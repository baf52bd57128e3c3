#include "http/middleware/auth.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "http/middleware/client_identity.h"
#include "http/middleware/drain.h"
#include "http/router.h"
#include "http/token_table.h"
#include "support/temp_dir.h"

namespace sampleproc::http {
namespace {

// printf %s first | sha256sum, and of "second"
constexpr const char* kFirst = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e";
constexpr const char* kSecond = "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4";

TEST_CASE("a token is known by its hash") {
  testing::TempDir dir;
  const auto path =
      dir.Write("tokens", std::string("# whose\n\n") + kFirst + "  the gate\r\n" + kSecond + "\n");
  const auto table = TokenTable::Load(path.string());
  REQUIRE(table);
  CHECK(table->size() == 2);
  CHECK(table->Find("first") == 0);
  CHECK(table->Find("second") == 1);
  CHECK_FALSE(table->Find("third"));
  CHECK_FALSE(table->Find(""));
  CHECK_FALSE(table->Find(kFirst));
}

TEST_CASE("a file of tokens that cannot be right is refused with its line") {
  testing::TempDir dir;
  struct Case {
    std::string text, says;
  };
  const std::string first = kFirst;
  for (const Case& c :
       {Case{"", "no hash"}, Case{"# nothing\n", "no hash"}, Case{"secret\n", "line 1"},
        Case{first + "\n" + first.substr(1) + "\n", "line 2"},
        Case{first + "\n\n" + first + "\n", "line 3 repeats"}, Case{first + "0\n", "line 1"}}) {
    const auto table = TokenTable::Load(dir.Write("tokens", c.text).string());
    REQUIRE_FALSE(table);
    CHECK(table.error().code == base::ErrorCode::kConfig);
    INFO(table.error().message);
    CHECK(table.error().message.find(c.says) != std::string::npos);
    CHECK(table.error().message.find("secret") == std::string::npos);
  }
  CHECK_FALSE(TokenTable::Load((dir.path() / "missing").string()));
  const std::string open = dir.Write("open", first + "\n").string();
  REQUIRE(::chmod(open.c_str(), 0646) == 0);
  CHECK_FALSE(TokenTable::Load(open));
}

TEST_CASE("the Authorization field as RFC 6750 writes it") {
  CHECK(BearerToken("Bearer abc") == "abc");
  CHECK(BearerToken("bearer  a-._~+/=") == "a-._~+/=");
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearerabc", "Bearer \"a\"", "abc"}) {
    INFO(wrong);
    CHECK_FALSE(BearerToken(wrong));
  }
}

TEST_CASE("only known tokens come in, and probes without any") {
  testing::TempDir dir;
  const auto table = TokenTable::Load(dir.Write("tokens", std::string(kFirst) + "\n").string());
  REQUIRE(table);
  ClientIdentity identity({}, &*table);
  Auth auth;
  const auto ask = [&](const char* authorization, const Route* route) {
    Request request;
    request.route = route;
    if (authorization != nullptr) request.fields = {{"authorization", authorization}};
    CHECK_FALSE(identity.OnHead(request));
    const auto refusal = auth.OnHead(request);
    return refusal ? std::to_string(refusal->status) + " " + refusal->field_lines : "";
  };
  const Route work{Method::kPost, "/process", {}};
  const Route probe{Method::kGet, "/livez", {}, true, true};
  CHECK(ask("Bearer first", &work).empty());
  CHECK(ask("Bearer First", &work) == "401 WWW-Authenticate: Bearer error=\"invalid_token\"\r\n");
  CHECK(ask("Basic first", &work) == "401 WWW-Authenticate: Bearer error=\"invalid_token\"\r\n");
  CHECK(ask(nullptr, &work) == "401 WWW-Authenticate: Bearer\r\n");
  CHECK(ask(nullptr, nullptr) == "401 WWW-Authenticate: Bearer\r\n");
  CHECK(ask(nullptr, &probe).empty());
}

TEST_CASE("while stopping only those who look at the service are answered") {
  bool refusing = false;
  Drain drain([&] { return refusing; });
  const Route work{Method::kPost, "/process", {}};
  const Route probe{Method::kGet, "/readyz", {}, true, true};
  Request request;
  request.route = &work;
  CHECK_FALSE(drain.OnHead(request));
  refusing = true;
  const auto refusal = drain.OnHead(request);
  REQUIRE(refusal);
  CHECK(refusal->status == 503);
  CHECK(refusal->close);
  CHECK(refusal->field_lines == "Retry-After: 1\r\n");
  request.route = &probe;
  CHECK_FALSE(drain.OnHead(request));
}

}  // namespace
}  // namespace sampleproc::http
