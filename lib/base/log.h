// Logging for everything below telemetry/: a narrow front that is handed in, never a global.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace sampleproc::base {

class Deadline;

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A named value of a log line. Values are escaped by the sink, so they may hold anything; secrets
// do not belong here all the same.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

// The fields of one line: {{"name", value}, ...} as an argument, or a row of them. A view.
class LogFields {
 public:
  LogFields() = default;
  LogFields(std::initializer_list<LogField> fields) : fields_(fields.begin(), fields.size()) {}
  explicit LogFields(std::span<const LogField> fields) : fields_(fields) {}

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::span<const LogField> fields_;
};

// What became of lines, for whoever has to know.
struct LineCounts {
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> lost = 0;
};

// Implementations are thread-safe and never block, throw or fail loudly: a full disk must not stop
// a frame. A line may be written after Write has returned.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool Enabled(LogLevel level) const = 0;
  // The least severe level that is written from now on; for whoever reloads a configuration.
  virtual void SetLevel(LogLevel) {}
  virtual void Write(LogLevel level, std::string_view message, LogFields fields) = 0;
  // As Write of a line that is counted in `counts` once it is written or lost.
  virtual void WriteCounted(LogLevel level, std::string_view message, LogFields fields,
                            const std::shared_ptr<LineCounts>& counts) {
    Write(level, message, fields);
    ++counts->written;
  }
  // Lines that could not be written.
  virtual std::uint64_t lost_lines() const { return 0; }
  // What keeps lines from being written at the moment, as a sentence with what helps; "" when the
  // last one was written, or none has been yet.
  virtual std::string WhyNotWritten() const { return {}; }
  // Waits until the lines so far are written or lost, at most until `end`: before the process ends
  // without its destructors.
  virtual void Flush(const Deadline& /*end*/) {}

  void Debug(std::string_view m, LogFields f = {}) { Maybe(LogLevel::kDebug, m, f); }
  void Info(std::string_view m, LogFields f = {}) { Maybe(LogLevel::kInfo, m, f); }
  void Warning(std::string_view m, LogFields f = {}) { Maybe(LogLevel::kWarning, m, f); }
  void Error(std::string_view m, LogFields f = {}) { Maybe(LogLevel::kError, m, f); }

 private:
  void Maybe(LogLevel level, std::string_view message, LogFields fields) {
    if (Enabled(level)) Write(level, message, fields);
  }
};

// Writes to another logger, each line with fields of its own in front: whose line it is. For the
// length of a scope: the views in the fields must outlive it, and so must the parent. A field that
// is an empty text is left out.
class ChildLogger final : public Logger {
 public:
  ChildLogger(Logger& parent, std::initializer_list<LogField> fields) : parent_(parent) {
    for (const LogField& field : fields) {
      const auto* const text = std::get_if<std::string_view>(&field.value);
      if (size_ < kMaxOwn && (text == nullptr || !text->empty())) all_[size_++] = field;
    }
  }

  bool Enabled(LogLevel level) const override { return parent_.Enabled(level); }
  void Write(LogLevel level, std::string_view message, LogFields fields) override {
    All all = all_;
    parent_.Write(level, message, Join(all, fields));
  }
  void WriteCounted(LogLevel level, std::string_view message, LogFields fields,
                    const std::shared_ptr<LineCounts>& counts) override {
    All all = all_;
    parent_.WriteCounted(level, message, Join(all, fields), counts);
  }
  void Flush(const Deadline& end) override { parent_.Flush(end); }

 private:
  static constexpr std::size_t kMaxOwn = 6;
  static constexpr std::size_t kMaxOthers = 14;
  using All = std::array<LogField, kMaxOwn + kMaxOthers>;

  LogFields Join(All& all, LogFields fields) const {
    std::size_t size = size_;
    for (const LogField& field : fields) {
      if (size < all.size()) all[size++] = field;
    }
    return LogFields(std::span(all).first(size));
  }

  Logger& parent_;
  All all_;
  std::size_t size_ = 0;
};

}  // namespace sampleproc::base
