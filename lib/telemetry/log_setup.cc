#include "telemetry/log_setup.h"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <functional>
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
  // The line that says how many were lost.
  using LossLine = std::function<std::string(std::uint64_t)>;

  DescriptorSink(int fd, LossLine loss_line) : fd_(fd), loss_line_(std::move(loss_line)) {}

  std::uint64_t lost_lines() const { return lost_lines_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string text;
    if (torn_) text += '\n';
    if (lost_ > 0) text += loss_line_(lost_) + '\n';
    text.append(message.payload.data(), message.payload.size());
    text += '\n';
    if (WriteAll(text)) {
      lost_ = 0;
    } else {
      ++lost_;
      ++lost_lines_;
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
      torn_ = !text.empty();
    }
    return true;
  }

  const int fd_;
  const LossLine loss_line_;
  std::uint64_t lost_ = 0;  // guarded by the base's mutex; since the last line that was written
  bool torn_ = false;       // guarded by the base's mutex; the last line is there in part
  std::atomic<std::uint64_t> lost_lines_ = 0;
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

std::string Line(const Style& style, std::string_view service, base::LogLevel level,
                 std::string_view message, base::LogFields fields) {
  const std::string timestamp =
      style.timestamps ? base::FormatTimestamp(base::SystemClock().Wall()) : std::string();
  const LineParts parts{timestamp, level, message, service};
  return style.json ? JsonLine(parts, fields) : LogfmtLine(parts, fields);
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
      const std::string line = Line(style_, logger_.name(), level, message, fields);
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

// On standard error.
class ServiceLogger final : public SpdlogLogger {
 public:
  ServiceLogger(std::shared_ptr<DescriptorSink> sink, std::string_view level, Style style,
                std::string_view service_name)
      : SpdlogLogger(sink, level, style, service_name), sink_(std::move(sink)) {}

  std::uint64_t lost_lines() const override { return sink_->lost_lines(); }

 private:
  const std::shared_ptr<DescriptorSink> sink_;
};

}  // namespace

std::shared_ptr<base::Logger> MakeLogger(const Options& options, std::string_view service_name) {
  Style style;
  style.json = options.log_format == LogFormat::kJson ||
               (options.log_format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 0);
  style.timestamps = !IsJournal(STDERR_FILENO);
  auto sink = std::make_shared<DescriptorSink>(
      STDERR_FILENO, [style, service = std::string(service_name)](std::uint64_t lost) {
        return Line(style, service, base::LogLevel::kWarning, "log lines could not be written",
                    {{"lines", static_cast<std::int64_t>(lost)}});
      });
  return std::make_shared<ServiceLogger>(std::move(sink), options.log_level, style, service_name);
}

std::shared_ptr<base::Logger> MakeStringLogger(const Options& options,
                                               std::string_view service_name, std::string* out) {
  const Style style{options.log_format == LogFormat::kJson, true};
  return std::make_shared<SpdlogLogger>(std::make_shared<StringSink>(out), options.log_level, style,
                                        service_name);
}

}  // namespace sampleproc::telemetry
