// A frame on its way in: the encoded bytes and what their sender said of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "frame/camera.h"
#include "frame/frame_result.h"
#include "frame/raw_description.h"

namespace sampleproc::frame {

// Life of the payload: `storage` owns the message as it was received (a JSON body, a file, a
// binary body), unless whoever made the frame keeps it, as a batch does; `encoded` is the part of
// it that is the picture. No byte is copied on the way from
// the socket to the decoder. Movable, not copyable; a move keeps `encoded` valid because the
// storage's heap block moves along.
struct Frame {
  Frame() = default;
  Frame(Frame&&) noexcept = default;
  Frame& operator=(Frame&&) noexcept = default;
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  base::ByteBuffer storage;
  base::ByteView encoded;

  std::string frame_id;  // never empty once a door has accepted the frame
  std::optional<std::string> camera_id;
  std::optional<std::string> timestamp;  // as the sender wrote it
  // When it was taken, where the door knows: by any clock that all of its camera's frames have, as
  // a video's since its beginning. Without, `timestamp` counts.
  std::optional<std::chrono::microseconds> time;
  std::optional<std::string> declared_format;  // metadata.format, content type or extension
  std::optional<RawDescription> raw;           // when the declared format is one of raw pixels

  // What the sender called pixels whose sides it gave, and is no format of raw pixels; or empty.
  std::string unknown_raw;

  // What the sender said that was passed over; part of the frame's result.
  std::vector<Warning> warnings;

  // How it is looked at. Null: whoever works on it finds that out by `camera_id`.
  CameraPtr camera = nullptr;
  // Whether it is looked at at all, when its door has decided that; else by the time at which it is
  // worked on (CameraSettings::fps).
  std::optional<bool> look = {};
  // The door has held its bytes for clips of events already.
  bool in_clips = false;
};

}  // namespace sampleproc::frame
