// Which detection of a camera's frame is the thing that was seen in the frames before.
//
// Each track foretells its box (box_filter.h); detections go to the track whose box they overlap,
// all together as well as can be (assignment.h), the sure ones first and then, for tracks that
// would go without, the weak ones: the two rounds of ByteTrack (Y. Zhang et al., ECCV 2022,
// arXiv:2110.06864). Only a sure detection begins a track.
//
// The same frames give the same tracks: no clock is read and nothing depends on addresses.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frame/detection.h"
#include "frame/frame_time.h"
#include "track/box.h"
#include "track/box_filter.h"
#include "track/options.h"

namespace sampleproc::track {

using FrameClock = std::chrono::microseconds;  // since any beginning, the same for all of a camera

// What a detector found.
struct Observation {
  // kStill: as sure as kSure, but nothing moved there lately.
  enum class Kind { kSure, kStill, kWeak };

  std::string_view class_name;
  double confidence = 0;
  frame::Bbox bbox;
  Kind kind = Kind::kSure;
};

struct Track {
  std::uint64_t serial = 0;  // from 1, never given twice
  std::uint64_t id = 0;      // from 1; 0 until it has been found often enough
  std::string class_name;
  double confidence = 0;        // the best
  Box box;                      // smoothed; foretold while it is not seen
  frame::Bbox found;            // the last detection
  double found_confidence = 0;  // likewise
  FrameClock begun{};
  FrameClock last_seen{};
  bool is_seen = false;        // in the last frame
  bool is_stationary = false;  // has not left its place for Options::stationary_after
  bool has_moved = false;      // away from where it was found first

  // It was there before anybody looked: found in the camera's first second, or while nothing moved.
  bool was_there = false;
};

// Used by one thread at a time. Memory: 128 tracks.
class Tracker {
 public:
  static constexpr std::size_t kMaxTracks = 128;
  static constexpr std::size_t kMaxObservations = 256;  // of a frame; the surest are taken

  explicit Tracker(const Options& options) : options_(options) {}

  // The next frame: for each observation the id of its track, 0 when it has none (yet). The time of
  // a frame that comes late counts as that of the frame before it. Where time begins anew
  // (frame::TimeOrder), or jumps forward by over a minute (by more than a stationary track is
  // given, or than three times the camera's last step, if that is longer), all tracks end.
  std::vector<std::uint64_t> Update(FrameClock at, std::span<const Observation> seen);

  // The next frame when nobody looked at it. What is stationary stays as it is, for nothing moved;
  // all else grows older.
  void Pass(FrameClock at);

  // The time of the last frame, as its tracks count it.
  FrameClock now() const { return last_; }

  // In the order in which they began.
  std::vector<Track> tracks() const;

  // Those with an id that ended in the last frame.
  const std::vector<Track>& ended() const { return ended_; }

 private:
  struct Known {
    Track track;
    BoxFilter filter;
    Box place;  // that it has to leave to be no longer stationary
    FrameClock in_place_since{};
    Box first;  // found
    int hits = 1;
    int misses = 0;          // frames in a row in which it was not found
    bool is_hidden = false;  // by another track's box
  };
  enum class Round { kSure, kWeak, kNew, kNear };

  void Begin(FrameClock at);
  bool IsJump(FrameClock at);
  void EndAll();
  void Match(Round round, std::span<const Observation> seen, std::vector<std::size_t>& owners);
  double Gain(Round round, const Known& known, const Observation& observation) const;
  void Take(FrameClock at, std::span<const Observation> seen,
            const std::vector<std::size_t>& owners);
  double Doubt(const Known& known, const Box& found) const;
  void Start(FrameClock at, const Observation& observation);
  void Watch(FrameClock at, Known& known) const;
  void DropLost(FrameClock at);

  const Options options_;
  std::vector<Known> known_;  // by serial
  std::vector<Track> ended_;
  frame::TimeOrder order_;
  std::optional<FrameClock> first_;
  FrameClock last_{};
  std::array<FrameClock, 2> steps_{};  // from frame to frame: the last one, the one before; 0: none
  FrameClock usual_step_{};            // the shorter of them, as the current frame found them
  std::uint64_t next_serial_ = 1;
  std::uint64_t next_id_ = 1;
};

}  // namespace sampleproc::track
