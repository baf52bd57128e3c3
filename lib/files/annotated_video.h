// The annotated frames of one video as another video.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "files/frame_picture.h"
#include "files/record.h"
#include "resources/memory_budget.h"
#include "video/video_writer.h"

namespace sampleproc::files {

// Whether `path` is meant as a video's: its name has a video's ending and no directory is there.
bool IsMeantAsVideo(const std::string& path);

// Whether the file `path` was written as one of these, and so may be written over; false also when
// it cannot be read.
bool IsAnnotatedVideo(const std::string& path);

// Takes the records of one video in their order and writes their drawn frames with the times that
// the frames had, from the first one on: 25 in a second where the container has no times, and where
// times leap, back or by more than an hour, as those of joined recordings do. A frame that failed
// has no picture; the one before it is shown for longer. The first frame's size is the video's,
// others are scaled to it. Used by one thread at a time.
class AnnotatedVideo {
 public:
  // `fd` is a new file's, which messages call `name`; the references must outlive this. `name` has
  // one of the endings that video::WrittenContainerOf knows.
  AnnotatedVideo(int fd, std::string name, const codec::Options& codec,
                 resources::MemoryBudget& budget, std::chrono::milliseconds budget_patience);

  // Fails with kUsage when the frame is not a video's, and as video::VideoWriter and codec::Decode
  // fail; then the file is of no use.
  base::Result<void> Add(const Record& record);

  // Ends the file. Fails likewise.
  base::Result<void> Finish();

  // Whether no frame had a picture: there is no video then.
  bool empty() const { return !last_ticks_; }

 private:
  struct Waiting {
    std::shared_ptr<const DrawnFrame> drawn;
    std::int64_t ticks;
  };

  std::int64_t TicksOf(const frame::SourceRef& source);
  base::Result<void> Write(const DrawnFrame& drawn, std::int64_t ticks, int ticks_per_frame);

  const int fd_;
  const std::string name_;
  const codec::Options& codec_;
  resources::MemoryBudget& budget_;
  const std::chrono::milliseconds budget_patience_;
  codec::Scratch scratch_;
  resources::Reservation memory_;  // of the encoder
  std::optional<Waiting> first_;   // until the second one tells the rate of frames
  std::optional<double> begin_;    // time of the first frame, seconds
  std::optional<std::int64_t> last_ticks_;
  std::unique_ptr<video::VideoWriter> writer_;
};

}  // namespace sampleproc::files
