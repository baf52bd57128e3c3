#include <cstring>
#include <utility>

#include "files/frame_source.h"
#include "video/video_reader.h"

namespace sampleproc::files {
namespace {

using frame::PixelFormat;

// `image` with its rows packed, in `bytes`.
frame::Image CopyOf(const frame::Image& image, base::ByteBuffer& bytes) {
  frame::Image copy = image;
  copy.stride = static_cast<std::size_t>(image.width) *
                static_cast<std::size_t>(frame::Channels(image.format));
  bytes.resize(copy.stride * static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    std::memcpy(bytes.data() + static_cast<std::size_t>(y) * copy.stride, image.Row(y),
                copy.stride);
  }
  copy.data = bytes.data();
  return copy;
}

class VideoSource final : public FrameSource {
 public:
  VideoSource(std::unique_ptr<video::VideoReader> reader, const SourceOptions& options)
      : reader_(std::move(reader)), options_(options) {}

  bool Next(bool passed_over, Task& task) override {
    if (ended_) return false;
    task.source.index = next_index_++;
    auto next = reader_->Next(PixelFormat::kGray8, {});
    if (next && !*next) return false;
    if (next) {
      task.source.pts = (*next)->pts;
      if (passed_over) return true;
      auto pixels = Copy(**next, task);
      if (pixels) {
        task.payload = std::move(*pixels);
        return true;
      }
      next = std::unexpected(std::move(pixels.error()));
    }
    task.error = std::move(next.error());
    ended_ = true;
    return true;
  }
  bool HasMany() const override { return true; }
  bool IsCamera() const override { return true; }

 private:
  base::Result<VideoPixels> Copy(const video::VideoFrame& frame, Task& task) {
    const frame::Image& luma = frame.image;
    const std::size_t pixels =
        static_cast<std::size_t>(luma.width) * static_cast<std::size_t>(luma.height);
    auto reservation = options_.budget.Reserve(pixels * (options_.colour ? 4 : 1),
                                               "a video's frame", options_.budget_patience, {});
    if (!reservation) return std::unexpected(reservation.error());
    task.reservation = std::move(*reservation);
    VideoPixels copy;
    copy.codec = frame.codec;
    copy.luma = CopyOf(luma, copy.luma_bytes);
    if (!options_.colour) return copy;
    const auto bgr = reader_->Again(PixelFormat::kBgr24, {});
    if (!bgr) return std::unexpected(bgr.error());
    copy.bgr = CopyOf(*bgr, copy.bgr_bytes);
    return copy;
  }

  const std::unique_ptr<video::VideoReader> reader_;
  const SourceOptions& options_;
  std::uint64_t next_index_ = 0;
  bool ended_ = false;
};

}  // namespace

base::Result<std::unique_ptr<FrameSource>> OpenVideo(const std::string& path,
                                                     const SourceOptions& options) {
  const video::Options limits{.max_frame_bytes = options.codec.max_frame_bytes,
                              .deadline = options.codec.deadline,
                              .budget_patience = options.budget_patience};
  auto reader = video::VideoReader::Open(path, limits, {}, options.budget);
  if (!reader) return std::unexpected(std::move(reader.error()));
  return std::make_unique<VideoSource>(std::move(*reader), options);
}

}  // namespace sampleproc::files
