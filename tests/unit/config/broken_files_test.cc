#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

TEST_CASE("a number out of range is shown with its place and the range") {
  CHECK(RenderFile("[process]\n\nworkers = 9000\n") ==
        "t.toml:3:11: error: process.workers: 9000 is out of range; allowed is 0 to 512 threads, "
        "or \"auto\" [SP1004]\n"
        "    3 | workers = 9000\n"
        "      |           ^~~~\n");
}

TEST_CASE("a syntax error names the line and column") {
  const std::string text = RenderFile("[http]\nport = = 1\n");
  INFO(text);
  CHECK(text.starts_with("t.toml:2:8: error: "));
  CHECK(text.find("[SP1002]\n    2 | port = = 1\n      |        ^") != std::string::npos);
}

// One more level of `open`, `deep` times, around `core`.
std::string Nested(std::size_t deep, const std::string& open, const std::string& core,
                   const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < deep; ++i) text += open;
  text += core;
  for (std::size_t i = 0; i < deep; ++i) text += close;
  return text;
}

TEST_CASE("what is nested without end is a mistake with a place, and the rest is checked") {
  constexpr std::size_t kDeep = 200'000;
  const std::string dotted = Nested(kDeep, "a.", "a", "");
  const std::string wide = Nested(63, "a.", "a", "");  // by itself it would be allowed
  for (const std::string& deep :
       {dotted + " = 1", "[" + dotted + "]", "[[" + dotted + "]]", "x = {" + dotted + " = 1}",
        "x = " + Nested(kDeep, "[", "", "]"), "x = " + Nested(kDeep, "{a=", "1", "}"),
        "[" + wide + "]\n" + wide + " = 1", "x = " + Nested(60, "{" + wide + " = ", "1", "}")}) {
    INFO(deep.substr(0, 100));
    const std::string text = RenderFile("[http]\nport = 70000\n" + deep + "\n");
    INFO(text.substr(0, 300));
    CHECK(text.find(": error: nested more than 64 deep [SP1017]\n") != std::string::npos);
    CHECK(text.find(": error: http.port: 70000 is out of range") != std::string::npos);
    CHECK(text.size() < 2'000);
  }
}

TEST_CASE("dots of strings, comments and neighbours are no levels") {
  const std::string dots(500, '.');
  CHECK(RenderFile("# " + dots + "\n[http]\nhost = \"a\" # " + dots + "\n") == "");
  const std::string text = RenderFile(
      "[a]\nb = '" + dots + "'\nc = \"\\\"" + dots + "\"\nd = \"\"\"\n" + dots + "\"\"\"\ne = [" +
      Nested(200, "1.5, ", "[[1]]", "") + "]\n" + Nested(200, "[a.b]\n", "", ""));
  INFO(text);
  CHECK(text.find("SP1017") == std::string::npos);
}

TEST_CASE("an unknown key is shown with the key that was meant") {
  CHECK(RenderFile("[http]\nprot = 1\n") ==
        "t.toml:2:1: error: http.prot: no such key [SP1003]\n"
        "    2 | prot = 1\n"
        "      | ^~~~\n"
        "  hint: did you mean http.port?\n");
}

TEST_CASE("a key in the wrong section is found in its own") {
  CHECK(RenderFile("http.workers = 1\n") ==
        "t.toml:1:6: error: http.workers: no such key [SP1003]\n"
        "    1 | http.workers = 1\n"
        "      |      ^~~~~~~\n"
        "  hint: did you mean process.workers?\n");
}

TEST_CASE("a misspelt section is reported once and what is below it checked as meant") {
  CHECK(RenderFile("[proces]\nworkers = 1\nqueue_depth = 0\n") ==
        "t.toml:1:2: error: proces: no such section [SP1003]\n"
        "    1 | [proces]\n"
        "      |  ^~~~~~\n"
        "  hint: did you mean [process]?\n"
        "t.toml:3:15: error: process.queue_depth: 0 is out of range; allowed is 1 to 100000 frames "
        "[SP1004]\n"
        "    3 | queue_depth = 0\n"
        "      |               ^\n");
}

TEST_CASE("a section that means nothing is reported once, without a guess") {
  CHECK(RenderFile("[kitchen.sink]\na = 1\nb = 2\n") ==
        "t.toml:1:2: error: kitchen: no such section [SP1003]\n"
        "    1 | [kitchen.sink]\n"
        "      |  ^~~~~~~\n");
}

TEST_CASE("a quoted dotted name is not the key it looks like") {
  CHECK(RenderFile("\"http.port\" = 1\n") ==
        "t.toml:1:1: error: http.port: no such key: quotes make the dots part of one name "
        "[SP1003]\n"
        "    1 | \"http.port\" = 1\n"
        "      | ^~~~~~~~~~~\n"
        "  hint: leave the quotes out\n");
}

TEST_CASE("a string is no number") {
  CHECK(RenderFile("http.port = \"8099\"\n") ==
        "t.toml:1:13: error: http.port: expected a whole number, found a string [SP1005]\n"
        "    1 | http.port = \"8099\"\n"
        "      |             ^~~~~~\n"
        "  hint: leave the quotes out\n");
}

TEST_CASE("a number with a fraction is no whole number") {
  CHECK(RenderFile("http.port = 80.5\n") ==
        "t.toml:1:13: error: http.port: expected a whole number, found a number with a fraction "
        "[SP1005]\n"
        "    1 | http.port = 80.5\n"
        "      |             ^~~~\n");
}

TEST_CASE("a value where a section should be") {
  CHECK(RenderFile("http = 8099\n") ==
        "t.toml:1:8: error: http: is a section, found an integer [SP1005]\n"
        "    1 | http = 8099\n"
        "      |        ^~~~\n"
        "  hint: write [http] and its keys below it\n");
}

TEST_CASE("a section where a value should be") {
  CHECK(RenderFile("[http.port]\nnumber = 1\n") ==
        "t.toml:1:7: error: http.port: expected a whole number, found a table [SP1005]\n"
        "    1 | [http.port]\n"
        "      |       ^~~~\n");
}

TEST_CASE("an unknown word is shown with the words and the nearest one") {
  CHECK(RenderFile("telemetry.log_level = \"inof\"\n") ==
        "t.toml:1:23: error: telemetry.log_level: \"inof\" is not known; allowed is debug, info, "
        "warning, error [SP1006]\n"
        "    1 | telemetry.log_level = \"inof\"\n"
        "      |                       ^~~~~~\n"
        "  hint: did you mean \"info\"?\n");
}

TEST_CASE("an unknown step is shown with the step that was meant") {
  CHECK(RenderFile("process.pipeline = [\"stats\", \"face\"]\n") ==
        "t.toml:1:30: error: process.pipeline: \"face\" is no step, and there is no section "
        "[detector.face] [SP1006]\n"
        "    1 | process.pipeline = [\"stats\", \"face\"]\n"
        "      |                              ^~~~~~\n"
        "  hint: did you mean \"faces\"?\n");
}

TEST_CASE("a step that stands there twice") {
  CHECK(RenderFile("process.pipeline = [\"stats\", \"stats\"]\n") ==
        "t.toml:1:30: error: process.pipeline: \"stats\" stands there twice [SP1011]\n"
        "    1 | process.pipeline = [\"stats\", \"stats\"]\n"
        "      |                              ^~~~~~~\n");
}

TEST_CASE("an empty pipeline") {
  CHECK(RenderFile("process.pipeline = []\n") ==
        "t.toml:1:20: error: process.pipeline: the list has 0 elements; allowed is 1 to 16 "
        "[SP1004]\n"
        "    1 | process.pipeline = []\n"
        "      |                    ^~\n");
}

TEST_CASE("a duration of an unknown unit") {
  CHECK(RenderFile("http.header_timeout = \"10 secs\"\n") ==
        "t.toml:1:23: error: http.header_timeout: \"10 secs\" is not a duration such as \"30s\" or "
        "\"100ms\" [SP1007]\n"
        "    1 | http.header_timeout = \"10 secs\"\n"
        "      |                       ^~~~~~~~~\n"
        "  hint: units are ms, s, m and h, without a space: \"30s\", \"1m30s\", \"24h\"\n");
}

TEST_CASE("a size that people read both ways") {
  CHECK(RenderFile("http.max_request_bytes = \"10M\"\n") ==
        "t.toml:1:26: error: http.max_request_bytes: \"10M\" is not a size such as \"10MiB\" or a "
        "number of bytes [SP1007]\n"
        "    1 | http.max_request_bytes = \"10M\"\n"
        "      |                          ^~~~~\n"
        "  hint: write MiB for powers of 1024 or MB for powers of 1000\n");
}

TEST_CASE("an empty host") {
  CHECK(RenderFile("http.host = \"\"\n") ==
        "t.toml:1:13: error: http.host: must not be empty [SP1004]\n"
        "    1 | http.host = \"\"\n"
        "      |             ^~\n");
}

TEST_CASE("a name with a line break") {
  CHECK(RenderFile("service.name = \"a\\nb\"\n") ==
        "t.toml:1:16: error: service.name: the text has a line break or a NUL in it [SP1007]\n"
        "    1 | service.name = \"a\\nb\"\n"
        "      |                ^~~~~~\n");
}

TEST_CASE("a drain delay that leaves no time to finish") {
  CHECK(RenderFile("[service]\ndrain_delay = \"30s\"\n") ==
        "t.toml:2:15: error: service.drain_delay: 30s leaves no time to finish: "
        "service.shutdown_timeout is 30s [SP1101]\n"
        "    2 | drain_delay = \"30s\"\n"
        "      |               ^~~~~\n"
        "  hint: set it below service.shutdown_timeout\n");
}

TEST_CASE("limits that shut out what they allow are warnings") {
  const std::string text = RenderFile(
      "[http]\nmax_request_bytes = \"2MiB\"\nidle_timeout = 59\nmax_target_bytes = \"16KiB\"\n"
      "request_deadline = 5\n[codec]\ndeadline = 11\n[resources]\nmemory_limit = \"1MiB\"\n");
  INFO(text);
  CHECK(text.find("error") == std::string::npos);
  CHECK(text.find("t.toml:2:21: warning: http.max_request_bytes: ") != std::string::npos);
  CHECK(text.find("t.toml:3:16: warning: http.idle_timeout: 59s ") != std::string::npos);
  CHECK(text.find("t.toml:4:20: warning: http.max_target_bytes: 16KiB ") != std::string::npos);
  CHECK(text.find("t.toml:7:12: warning: codec.deadline: 11s ") != std::string::npos);
  CHECK(text.find("defaults: warning: process.deadline: 10s ") != std::string::npos);
  CHECK(text.find("t.toml:9:16: warning: resources.memory_limit: 1MiB ") != std::string::npos);
}

TEST_CASE("all problems of a file come out in one run, in the order of the file") {
  const std::string text = RenderFile(
      "[service]\nname = 1\n[http]\nport = 70000\nbogus = true\n[process]\ndelay = \"-1s\"\n");
  INFO(text);
  const std::size_t name = text.find("t.toml:2:8: error: service.name");
  const std::size_t port = text.find("t.toml:4:8: error: http.port");
  const std::size_t bogus = text.find("t.toml:5:1: error: http.bogus");
  const std::size_t delay = text.find("t.toml:7:9: error: process.delay");
  CHECK(name < port);
  CHECK(port < bogus);
  CHECK(bogus < delay);
  CHECK(delay != std::string::npos);
}

TEST_CASE("the caret stands below characters, not bytes, and nothing moves the cursor") {
  CHECK(RenderFile("service.name = \"\xC3\xA4\xC3\xB6\" \t\nhttp.host = \"\xC3\xA4\x1b\" \n")
            .find("\x1b") == std::string::npos);
  CHECK(RenderFile("x = [\"\xC3\xA4\xC3\xB6\"]\t# \xC3\xBC\n") ==
        "t.toml:1:1: error: x: no such key [SP1003]\n"
        "    1 | x = [\"***********\n"
        "      | ^\n");
  CHECK(RenderFile("service.name = [\"\xC3\xA4\xC3\xB6\"]; http.port = \"a\"\n")
            .find("t.toml:1:22: error") != std::string::npos);
}

TEST_CASE("a long line is cut to a window around the place") {
  const std::string blank(200, ' ');
  const std::string text = RenderFile("http = {" + blank + "prot = 1" + " }\n");
  INFO(text);
  CHECK(text.find("prot = 1") != std::string::npos);
  for (std::size_t start = 0, end; start < text.size(); start = end + 1) {
    end = text.find('\n', start);
    CHECK(end - start <= 100);
  }
}

TEST_CASE("values that are not finite, binary files and endless files are refused") {
  CHECK(RenderFile("process.detection_threshold = nan\n").find("nan is out of range") !=
        std::string::npos);
  CHECK(RenderFile(std::string("\0\1\2", 3)).find("[SP1002]") != std::string::npos);
  CHECK(Render(Load({.file = "/dev/zero"})) ==
        "zero: error: cannot be read: it is longer than 16MiB [SP1001]\n");
  CHECK(Render(Load({.file = "/"})).find("it is a directory [SP1001]") != std::string::npos);
}

TEST_CASE("a string over several lines that is never closed is shown where it begins") {
  for (const std::string quote : {"\"\"\"", "'''"}) {
    const std::string begun = "service.name = \"Ã¤\"  # \"\"\"\nhttp.host = ";
    CHECK(RenderFile(begun + quote + "a\nb\n") ==
          "t.toml:2:13: error: the string over several lines that begins here is never closed "
          "[SP1002]\n"
          "    2 | http.host = " +
              quote +
              "a\n"
              "      |             ^~~\n");
    // Closed, with quotes of its own at its end: the mistake is another one.
    const std::string text = RenderFile(begun + quote + "a\\\\\nb" + quote + quote[0] + "\nx x\n");
    INFO(text);
    CHECK(text.find(":4:") != std::string::npos);
    CHECK(text.find("never closed") == std::string::npos);
  }
}

TEST_CASE("a date is no duration, and a table no element of a list") {
  CHECK(RenderFile("http.header_timeout = 2026-01-01\n") ==
        "t.toml:1:23: error: http.header_timeout: expected a duration such as \"30s\" or "
        "\"100ms\", found a date or time [SP1005]\n"
        "    1 | http.header_timeout = 2026-01-01\n"
        "      |                       ^~~~~~~~~~\n");
  CHECK(RenderFile("process.pipeline = [{}, true, []]\n")
            .find("found a list with a table in it [SP1005]") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::config
