#include "config/syntax_hint.h"

#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

TEST_CASE("who writes something else than TOML is told what TOML looks like") {
  struct Mistake {
    const char* text;
    const char* hint;  // a part of it
  };
  for (const Mistake& mistake : {
           Mistake{"{\"http\": {\"port\": 1}}", "looks like JSON"},
           Mistake{"http:\n  port: 8000\n", "looks like YAML"},
           Mistake{"[http]\nhost = 127.0.0.1\n", "text stands in quotes"},
           Mistake{"[http]\nhost = localhost\n", "text stands in quotes"},
           Mistake{"[http]\r\nhost = `a`\r\n", "text stands in quotes"},
           Mistake{"process.deadline = 30s\n", "text stands in quotes"},
           Mistake{"[process]\npipeline = stats,motion\n", "several texts are a list: key = ["},
           Mistake{"[process]\npipeline = [stats, motion]\n", "in quotes, in lists too"},
           Mistake{"[http]\nport = 80 // of ours\n", "a comment begins with #"},
           Mistake{"[http]\nhost = \"a\" // of ours\n", "a comment begins with #"},
           Mistake{"[http]\nport = 80;\n", "no ; at its end"},
           Mistake{"[http]\nport = 80\nport = 81\n", "a key stands once in its section"},
           Mistake{"[http]\nhost = \u201Ca\u201D\n", "straight quotation marks"},
           Mistake{"[http]\nport = ${PORT}\n", "SAMPLEPROC_"},
           Mistake{"[http\nport = 1\n", "a section is [name]"},
           Mistake{"port 8000\n", "a line is key = value"},
           Mistake{"[http]\nproxy = TRUE\n", "hint: write true"},
           Mistake{"[http]\nport = 080\n", "without leading zeros"},
           Mistake{"[http]\nport =\n", "a key needs a value"},
           Mistake{"[http]\nport == 1\n", "one = stands between"},
           Mistake{"[http]\nhost = 'a\n", "a string ends on its line"},
           Mistake{"[http]\nhost = \"C:\\q\"\n", "a backslash begins an escape"},
           Mistake{"[process]\npipeline = [\"stats\" \"faces\"]\n", "with commas between"},
           Mistake{"[process]\npipeline = [\n", "the end of the file"},
       }) {
    const std::string text = RenderFile(mistake.text);
    INFO(text);
    CHECK(text.find("[SP1002]") != std::string::npos);
    CHECK(text.find(mistake.hint) != std::string::npos);
  }
  CHECK(SyntaxHint("a = 1 = 2\n", 1, "") == "");
  CHECK(SyntaxHint("a = 0,5\n", 1, "") == "");
  CHECK(SyntaxHint("a = 'b //' c\n", 1, "") == "");
  CHECK(SyntaxHint("", 7, "") == "");
  CHECK(SyntaxHint("\n", 9, "") == "");
  CHECK(SyntaxHint("a = secret\n", 1, "").find("secret") == std::string::npos);
}

TEST_CASE("a number in quotes, and sections as other programs call them") {
  const std::string quoted = RenderFile("[http]\nport = \"9000\"\n");
  INFO(quoted);
  CHECK(quoted.find("leave the quotes out") != std::string::npos);
  CHECK(RenderFile("[server]\nport = 9000\n").find("did you mean [http]?") != std::string::npos);
  CHECK(RenderFile("[logging]\n").find("did you mean [telemetry]?") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::config
