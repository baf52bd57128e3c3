#include "files/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sampleproc::files {
namespace {

constexpr std::chrono::milliseconds kBetweenUpdates{100};

// To the line's start, and wipe to its end.
constexpr const char* kNewLine = "\r\x1b[K";

// "16:05" or "2:16:05".
std::string FormatDuration(double seconds) {
  const auto whole = std::llround(seconds);
  char text[40];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace

std::string FormatProgress(const ProgressState& state) {
  std::string text = std::to_string(state.done);
  text += " done";
  if (state.failed > 0) text += ", " + std::to_string(state.failed) + " failed";

  const double seconds = std::chrono::duration<double>(state.elapsed).count();
  if (seconds <= 0 || state.done == 0) return text;
  const double rate = static_cast<double>(state.done) / seconds;
  char number[40];
  std::snprintf(number, sizeof number, ", %.1f/s", rate);
  text += number;
  if (!state.inputs_to_do || *state.inputs_to_do < state.inputs) return text;
  text +=
      ", " + std::to_string(state.inputs) + "/" + std::to_string(*state.inputs_to_do) + " inputs";
  const double through = static_cast<double>(state.inputs) + state.share;
  if (state.share > 0) {
    std::snprintf(number, sizeof number, ", %.0f%%",
                  100 * through / static_cast<double>(*state.inputs_to_do));
    text += number;
  }
  if (through <= 0) return text;
  const double left = static_cast<double>(*state.inputs_to_do) - through;
  text += ", " + FormatDuration(std::max(left, 0.0) * seconds / through) + " left";
  return text;
}

bool Progress::IsWanted(int error_descriptor, int output_descriptor) {
  return isatty(error_descriptor) == 1 && isatty(output_descriptor) == 0;
}

Progress::Progress(int descriptor, bool shown, std::optional<std::size_t> inputs_to_do,
                   const base::Clock& clock)
    : descriptor_(descriptor), shown_(shown), clock_(clock), start_(clock.Now()) {
  state_.inputs_to_do = inputs_to_do;
}

Progress::~Progress() {
  if (last_shown_) Show("");
}

void Progress::Add(bool ok, std::size_t inputs, double share) {
  ++state_.done;
  state_.inputs = inputs;
  state_.share = share;
  if (!ok) ++state_.failed;
  if (!shown_) return;
  const base::MonoTime now = clock_.Now();
  if (last_shown_ && now - *last_shown_ < kBetweenUpdates) return;
  last_shown_ = now;
  state_.elapsed = now - start_;
  Show(FormatProgress(state_));
}

void Progress::Say(const std::string& line) {
  const std::string text = (last_shown_ ? kNewLine : "") + line + "\n";
  [[maybe_unused]] const ssize_t written = write(descriptor_, text.data(), text.size());
  last_shown_.reset();
}

void Progress::Show(const std::string& text) {
  const std::string line = kNewLine + text;
  // A terminal that is gone is no reason to stop the work.
  [[maybe_unused]] const ssize_t written = write(descriptor_, line.data(), line.size());
}

}  // namespace sampleproc::files
