#include "telemetry/log_setup.h"

#include <fcntl.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <limits>

#include "telemetry/log_line.h"

namespace sampleproc::telemetry {
namespace {

TEST_CASE("a JSON line is valid JSON whatever is logged") {
  const std::string nasty =
      std::string("a\"\\\n\x1b\x7f\0", 7) + "\xC3\xA4\xFF\xC2\x9B\xED\xA0\x80";
  const std::string line = JsonLine({"2026-01-01T00:00:00Z", base::LogLevel::kInfo, nasty, "svc"},
                                    {{"text", std::string_view(nasty)},
                                     {"port", std::int64_t{8099}},
                                     {"share", 0.5},
                                     {"odd", std::numeric_limits<double>::quiet_NaN()},
                                     {"ok", true}});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.c_str());
  REQUIRE_FALSE(document.HasParseError());
  CHECK(std::string(document["level"].GetString()) == "info");
  CHECK(std::string(document["service"].GetString()) == "svc");
  CHECK(document["port"].GetInt() == 8099);
  CHECK(document["share"].GetDouble() == 0.5);
  CHECK(document["odd"].IsNull());
  CHECK(document["ok"].IsTrue());
  CHECK(std::string(document["msg"].GetString(), document["msg"].GetStringLength()) ==
        std::string("a\"\\\n\x1b\x7f\0", 7) +
            "\xC3\xA4\xEF\xBF\xBD\xC2\x9B\xEF\xBF\xBD\xEF\xBF\xBD" + "\xEF\xBF\xBD");
}

TEST_CASE("a logfmt line is one line of pairs") {
  CHECK(LogfmtLine({"", base::LogLevel::kWarning, "it \"broke\"\n", "svc"},
                   {{"word", "plain"},
                    {"text", "two words"},
                    {"empty", ""},
                    {"bad name", "a=b"},
                    {"n", std::int64_t{-1}}}) ==
        "level=warning msg=\"it \\\"broke\\\"\\n\" service=svc word=plain text=\"two words\" "
        "empty=\"\" bad_name=\"a=b\" n=-1");
}

TEST_CASE("lines below the level are not written") {
  std::string out;
  Options options;
  options.log_level = "warning";
  options.log_format = LogFormat::kJson;
  const auto logger = MakeStringLogger(options, "svc", &out);
  CHECK_FALSE(logger->Enabled(base::LogLevel::kInfo));
  logger->Info("no");
  logger->Warning("yes", {{"a", true}});
  CHECK(out.find("\"no\"") == std::string::npos);
  CHECK(out.starts_with("{\"ts\":\""));
  CHECK(out.ends_with(",\"level\":\"warning\",\"msg\":\"yes\",\"service\":\"svc\",\"a\":true}\n"));
}

TEST_CASE("two loggers do not know each other") {
  std::string first;
  std::string second;
  Options quiet;
  quiet.log_level = "error";
  const auto a = MakeStringLogger({}, "a", &first);
  const auto b = MakeStringLogger(quiet, "b", &second);
  a->Info("hello");
  b->Info("hello");
  CHECK(first.find("service=a") != std::string::npos);
  CHECK(second.empty());
}

// Standard error replaced by a descriptor for as long as this lives.
class StderrAs {
 public:
  explicit StderrAs(int fd) : saved_(::dup(STDERR_FILENO)) { ::dup2(fd, STDERR_FILENO); }
  StderrAs(const StderrAs&) = delete;
  StderrAs& operator=(const StderrAs&) = delete;
  ~StderrAs() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

TEST_CASE("a pipe that nobody reads loses lines, which are counted, and blocks nobody") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int capacity = ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
  REQUIRE(capacity >= 4096);
  Options options;
  options.log_format = LogFormat::kLogfmt;
  const std::string filler(1000, 'x');
  std::string read_back;
  std::uint64_t lost = 0;
  {
    const StderrAs redirected(ends[1]);
    const auto logger = MakeLogger(options, "svc");
    for (int i = 0; i < 100; ++i) logger->Info(filler);
    std::string buffer(65536, '\0');
    REQUIRE(::read(ends[0], buffer.data(), buffer.size()) > 0);
    logger->Info("room again");
    lost = logger->lost_lines();
  }
  ::close(ends[1]);
  std::string buffer(65536, '\0');
  for (ssize_t got; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    read_back.append(buffer, 0, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  CHECK(lost > 0);
  CHECK(read_back.find("level=warning msg=\"log lines could not be written\" service=svc lines=" +
                       std::to_string(lost) + '\n') != std::string::npos);
  CHECK(read_back.find("room again") != std::string::npos);
}

TEST_CASE("a full disk is survived") {
  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  {
    const StderrAs redirected(full);
    const auto logger = MakeLogger({}, "svc");
    logger->Error("one");
    logger->Error("two");
    CHECK(logger->lost_lines() == 2);
  }
  ::close(full);
}

}  // namespace
}  // namespace sampleproc::telemetry
