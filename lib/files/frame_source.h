// The frames of one input, in order.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "codec/options.h"
#include "files/input_list.h"
#include "files/stop_descriptor.h"
#include "files/task.h"
#include "frame/raw_description.h"
#include "resources/memory_budget.h"

namespace sampleproc::files {

// What sources are opened with; the references must outlive them.
struct SourceOptions {
  const codec::Options& codec;
  resources::MemoryBudget& budget;
  std::chrono::milliseconds budget_patience{};    // longest wait for room in it
  std::size_t max_request_bytes = 0;              // of one recorded request
  std::optional<frame::RawDescription> raw = {};  // what files of no known format are
  const StopDescriptor* stop = nullptr;           // ends a wait for bytes
  bool colour = false;                            // videos give BGR beside luma
};

// Used by one thread at a time.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  // Fills `source.index`, `source.pts`, and `payload` or `error` of the next frame; false at the
  // end. A frame that is `error` stands for itself, for the damaged part of a video, or for all
  // that is left when the source cannot go on. With `passed_over` nobody will look at the frame:
  // its payload may be left out.
  virtual bool Next(bool passed_over, Task& task) = 0;

  // Whether the source may have more than one frame.
  virtual bool HasMany() const = 0;

  // Whether its frames are those of one camera.
  virtual bool IsCamera() const { return false; }

  // Frames that were passed over behind damage, so far.
  virtual std::uint64_t LeftOut() const { return 0; }
};

// Opens what the name and the first bytes of `input` say it is: recorded requests, a video, raw
// pixels where they are described, else a picture. An input with an error gives that as its only
// frame, and so does one that cannot be opened.
std::unique_ptr<FrameSource> OpenSource(const Input& input, const SourceOptions& options);

// Each of these fails as its kind is refused, with the reason.

// Every frame of a video file, the right way up: luma, and BGR when options.colour; a JPEG as it is
// in the file, so that it is judged like one outside of a video. Each is reserved and copied, so
// the next one may be decoded while it is worked on.
base::Result<std::unique_ptr<FrameSource>> OpenVideo(const std::string& path,
                                                     const SourceOptions& options);

// Of standard input or a FIFO: one picture, or JPEGs and PNGs one behind the other, as ffmpeg's
// image2pipe writes them: each is a frame as soon as its last byte has come, but the first, which
// waits for the beginning of the next. Where one is damaged, that is one error, and the next begins
// with its own first bytes. What lies behind a single picture and is none is left to its decoder.
base::Result<std::unique_ptr<FrameSource>> OpenPictures(const std::string& path,
                                                        const SourceOptions& options);

// Frames of raw pixels, one after the other without anything between, as ffmpeg's rawvideo. A file
// must have a whole number of them; a pipe that ends within a frame gives the whole ones and then
// an error.
base::Result<std::unique_ptr<FrameSource>> OpenRaw(const std::string& path,
                                                   const SourceOptions& options);

// Lines of JSON bodies as POST /process takes them. `index` is the line's number, from 0; lines of
// nothing but white space are passed over. A line that is too long is an error of that line.
base::Result<std::unique_ptr<FrameSource>> OpenRequests(const std::string& path,
                                                        const SourceOptions& options);

}  // namespace sampleproc::files
