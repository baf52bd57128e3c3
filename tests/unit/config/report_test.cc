#include "config/report.h"

#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

TEST_CASE("a diagnostic as JSON, on one line") {
  std::vector<Checked> checked;
  checked.push_back({"a\n.toml", Load({.flags = {{"http.port", "x", "--port"}}, .file = Empty()})});
  CHECK(FormatJson(checked) ==
        R"({"valid":false,"errors":1,"warnings":0,"configurations":[{"subject":"a\n.toml",)"
        R"("valid":false,"errors":1,"warnings":0,"files":["/dev/null"],"diagnostics":[)"
        R"({"severity":"error","code":"SP1007","title":"cannot be read as what it should be",)"
        R"("key":"http.port","message":"\"x\" is not a whole number","hint":"",)"
        R"("origin":{"kind":"flag","name":"--port"},"source_line":""}]}]})"
        "\n");
}

TEST_CASE("where a diagnostic comes from as JSON, and the production checklist") {
  const TempFile file("http.port = 70000\n");
  std::vector<Checked> checked;
  checked.push_back(
      {"s", Load({.environment = {{"SAMPLEPROC_HTTP_PORT", "x"}, {"SAMPLEPROC_HTTP_PROT", "1"}},
                  .file = file.path()})});
  checked.push_back({"p", Load({.file = Empty()})});
  checked.back().production = {
      {code::kListCors, Verdict::kPassed, "", "none", "", {}},
      {code::kListHosts, Verdict::kFailed, "http.allowed_hosts", "not set", "name them", {}},
      {code::kListUpdates, Verdict::kByHand, "", "no", "keep", {}}};
  const std::string text = FormatJson(checked);
  INFO(text);
  CHECK(text.starts_with(R"({"valid":false,"errors":2,"warnings":1,"configurations":[)"));
  for (const std::string& part :
       {R"("origin":{"kind":"file","name":")" + file.path() +
            R"(","line":1,"column":13,"length":5},"source_line":"http.port = 70000"})",
        std::string(R"("origin":{"kind":"environment","name":"SAMPLEPROC_HTTP_PORT"})"),
        std::string(R"({"severity":"warning","code":"SP1008",)"),
        std::string(R"({"subject":"p","valid":true,"errors":0,"warnings":0,"files":["/dev/null"],)"
                    R"("diagnostics":[],"production":[)"
                    R"_({"code":"SP1401","title":"Configure CORS origins (not wildcard)",)_"
                    R"("verdict":"passed","key":"","message":"none","hint":""},)"
                    R"({"code":"SP1402","title":"Set allowed hosts","verdict":"failed",)"
                    R"("key":"http.allowed_hosts","message":"not set","hint":"name them",)"
                    R"("origin":{"kind":"default","name":""}},)"
                    R"({"code":"SP1410","title":"Regular security updates","verdict":"by hand",)"
                    R"("key":"","message":"no","hint":"keep"}]})")}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("an annotation of what no file says tells where it comes from") {
  CHECK(FormatGithub({Severity::kError,
                      code::kRange,
                      {Origin::Kind::kEnvironment, "SAMPLEPROC_HTTP_PORT", {}},
                      "http.port",
                      "no",
                      "",
                      ""}) ==
        "::error title=SP1004 value out of range::environment SAMPLEPROC_HTTP_PORT: http.port: "
        "no\n");
}

TEST_CASE("an annotation escapes what the runner would take for its own") {
  const Diagnostic diagnostic{Severity::kWarning,
                              code::kSyntax,
                              {Origin::Kind::kFile, "a,b:c%\n.toml", {2, 3, 4}},
                              "",
                              "100%\r\nx: y, z",
                              "do",
                              ""};
  CHECK(FormatGithub(diagnostic) ==
        "::warning file=a%2Cb%3Ac%25%0A.toml,line=2,col=3,endColumn=7,title=SP1002 not valid "
        "TOML::100%25%0D%0Ax: y, z%0Ahint: do\n");
  CHECK(FormatGithub({Severity::kError,
                      code::kUnreadable,
                      {Origin::Kind::kFile, "a.toml", {}},
                      "",
                      "no",
                      "",
                      ""}) == "::error file=a.toml,title=SP1001 file cannot be read::no\n");
}

}  // namespace
}  // namespace sampleproc::config
