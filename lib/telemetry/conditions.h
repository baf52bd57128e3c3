// What is wrong at the moment with what the service depends on: told once when it begins, once when
// it ends, and to everybody who asks in between.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"

namespace sampleproc::telemetry {

// Every name that a condition may have: a word that alerts and runbooks can rely on.
namespace condition {
inline constexpr std::string_view kSourceUnreachable = "source_unreachable";
inline constexpr std::string_view kSourceUnhealthy = "source_unhealthy";
inline constexpr std::string_view kSourceSilent = "source_silent";
inline constexpr std::string_view kPixelHost = "pixel_host";  // host:port
inline constexpr std::string_view kNoPixels = "no_pixels";
inline constexpr std::string_view kSettlementRefused = "settlement_refused";  // the key
inline constexpr std::string_view kSettlementUnanswered = "settlement_unanswered";
inline constexpr std::string_view kEntryStuck = "entry_stuck";  // the entry's id
inline constexpr std::string_view kSink = "sink";               // the sink's name
inline constexpr std::string_view kSpool = "spool";
inline constexpr std::string_view kOrchestrator = "orchestrator";
inline constexpr std::string_view kOldFrames = "old_frames";
inline constexpr std::string_view kFramesDropped = "frames_dropped";  // the camera's id
inline constexpr std::string_view kCameraPlaces = "camera_places";
inline constexpr std::string_view kDetector = "detector";       // the detector's name
inline constexpr std::string_view kCamera = "camera";           // the camera's id
inline constexpr std::string_view kCameraRate = "camera_rate";  // the camera's id
inline constexpr std::string_view kHistory = "history";
inline constexpr std::string_view kSnapshots = "snapshots";
inline constexpr std::string_view kClips = "clips";
inline constexpr std::string_view kMqtt = "mqtt";
inline constexpr std::string_view kLog = "log";

// Whether it is about what frames are pulled from, or where their results go.
bool IsOfConsumer(std::string_view name);
}  // namespace condition

struct Condition {
  std::string_view name;  // one of namespace condition
  std::string subject;    // what it is about; "" when the name says it all
  std::string reason;     // one sentence: what happens, and what ends it
  std::chrono::nanoseconds lasted{0};
};

// A condition that begins and ends begins at once and ends at once. One that begins again within
// kSoon after its end flaps: it ends only when it has not been raised for kSoon after a Clear, so
// that the log has no line for each time. Thread-safe. Names and subjects with credentials in them
// are never to come here.
class Conditions {
 public:
  static constexpr std::chrono::seconds kSoon{10};

  // Subjects are partly chosen by strangers (hosts of URLs): of each name so many are told, and of
  // the rest how many they are, up to kMostCounted in all.
  static constexpr std::size_t kMostSubjects = 32;
  static constexpr std::size_t kMostCounted = 1024;

  // Both must outlive the board.
  Conditions(const base::Clock& clock, base::Logger& log) : clock_(clock), log_(log) {}

  // It is so. Logs a warning when it was not so before; afterwards only the reason is renewed.
  // `name` must be one of namespace condition. Without memory it throws, and nothing is told.
  void Raise(std::string_view name, std::string_view subject, std::string_view reason);

  // It is no longer so. Logs one line when it was, unless it flaps; else does nothing. Takes no
  // memory: what has ended must not be told for ever.
  void Clear(std::string_view name, std::string_view subject = {}) noexcept;

  // What it is about is gone: it ends at once, be it that it flaps. Takes no memory.
  void Forget(std::string_view name, std::string_view subject = {}) noexcept;

  // Ends those that have flapped and no longer do. Every second or so.
  void Sweep() noexcept;

  // Those that last or flap, by name and subject. What is only counted has the subject "(3 more)".
  std::vector<Condition> List() const;

  // How many of each name last or flap; names without any are 0.
  std::vector<std::pair<std::string_view, std::size_t>> Counts() const;

 private:
  enum class State {
    kLasts,
    kFlaps,  // it is not so now; since Entry::cleared
    kEnded,  // known for a while, in case that it begins again; likewise
  };
  struct Entry {
    std::string reason;
    base::MonoTime since;
    bool told = false;
    State state = State::kLasts;
    bool again = false;  // it began within kSoon after an end
    base::MonoTime cleared{};

    bool HasEnded() const { return state == State::kEnded; }
  };
  using Key = std::pair<std::string_view, std::string>;
  using KeyView = std::pair<std::string_view, std::string_view>;
  // Keys are looked up without being made.
  struct Before {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return KeyView(a.first, a.second) < KeyView(b.first, b.second);
    }
  };

  bool Begin(std::string_view name, std::string_view subject, std::string_view reason);
  Entry* Find(std::string_view name, std::string_view subject) REQUIRES(mutex_);
  void TellEnd(std::string_view name, std::string_view subject, const Entry& entry,
               base::MonoTime end) noexcept;
  std::size_t CountOf(std::string_view name) const REQUIRES(mutex_);
  std::size_t ToldOf(std::string_view name) const REQUIRES(mutex_);

  const base::Clock& clock_;
  base::Logger& log_;
  mutable base::Mutex mutex_;
  std::map<Key, Entry, Before> entries_ GUARDED_BY(mutex_);  // kMostCounted of a name at most
};

}  // namespace sampleproc::telemetry
