// How the frames of each camera fare at a host: several cameras may be behind one gateway.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "consumer/pixels/pixel_hosts.h"

namespace sampleproc::consumer {

// The way to one camera may be down while its host hands out the frames of others. That is told
// apart from a host that is away and from a frame that is broken:
//
//   - a camera whose fetches fail kTries times in a row, while the host hands out as many frames of
//     others, is asked for as if it had a host of its own (NameOf), with pauses and a condition of
//     its own; until nothing of it has failed for kSteady
//   - a frame is at fault when others of its own camera are handed out again and again while it
//     fails, each time. What other cameras have says nothing of it
//
// A decision by given times, used by one thread at a time. Memory is bounded: what has not been
// used for longest is forgotten, which costs time.
class CameraPaths {
 public:
  using Camera = std::optional<std::string>;
  using Path = std::pair<std::string, Camera>;  // the host's own name, and whose frames

  static constexpr int kTries = 3;
  static constexpr std::chrono::seconds kSteady{5};
  // Frames that name no camera may come from several.
  static constexpr std::chrono::minutes kNoCamera{5};

  // What one frame has seen at its place, each of its fetches having failed.
  struct Trials {
    int failures = 0;
    int rounds = 0;               // failures between which other frames of the path were handed out
    PixelHosts::Score before;     // of the path, before the first failure
    std::uint64_t successes = 0;  // of the path, at the last one
    base::MonoTime since{};       // of the first one
  };

  // What follows the host's own name in that of a camera that is apart.
  static constexpr std::string_view kSuffix = " (camera ";
  // What a host is called for a camera that is apart, and its own name.
  static std::string NameOf(const Path& path);
  static Path PathOf(const std::string& host, const Camera& camera);

  void Succeeded(const Path& path, base::MonoTime now);
  // `handed_out`: how many frames the host has handed out in all.
  void Failed(const Path& path, std::uint64_t handed_out, base::MonoTime now, Trials& frame);
  bool IsApart(const Path& path) const;
  // Were it as good as the others of its camera, that would happen to one in a million by luck.
  bool IsFramesFault(const Path& path, const Trials& frame, base::MonoTime now) const;

 private:
  struct State {
    PixelHosts::Score score;
    int in_a_row = 0;                     // failures
    std::uint64_t handed_out_before = 0;  // by the host, before those
    base::MonoTime last_failure{};
    base::MonoTime last_used{};
    bool apart = false;
  };

  State& Use(const Path& path, base::MonoTime now);

  std::map<Path, State> paths_;
};

}  // namespace sampleproc::consumer
