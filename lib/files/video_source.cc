#include <utility>

#include "codec/orientation.h"
#include "files/frame_source.h"
#include "video/video_reader.h"

namespace sampleproc::files {
namespace {

using frame::PixelFormat;

class VideoSource final : public FrameSource {
 public:
  VideoSource(std::unique_ptr<video::VideoReader> reader, const SourceOptions& options)
      : reader_(std::move(reader)), options_(options) {}

  bool Next(bool passed_over, Task& task) override {
    if (ended_) return false;
    task.source.index = next_index_++;
    auto next = reader_->Next(PixelFormat::kGray8, {});
    if (next && !*next) return false;
    task.share = reader_->Share();
    if (next) {
      task.source.pts = (*next)->pts;
      task.aspect = (*next)->aspect;
      if (codec::SwapsSides((*next)->orientation)) {
        std::swap(task.aspect.width, task.aspect.height);
      }
      if (passed_over) return true;
      const auto copied = Copy(**next, task);
      if (copied) return true;
      task.error = copied.error();
    } else {
      task.error = std::move(next.error());
    }
    ended_ = !reader_->CanGoOn();
    return true;
  }
  bool HasMany() const override { return true; }
  bool IsCamera() const override { return true; }
  std::uint64_t LeftOut() const override { return reader_->left_out(); }

 private:
  base::Result<void> Copy(const video::VideoFrame& frame, Task& task) {
    const frame::Image& luma = frame.image;
    const std::size_t pixels =
        static_cast<std::size_t>(luma.width) * static_cast<std::size_t>(luma.height);
    const std::size_t bytes =
        frame.encoded.empty() ? pixels * (options_.colour ? 4 : 1) : frame.encoded.size();
    auto reservation =
        options_.budget.Reserve(bytes, "a video's frame", options_.budget_patience, {});
    if (!reservation) return std::unexpected(reservation.error());
    task.reservation = std::move(*reservation);
    if (!frame.encoded.empty()) {
      VideoPacket packet{frame.codec, {}};
      packet.bytes.assign(frame.encoded.begin(), frame.encoded.end());
      task.payload = std::move(packet);
      return {};
    }
    VideoPixels copy;
    copy.codec = frame.codec;
    copy.orientation = frame.orientation;
    copy.luma = codec::OrientedCopy(luma, frame.orientation, copy.luma_bytes);
    if (options_.colour) {
      const auto bgr = reader_->Again(PixelFormat::kBgr24, {});
      if (!bgr) return std::unexpected(bgr.error());
      copy.bgr = codec::OrientedCopy(*bgr, frame.orientation, copy.bgr_bytes);
    }
    task.payload = std::move(copy);
    return {};
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
                              .budget_patience = options.budget_patience,
                              .jpeg_packets = true};
  auto reader = video::VideoReader::Open(path, limits, {}, options.budget);
  if (!reader) return std::unexpected(std::move(reader.error()));
  return std::make_unique<VideoSource>(std::move(*reader), options);
}

}  // namespace sampleproc::files
