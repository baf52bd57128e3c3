// A line on the terminal that says how far the work is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sampleproc::files {

// How many frames there will be nobody knows before a video has ended, so the time left is told by
// the inputs, and by how much of the present one is read.
struct ProgressState {
  std::size_t done = 0;                     // frames, failed ones included
  std::size_t failed = 0;                   // of these
  std::size_t inputs = 0;                   // that this run is through with
  std::optional<std::size_t> inputs_to_do;  // by this run, when that is known
  std::chrono::nanoseconds elapsed{};
  double share = 0;  // of the input that is being read, 0..1; known of videos
};

// "120 done, 3 failed, 24.0/s, 118/500 inputs, 0:16 left", for a video
// "0/1 inputs, 37%, 0:16 left"; parts that cannot be said are left out.
std::string FormatProgress(const ProgressState& state);

// Rewrites its line on `descriptor` at most ten times a second and wipes it when it is destroyed.
// Used by one thread at a time; the clock must outlive it.
class Progress {
 public:
  // Whether a line should be shown: standard error is a terminal, and standard output is not, or
  // the two would write over each other.
  static bool IsWanted(int error_descriptor, int output_descriptor);

  Progress(int descriptor, bool shown, std::optional<std::size_t> inputs_to_do,
           const base::Clock& clock);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // One more frame, the number of inputs of this run before its own, and the share of its own.
  void Add(bool ok, std::size_t inputs, double share = 0);

  // A line that stays, above that of the progress.
  void Say(const std::string& line);

  const ProgressState& state() const { return state_; }
  std::chrono::nanoseconds Elapsed() const { return clock_.Now() - start_; }

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
