// Logging for everything below telemetry/: a narrow front that is handed in, never a global.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace sampleproc::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A named value of a log line. Values are escaped by the sink, so they may hold anything; secrets
// do not belong here all the same.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

// Implementations are thread-safe and never block for long, throw or fail loudly: a full disk must
// not stop a frame.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool Enabled(LogLevel level) const = 0;
  // The least severe level that is written from now on; for whoever reloads a configuration.
  virtual void SetLevel(LogLevel) {}
  virtual void Write(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;
  // Lines that could not be written.
  virtual std::uint64_t lost_lines() const { return 0; }

  void Debug(std::string_view m, std::initializer_list<LogField> f = {}) {
    Maybe(LogLevel::kDebug, m, f);
  }
  void Info(std::string_view m, std::initializer_list<LogField> f = {}) {
    Maybe(LogLevel::kInfo, m, f);
  }
  void Warning(std::string_view m, std::initializer_list<LogField> f = {}) {
    Maybe(LogLevel::kWarning, m, f);
  }
  void Error(std::string_view m, std::initializer_list<LogField> f = {}) {
    Maybe(LogLevel::kError, m, f);
  }

 private:
  void Maybe(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (Enabled(level)) Write(level, message, fields);
  }
};

}  // namespace sampleproc::base
