// One frame that a worker is to work on, on its way from an input to its record.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "files/frame_picture.h"
#include "frame/event.h"
#include "frame/image.h"
#include "frame/raw_description.h"
#include "frame/result_json.h"
#include "process/camera_turns.h"
#include "resources/memory_budget.h"

namespace sampleproc::files {

// How far a run has come when a frame's record is written; what a checkpoint keeps.
struct Place {
  std::uint64_t input = 0;   // inputs before the frame's own
  std::uint64_t digest = 0;  // of all inputs up to its own (FeedOptions::knows_again)
  std::uint64_t frames = 0;  // of its input, itself included

  bool operator==(const Place&) const = default;
};

// A picture in a file of its own, `source.source`; whoever works on it reads it.
struct PictureFile {};

// A picture that came through a pipe.
struct PictureBytes {
  base::ByteBuffer bytes;
};

// Pixels without a header.
struct RawPixels {
  base::ByteBuffer bytes;
  frame::RawDescription description;
};

// A recorded request: one JSON body, with room to be parsed in place.
struct RecordedRequest {
  base::ByteBuffer body;
};

// A decoded frame of a video. The images point into the buffers.
struct VideoPixels {
  std::string_view codec;  // "h264", ...
  int orientation = 1;     // of the container, EXIF's number; it has been applied
  frame::Image luma;
  std::optional<frame::Image> bgr;  // when it was asked for
  base::ByteBuffer luma_bytes;
  base::ByteBuffer bgr_bytes;
};

// A picture of a video as it is in the file, a JPEG.
struct VideoPacket {
  std::string_view codec;  // "mjpeg"
  base::ByteBuffer bytes;
};

// `source.pts` as the frames' clock counts it. Files may say whatever they like: what is out of a
// few thousand years counts as their end.
inline std::optional<std::chrono::microseconds> TimeOf(const frame::SourceRef& source) {
  constexpr double kMost = 1e11;
  if (!source.pts) return std::nullopt;
  const std::chrono::duration<double> time(std::clamp(*source.pts, -kMost, kMost));
  return std::chrono::floor<std::chrono::microseconds>(time);
}

struct Task {
  Place place;
  frame::SourceRef source;
  std::string frame_id;  // "<source>#<index>" unless the frame has one of its own
  std::optional<std::string> camera_id;
  std::optional<std::size_t> argument;  // of the command line, when the input came from one
  bool of_many = false;                 // the input may have more frames than this one
  double share = 0;                     // of the input that has been read, 0..1
  frame::PixelAspect aspect;            // of a video's frame, the right way up
  bool look = true;                     // else it is decoded only: too soon for its camera's fps
  bool silent = false;  // done in an earlier run; worked on for what it leaves behind

  std::optional<base::Error> error;             // why there is nothing to work on
  std::vector<frame::Event> told;               // see Record
  std::optional<base::Error> output_failed;     // likewise
  std::shared_ptr<const FramePicture> picture;  // likewise
  std::shared_ptr<const DrawnFrame> drawn;      // likewise
  std::variant<PictureFile, PictureBytes, RawPixels, RecordedRequest, VideoPixels, VideoPacket>
      payload;
  resources::Reservation reservation;  // of the payload's bytes

  process::CameraTurns::Turn turn;  // the frame's place among its camera's

  int worker = 0;  // 0 .. jobs - 1; one task at a time has a given number

  std::optional<std::chrono::microseconds> Time() const { return TimeOf(source); }
};

}  // namespace sampleproc::files
