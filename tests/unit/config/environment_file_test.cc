#include "config/environment_file.h"

#include <catch2/catch.hpp>

#include "config/effective.h"
#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

// "NAME=value" of each variable, and the codes of the diagnostics, in one list.
std::vector<std::string> Read(const std::string& text) {
  const EnvironmentFile file = ReadEnvironmentFile(text, "x.env");
  std::vector<std::string> found;
  for (const FileVariable& variable : file.variables) {
    found.push_back(variable.name + "=" + variable.value);
  }
  for (const Diagnostic& diagnostic : file.diagnostics) found.emplace_back(diagnostic.code);
  return found;
}

using Strings = std::vector<std::string>;

TEST_CASE("variables, comments and blank lines, as all readers of such files agree") {
  CHECK(Read("A=1\n\n# x\n  ; y\nB_2=two words  \nC=\n") == Strings{"A=1", "B_2=two words", "C="});
  CHECK(Read("A=1\r\nB=2") == Strings{"A=1", "B=2"});
  CHECK(Read("\xEF\xBB\xBF"
             "A=1\n") == Strings{"A=1"});
  CHECK(Read("export A=1\nexport\tB=2\n  C = 3\n") == Strings{"A=1", "B=2", "C=3"});
  CHECK(Read("A=b=c#d\n") == Strings{"A=b=c#d"});
  CHECK(Read("").empty());
}

TEST_CASE("quotes of both kinds") {
  CHECK(Read("A=\" b \"\nB='c \"d\" \\n'\nC=\"a\\\"b\\\\c\\$d\\n\"  # x\nD=\"\"\n") ==
        Strings{"A= b ", "B=c \"d\" \\n", "C=a\"b\\c$d\\n", "D="});
  CHECK(Read("A=\"b\nB='\nC='x' y\nD=it's\n") == Strings{"D=it's", "SP1012", "SP1012", "SP1012"});
}

TEST_CASE("lines that set nothing are errors") {
  CHECK(Read("PATH\n=1\n1A=1\nA-B=1\nA B=1\n: yaml\n") == Strings(6, "SP1012"));
}

TEST_CASE("the last of a repeated name counts, with a warning") {
  CHECK(Read("A=1\nB=2\nA=3\n") == Strings{"A=3", "B=2", "SP1013"});
}

TEST_CASE("a comment behind a value is one, with a warning") {
  CHECK(Read("A=1 # x\nB=2\t#y\n") == Strings{"A=1", "B=2", "SP1014", "SP1014"});
}

TEST_CASE("places count characters, and passwords are not shown") {
  const EnvironmentFile file =
      ReadEnvironmentFile("\xC3\xA4=\nA_TOKEN=canary\nX=\"\xC3\xA4\" \n", "x.env");
  REQUIRE(file.diagnostics.size() == 1);
  CHECK(file.diagnostics[0].origin.place == Place{1, 1, 1});
  REQUIRE(file.variables.size() == 2);
  CHECK(file.variables[0].source_line == "A_TOKEN=******");
  CHECK(file.variables[0].place == Place{2, 9, 6});
  CHECK(file.variables[1].place == Place{3, 3, 3});
}

TEST_CASE("an environment file amounts to TOML that means the same") {
  const TempDir dir;
  const std::string path =
      dir.Write("p.env", "PORT=9000\nREDIS_HOST=db\nREDIS_PORT=tcp://10.0.0.3:6379\nOTHER=x\n");
  const Loaded loaded = LoadEnvironmentFile(path);
  CHECK_FALSE(loaded.HasErrors());
  CHECK(loaded.config.http.port == 9000);
  const std::string text = EffectiveToml(loaded, Which::kFromFiles);
  CHECK(text == "[http]\nport = 9000  # " + path + ":1:6\n\n[consumer]\nenabled = true  # " + path +
                    ":2:12\nsource = \"redis\"  # " + path +
                    ":2:12\n\n[consumer.redis]\nhost = \"db\"  # " + path + ":2:12\n");
  const TempFile file(text);
  const Loaded again = Load({.file = file.path()});
  CHECK(Render(again) == "");
  CHECK(again.config.consumer.enabled);
  CHECK(again.config.consumer.redis.host == "db");
}

TEST_CASE("an environment file that is not there") {
  CHECK(Render(LoadEnvironmentFile("/nonexistent/gone.env")) ==
        "gone.env: error: cannot be read: No such file or directory [SP1001]\n");
}

}  // namespace
}  // namespace sampleproc::config
