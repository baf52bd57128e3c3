// A logger that keeps nothing.
#pragma once

#include "base/log.h"

namespace sampleproc::test {

class NullLogger final : public base::Logger {
 public:
  bool Enabled(base::LogLevel) const override { return false; }
  void Write(base::LogLevel, std::string_view, base::LogFields) override {}
};

}  // namespace sampleproc::test
