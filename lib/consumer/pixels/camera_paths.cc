#include "consumer/pixels/camera_paths.h"

#include <algorithm>
#include <cmath>

namespace sampleproc::consumer {
namespace {

constexpr std::size_t kRememberedPaths = 1024;
constexpr std::chrono::minutes kUnused{1};
// Before that nothing can be said of a frame.
constexpr int kFewestFailures = 10;
constexpr int kFewestRounds = 3;

std::string SuffixOf(const std::string& camera) {
  return std::string(CameraPaths::kSuffix) + camera + ")";
}

}  // namespace

std::string CameraPaths::NameOf(const Path& path) {
  return path.second ? path.first + SuffixOf(*path.second) : path.first;
}

CameraPaths::Path CameraPaths::PathOf(const std::string& host, const Camera& camera) {
  if (camera) {
    const std::string suffix = SuffixOf(*camera);
    if (host.ends_with(suffix)) return {host.substr(0, host.size() - suffix.size()), camera};
  }
  return {host, camera};
}

CameraPaths::State& CameraPaths::Use(const Path& path, base::MonoTime now) {
  if (paths_.size() >= kRememberedPaths && !paths_.contains(path)) {
    std::erase_if(paths_,
                  [now](const auto& each) { return now - each.second.last_used > kUnused; });
    if (paths_.size() >= kRememberedPaths) paths_.clear();
  }
  State& state = paths_[path];
  state.last_used = now;
  return state;
}

void CameraPaths::Succeeded(const Path& path, base::MonoTime now) {
  State& state = Use(path, now);
  ++state.score.successes;
  state.in_a_row = 0;
  if (now - state.last_failure >= kSteady) state.apart = false;
}

void CameraPaths::Failed(const Path& path, std::uint64_t handed_out, base::MonoTime now,
                         Trials& frame) {
  State& state = Use(path, now);
  if (frame.failures++ == 0) {
    frame = {.failures = 1, .rounds = 0, .before = state.score, .since = now};
  } else if (state.score.successes > frame.successes) {
    ++frame.rounds;
  }
  frame.successes = state.score.successes;
  ++state.score.failures;
  state.last_failure = now;
  if (state.in_a_row++ == 0) state.handed_out_before = handed_out;
  if (!path.second || state.in_a_row < kTries) return;
  if (handed_out >= state.handed_out_before + kTries) state.apart = true;
}

bool CameraPaths::IsApart(const Path& path) const {
  const auto found = paths_.find(path);
  return found != paths_.end() && found->second.apart;
}

// The chance that a sound frame fails is taken from the other frames: successes and failures, with
// one of each added (Laplace's rule of succession). All of them may have come before the way to the
// camera went down, so they must have been handed out several times in between.
bool CameraPaths::IsFramesFault(const Path& path, const Trials& frame, base::MonoTime now) const {
  const auto found = paths_.find(path);
  if (found == paths_.end() || frame.failures < kFewestFailures || frame.rounds < kFewestRounds) {
    return false;
  }
  if (!path.second && now - frame.since < kNoCamera) return false;
  const PixelHosts::Score& score = found->second.score;
  if (score.successes <= frame.before.successes) return false;
  const auto successes = static_cast<double>(score.successes - frame.before.successes);
  const auto failed = static_cast<double>(score.failures) -
                      static_cast<double>(frame.before.failures) - frame.failures;
  const double others = std::max(0.0, failed);
  const double chance = (others + 1) / (others + successes + 2);
  return std::pow(chance, frame.failures) < 1e-6;
}

}  // namespace sampleproc::consumer
