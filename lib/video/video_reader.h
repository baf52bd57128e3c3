// The frames of one video file, in order.
//
// The file is taken to be hostile: only containers and codecs on a list are touched, only the file
// itself is opened (a playlist or a reference to another file leads nowhere), sizes are checked
// before memory is taken, and the decoder runs in the caller's thread alone.
//
// What is damaged in a video is an error in its place, and the frames go on with the next picture
// that needs no other; no picture is made up for one that is missing. A file that is several
// recordings joined is each of them, one after the other. Frames that came whole before the damage
// are given before its error, also where the decoder held them back for reordering: one between
// them may be missing. What no container or codec has a checksum for cannot be seen: damage that is
// still valid code of another picture. In VP8, VP9, and HEVC without picture hashes that is most of
// the damage inside a picture's data; a missing reference of HEVC is seen, and so is one of H.264
// whose picture had a number, unless the stream allows such gaps. A damaged first key frame is an
// error where the container's index says that it is one (MP4, Matroska); else it looks as if the
// recording began between key frames, whose pictures are left out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "frame/image.h"
#include "resources/memory_budget.h"
#include "video/options.h"

namespace sampleproc::video {

struct VideoFrame {
  std::uint64_t index = 0;  // from 0
  // Presentation time in seconds as the container states it (its first frame need not be at 0), the
  // exact fraction rounded once to double; absent when the container has none.
  std::optional<double> pts;
  std::string_view codec;  // "h264", "mpeg4", "mjpeg", ...; static memory
  frame::Image image;      // the reader's own memory: valid until its next call
  // EXIF's number of the way in which the image is stored: the container's display matrix, as
  // telephones write it. The image is handed out as it is stored.
  int orientation = 1;
  frame::PixelAspect aspect;  // likewise as it is stored
  // With Options::jpeg_packets a JPEG as it is in the file, instead of an image; likewise valid.
  base::ByteView encoded;
};

// Used by one thread at a time; any number of readers may work side by side. The budget must
// outlive the reader. Pixels are the same on every machine and in every run.
//
// Gray is the video's own luma, no colour is computed. Where the stream says limited range, or says
// nothing (ITU-R BT.601: black is 16, white is 235), it is stretched to
// clamp(round((Y - 16) * 255 / 219), 0, 255); samples of more than 8 bits likewise with
// their own black and white. Gray of a codec that stores RGB is BT.601 luma,
// (19595 R + 38470 G + 7471 B + 32768) >> 16.
//
// Colour is converted with the matrix and range that the stream states, BT.601 and limited where it
// is silent. Rows may be padded: use the image's stride.
class VideoReader {
 public:
  // Opens the file, reads its head and finds the video stream (the best one, when there are
  // several). Fails with kNotFound, kIo, kUnsupportedFormat (no regular file, not a container or
  // codec on the list, more than 256 streams, no video in it), kInvalidFrame (broken head, over a
  // limit), kUnavailable (the module or FFmpeg is not installed), kOverloaded, kDeadline or
  // kCancelled.
  static base::Result<std::unique_ptr<VideoReader>> Open(const std::string& path,
                                                         const Options& options,
                                                         const base::Allowance& allowance,
                                                         resources::MemoryBudget& budget);
  ~VideoReader();

  // The next frame, or nothing after the last one. Fails with kInvalidFrame (the message says at
  // which frame: corrupt, cut off, over a limit), kIo (also when the file changed its size while it
  // was read), kOverloaded, kDeadline (the allowance's, or Options::deadline in CPU time) or
  // kCancelled. What is damaged is counted as one frame; while CanGoOn the next call gives what
  // comes after it, else every further call fails in the same way.
  base::Result<std::optional<VideoFrame>> Next(frame::PixelFormat wanted,
                                               const base::Allowance& allowance);

  // The frame that Next gave last, in another format; the image that Next gave is no longer valid,
  // this one is until the reader's next call. Only after a frame. Fails as Next does.
  base::Result<frame::Image> Again(frame::PixelFormat wanted, const base::Allowance& allowance);

  // Whether there may be frames after the failure that Next gave last.
  bool CanGoOn() const;

  // Pictures that were passed over behind damage, or at the beginning, on the way to one that needs
  // no other.
  std::uint64_t left_out() const;

  // How much of the file has been read, 0..1: by the number of its pictures or its duration where
  // the container says one, else by bytes.
  double Share() const;

 private:
  class Session;
  explicit VideoReader(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

}  // namespace sampleproc::video
