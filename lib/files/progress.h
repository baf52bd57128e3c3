// A line on the terminal that says how far the work is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sampleproc::files {

struct ProgressState {
  std::size_t done = 0;  // failed ones included
  std::size_t failed = 0;
  std::optional<std::size_t> total;
  std::chrono::nanoseconds elapsed{};
};

// "120/500 done, 3 failed, 24.0/s, 0:16 left"; parts that cannot be said are left out.
std::string FormatProgress(const ProgressState& state);

// Rewrites its line on `descriptor` at most ten times a second and wipes it when it is destroyed.
// Used by one thread at a time; the clock must outlive it.
class Progress {
 public:
  // Whether a line should be shown: standard error is a terminal, and standard output is not, or
  // the two would write over each other.
  static bool IsWanted(int error_descriptor, int output_descriptor);

  Progress(int descriptor, bool shown, std::optional<std::size_t> total, const base::Clock& clock);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void Add(bool ok);

 private:
  void Show(const std::string& text);

  const int descriptor_;
  const bool shown_;
  const base::Clock& clock_;
  const base::MonoTime start_;
  std::optional<base::MonoTime> last_shown_;
  ProgressState state_;
};

}  // namespace sampleproc::files
