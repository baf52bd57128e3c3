#include "telemetry/log_setup.h"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "telemetry/log_line.h"

namespace sampleproc::telemetry {
namespace {

// Writes to a descriptor that may be a pipe nobody reads or a full disk. A line waits a moment for
// room, once; while there is none further lines are dropped at once and counted, and the count is
// written when there is room again.
class DescriptorSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int fd) : fd_(fd) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line(message.payload.data(), message.payload.size());
    line += '\n';
    if (lost_ > 0) line = "lost_log_lines=" + std::to_string(lost_) + "\n" + line;
    if (WriteAll(line)) {
      lost_ = 0;
    } else {
      ++lost_;
    }
  }
  void flush_() override {}

 private:
  // At most this much is written once a pipe reports room: POSIX takes as much in one piece.
  static constexpr std::size_t kPiece = 4096;
  static constexpr int kPatienceMs = 100;

  bool WriteAll(std::string_view text) {
    while (!text.empty()) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, lost_ > 0 ? 0 : kPatienceMs) <= 0) return false;
      const ssize_t written = ::write(fd_, text.data(), std::min(text.size(), kPiece));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  const int fd_;
  std::size_t lost_ = 0;  // guarded by the base's mutex
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

// Whether standard error is the journal's stream: systemd names its device and inode.
bool IsJournal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info{};
  if (stream == nullptr || ::fstat(fd, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

struct Style {
  bool json = true;
  bool timestamps = true;
};

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

  void Write(base::LogLevel level, std::string_view message,
             std::initializer_list<base::LogField> fields) override {
    try {
      const std::string timestamp =
          style_.timestamps ? base::FormatTimestamp(base::SystemClock().Wall()) : std::string();
      const LineParts parts{timestamp, level, message, logger_.name()};
      const std::string line = style_.json ? JsonLine(parts, fields) : LogfmtLine(parts, fields);
      logger_.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
    } catch (...) {
      // Out of memory for a line of the log: the frame matters more than the line.
      return;
    }
  }

 private:
  spdlog::logger logger_;
  Style style_;
};

}  // namespace

std::shared_ptr<base::Logger> MakeLogger(const Options& options, std::string_view service_name) {
  Style style;
  style.json = options.log_format == LogFormat::kJson ||
               (options.log_format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 0);
  style.timestamps = !IsJournal(STDERR_FILENO);
  return std::make_shared<SpdlogLogger>(std::make_shared<DescriptorSink>(STDERR_FILENO),
                                        options.log_level, style, service_name);
}

std::shared_ptr<base::Logger> MakeStringLogger(const Options& options,
                                               std::string_view service_name, std::string* out) {
  const Style style{options.log_format == LogFormat::kJson, true};
  return std::make_shared<SpdlogLogger>(std::make_shared<StringSink>(out), options.log_level, style,
                                        service_name);
}

}  // namespace sampleproc::telemetry
