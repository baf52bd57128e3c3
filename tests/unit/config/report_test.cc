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
