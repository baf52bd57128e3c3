#include "telemetry/log_setup.h"

#include <fcntl.h>
#include <rapidjson/document.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>

#include "base/clock.h"
#include "base/deadline.h"
#include "telemetry/log_line.h"
#include "telemetry/log_writer.h"

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
    while (logger->lost_lines() < 100) logger->Info(filler);
    lost = logger->lost_lines();
    std::string buffer(65536, '\0');
    const auto read = [&] {
      const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
      REQUIRE(got > 0);
      read_back.append(buffer, 0, static_cast<std::size_t>(got));
    };
    while (read_back.size() < LogWriter::kMostBytes * 3 / 4) read();
    logger->Info("room again");
    CHECK(logger->lost_lines() == lost);
    while (read_back.find("room again") == std::string::npos) read();
  }
  ::close(ends[1]);
  ::close(ends[0]);
  CHECK(lost > 0);
  CHECK(read_back.find("level=warning msg=\"log lines could not be written\" service=svc lines=" +
                       std::to_string(lost) +
                       " reason=\"its reader takes the lines too slowly\"\n") != std::string::npos);
  CHECK(read_back.find("room again") != std::string::npos);
}

// A file's text, and its name in the variable by which systemd names the journal's stream.
TEST_CASE("lines for the journal begin with their priority and have no time of their own") {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  struct stat info{};
  REQUIRE(::fstat(::fileno(file), &info) == 0);
  const std::string stream = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  Options options;
  options.log_level = "debug";
  options.log_format = LogFormat::kLogfmt;
  {
    const StderrAs redirected(::fileno(file));
    const auto logger = MakeLogger(options, "svc");
    logger->Debug("a");
    logger->Info("b");
    logger->Warning("c");
    logger->Error("d");
  }
  ::unsetenv("JOURNAL_STREAM");
  std::string text(4096, '\0');
  const ssize_t size = ::pread(::fileno(file), text.data(), text.size(), 0);
  std::fclose(file);
  REQUIRE(size > 0);
  text.resize(static_cast<std::size_t>(size));
  CHECK(text ==
        "<7>level=debug msg=\"a\" service=svc\n<6>level=info msg=\"b\" service=svc\n"
        "<4>level=warning msg=\"c\" service=svc\n<3>level=error msg=\"d\" service=svc\n");
}

TEST_CASE("lines are written in the order in which they were put") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::string read_back;
  std::string expected;
  constexpr int kLines = 2'000;
  for (int i = 0; i < kLines; ++i) {
    expected += std::to_string(i) + std::string(i == 1'000 ? 10'000 : 0, 'x') + '\n';
  }
  {
    std::jthread reader([&] {
      std::string buffer(1000, '\0');
      for (ssize_t got; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
        read_back.append(buffer, 0, static_cast<std::size_t>(got));
      }
    });
    {
      LogWriter writer(ends[1], [](std::uint64_t, base::WallTime, std::optional<int>) {
        return std::string("lost");
      });
      for (int i = 0; i < kLines; ++i) {
        writer.Put(std::to_string(i) + std::string(i == 1'000 ? 10'000 : 0, 'x'));
      }
      CHECK(writer.Flush(base::Deadline(base::SystemClock(), base::kForever)));
      CHECK(writer.lost_lines() == 0);
    }
    ::close(ends[1]);
  }
  ::close(ends[0]);
  CHECK(read_back == expected);
}

TEST_CASE("a full disk is survived") {
  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  {
    const StderrAs redirected(full);
    const auto logger = MakeLogger({}, "svc");
    logger->Error("one");
    const auto counts = std::make_shared<base::LineCounts>();
    base::ChildLogger(*logger, {}).WriteCounted(base::LogLevel::kError, "two", {}, counts);
    logger->Flush(base::Deadline(base::SystemClock(), base::kForever));
    CHECK(logger->lost_lines() == 2);
    CHECK(counts->written == 0);
    CHECK(counts->lost == 1);
  }
  ::close(full);
}

}  // namespace
}  // namespace sampleproc::telemetry
