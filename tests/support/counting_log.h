// A logger whose messages can be counted.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace sampleproc::test {

class CountingLog final : public base::Logger {
 public:
  bool Enabled(base::LogLevel level) const override { return level >= base::LogLevel::kInfo; }
  void Write(base::LogLevel, std::string_view message, base::LogFields) override {
    const std::lock_guard lock(mutex_);
    messages_.emplace_back(message);
  }
  int Count(std::string_view message) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::ranges::count(messages_, message));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

}  // namespace sampleproc::test
