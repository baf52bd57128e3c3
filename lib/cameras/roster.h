// What is known of each camera at this moment, by whichever door its frames come.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cameras/directory.h"
#include "frame/camera_places.h"
#include "frame/frame_result.h"

namespace sampleproc::cameras {

// Frames a second over the last kSeconds. One thread at a time.
class FrameRate {
 public:
  static constexpr int kSeconds = 10;

  void Count(base::MonoTime now);
  double At(base::MonoTime now) const;

 private:
  struct Second {
    std::int64_t second = -1;
    std::uint32_t frames = 0;
  };

  std::array<Second, kSeconds> seconds_{};
  std::optional<base::MonoTime> first_;
};

// Thread-safe. Configured cameras are always there; others as long as they have a place
// (frame::CameraPlaces), and at most kRemembered after their last frame. Telling it costs a lock
// that nobody holds for long, and a few additions.
class Roster {
 public:
  static constexpr std::chrono::hours kRemembered{1};

  // Doors.
  static constexpr std::string_view kHttp = "http";          // requests
  static constexpr std::string_view kConsumer = "consumer";  // what is pulled
  static constexpr std::string_view kCamera = "camera";      // the service's own reader

  struct Settings {
    int max_cameras = 64;  // without the configured ones
    std::chrono::milliseconds idle{60'000};
  };

  struct Fault {
    std::string type;    // a stable word
    std::string detail;  // a sentence; cut when it is long
    std::chrono::nanoseconds age{};
  };

  struct Entry {
    std::string id;
    bool configured = false;
    std::string_view door = {};  // the last frame's; "" before the first
    std::uint64_t frames_in = 0;
    std::uint64_t looked_at = 0;
    // What was not looked at, by the reason's stable word, sorted.
    std::vector<std::pair<std::string, std::uint64_t>> dropped = {};
    double fps = 0;                                    // that come, lately
    std::optional<std::chrono::nanoseconds> age = {};  // of the last frame
    int width = 0;                                     // of the last one that was looked at
    int height = 0;
    std::optional<std::size_t> detections = {};  // likewise
    std::optional<Fault> fault = {};             // the last one
  };

  // Both must outlive it.
  Roster(const Settings& settings, const Directory& directory, const base::Clock& clock);

  // A frame of the camera has come by the door, which is one of the above.
  void Came(const std::string& id, std::string_view door);

  // It was done; that it was not looked at, because it came too soon, is in the result.
  void Done(const std::string& id, const frame::FrameResult& result);

  // It was not: for `reason`, a stable word, and with `detail` for a fault that is to be told.
  void Lost(const std::string& id, std::string_view reason, std::string_view detail = {});

  // The directory has other cameras than before.
  void Reconfigured();

  // All that are known, by their ids.
  std::vector<Entry> List() const;
  std::optional<Entry> Find(const std::string& id) const;

  // Frames whose camera found no place.
  std::uint64_t unlisted_frames() const;

 private:
  static constexpr std::size_t kMostReasons = 24;
  static constexpr std::size_t kLongestDetail = 300;

  struct Seen {
    Entry entry;  // without what depends on the time
    FrameRate rate = {};
    base::MonoTime fault_at{};
  };
  using Place = frame::CameraPlaces<Seen>::Place;

  static void CountDropped(Seen& seen, std::string_view reason);
  static Entry Tell(const std::string& id, const Place& place, base::MonoTime now);
  static bool Forgotten(const Place& place, base::MonoTime now);

  const Directory& directory_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  frame::CameraPlaces<Seen> places_ GUARDED_BY(mutex_);
  std::uint64_t unlisted_ GUARDED_BY(mutex_) = 0;
};

}  // namespace sampleproc::cameras
