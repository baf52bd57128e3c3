#include "telemetry/log_setup.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "telemetry/log_fault.h"
#include "telemetry/log_line.h"
#include "telemetry/log_writer.h"

namespace sampleproc::telemetry {
namespace {

class WriterSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit WriterSink(LogWriter& writer) : writer_(writer) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_.Put({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  LogWriter& writer_;
};

class StringSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StringSink(std::string* out) : out_(out) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    out_->append(message.payload.data(), message.payload.size());
    *out_ += '\n';
  }
  void flush_() override {}

 private:
  std::string* out_;
};

spdlog::level::level_enum ToSpdlog(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::kDebug:
      return spdlog::level::debug;
    case base::LogLevel::kInfo:
      return spdlog::level::info;
    case base::LogLevel::kWarning:
      return spdlog::level::warn;
    case base::LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::level::level_enum ParseLevel(std::string_view name) {
  for (const base::LogLevel level : {base::LogLevel::kDebug, base::LogLevel::kInfo,
                                     base::LogLevel::kWarning, base::LogLevel::kError}) {
    if (LevelName(level) == name) return ToSpdlog(level);
  }
  return spdlog::level::info;
}

// Of sd-daemon(3), which are those of syslog(3).
std::string_view JournalPrefix(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::kDebug:
      return "<7>";
    case base::LogLevel::kInfo:
      return "<6>";
    case base::LogLevel::kWarning:
      return "<4>";
    case base::LogLevel::kError:
      return "<3>";
  }
  return "<3>";
}

// Whether standard error is the journal's stream: systemd names its device and inode.
bool IsJournal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info{};
  if (stream == nullptr || ::fstat(fd, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

struct Style {
  bool json = true;
  bool journal = false;  // which has its own timestamps, and takes the level off the line's front
};

std::string Line(const Style& style, std::string_view service, base::LogLevel level,
                 std::string_view message, base::LogFields fields,
                 base::WallTime when = base::SystemClock().Wall()) {
  const std::string timestamp = style.journal ? std::string() : base::FormatTimestamp(when);
  const LineParts parts{timestamp, level, message, service};
  std::string line = style.json ? JsonLine(parts, fields) : LogfmtLine(parts, fields);
  if (style.journal) line.insert(0, JournalPrefix(level));
  return line;
}

class SpdlogLogger : public base::Logger {
 public:
  SpdlogLogger(spdlog::sink_ptr sink, std::string_view level, Style style,
               std::string_view service_name)
      : logger_(std::string(service_name), std::move(sink)), style_(style) {
    logger_.set_level(ParseLevel(level));
    logger_.set_error_handler([](const std::string&) {});
  }

  bool Enabled(base::LogLevel level) const override { return logger_.should_log(ToSpdlog(level)); }

  void SetLevel(base::LogLevel level) override { logger_.set_level(ToSpdlog(level)); }

  void Write(base::LogLevel level, std::string_view message, base::LogFields fields) override {
    try {
      const std::string line = LineOf(level, message, fields);
      logger_.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
    } catch (...) {
      // Out of memory for a line of the log: the frame matters more than the line.
      return;
    }
  }

 protected:
  std::string LineOf(base::LogLevel level, std::string_view message, base::LogFields fields) const {
    return Line(style_, logger_.name(), level, message, fields);
  }

 private:
  spdlog::logger logger_;
  Style style_;
};

// On standard error.
class ServiceLogger final : public SpdlogLogger {
 public:
  ServiceLogger(std::unique_ptr<LogWriter> writer, std::string_view level, Style style,
                std::string_view service_name)
      : SpdlogLogger(std::make_shared<WriterSink>(*writer), level, style, service_name),
        writer_(std::move(writer)) {}

  // spdlog cannot hand the counts through.
  void WriteCounted(base::LogLevel level, std::string_view message, base::LogFields fields,
                    const std::shared_ptr<base::LineCounts>& counts) override {
    try {
      writer_->Put(LineOf(level, message, fields), counts);
    } catch (const std::exception&) {  // no memory
      ++counts->lost;
    }
  }
  std::uint64_t lost_lines() const override { return writer_->lost_lines(); }
  std::string WhyNotWritten() const override {
    const auto error_number = writer_->failure();
    return error_number ? LogFault(STDERR_FILENO, *error_number) : std::string();
  }
  void Flush(const base::Deadline& end) override { writer_->Flush(end); }

 private:
  const std::unique_ptr<LogWriter> writer_;
};

}  // namespace

std::shared_ptr<base::Logger> MakeLogger(const Options& options, std::string_view service_name) {
  Style style;
  style.json = options.log_format == LogFormat::kJson ||
               (options.log_format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 0);
  style.journal = IsJournal(STDERR_FILENO);
  auto writer = std::make_unique<LogWriter>(
      STDERR_FILENO, [style, service = std::string(service_name)](
                         std::uint64_t lost, base::WallTime when, std::optional<int> error_number) {
        return Line(style, service, base::LogLevel::kWarning, "log lines could not be written",
                    {{"lines", static_cast<std::int64_t>(lost)},
                     {"reason", error_number ? std::string_view(std::strerror(*error_number))
                                             : "its reader takes the lines too slowly"}},
                    when);
      });
  return std::make_shared<ServiceLogger>(std::move(writer), options.log_level, style, service_name);
}

std::shared_ptr<base::Logger> MakeStringLogger(const Options& options,
                                               std::string_view service_name, std::string* out) {
  const Style style{options.log_format == LogFormat::kJson};
  return std::make_shared<SpdlogLogger>(std::make_shared<StringSink>(out), options.log_level, style,
                                        service_name);
}

}  // namespace sampleproc::telemetry
