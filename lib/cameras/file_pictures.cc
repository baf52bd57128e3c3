// Files as a camera that gives their pictures now: videos at the times of their frames, pictures
// one after the other.
#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cameras/picture_source.h"
#include "cameras/video_shot.h"
#include "video/container.h"
#include "video/source_file.h"
#include "video/video_reader.h"

namespace sampleproc::cameras {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;
using frame::PixelFormat;

class VideoPictures final : public PictureSource {
 public:
  VideoPictures(SourceRequest request, const SourceContext& context)
      : request_(std::move(request)), context_(context) {}

  Result<void> Open(const base::Allowance& allowance) {
    const video::Options limits{.max_frame_bytes = context_.codec.max_frame_bytes,
                                .deadline = context_.codec.deadline,
                                .budget_patience = context_.budget_patience,
                                .jpeg_packets = true,
                                .module = context_.video_module};
    auto reader = video::VideoReader::Open(request_.url, limits, allowance, context_.budget);
    if (!reader) return std::unexpected(std::move(reader.error()));
    reader_ = std::move(*reader);
    begun_ = base::SystemClock().Now();
    first_pts_.reset();
    frames_ = 0;
    return {};
  }

  Result<std::optional<Shot>> Next(const std::function<bool()>& is_wanted,
                                   const base::Allowance& allowance) override {
    auto frame = reader_->Next(PixelFormat::kGray8, allowance);
    if (!frame) return std::unexpected(std::move(frame.error()));
    if (!*frame) {
      // One without a frame would begin again and again without an end.
      if (!request_.loop || frames_ == 0) return std::nullopt;
      if (auto opened = Open(allowance); !opened) return std::unexpected(opened.error());
      return Next(is_wanted, allowance);
    }
    if (auto slept = SleepUntil(TimeOf(**frame), allowance); !slept) {
      return std::unexpected(slept.error());
    }
    ++frames_;
    if (!is_wanted()) {
      Shot none;
      none.passed_over = true;
      return none;
    }
    return MakeShot(
        {(*frame)->encoded, (*frame)->image, (*frame)->codec, (*frame)->orientation},
        [&] { return reader_->Again(PixelFormat::kBgr24, allowance); }, context_, allowance);
  }

  bool CanGoOn() const override { return reader_->CanGoOn(); }

 private:
  // When the frame would come from a camera. Without times, or with ones that leap, 25 a second.
  base::MonoTime TimeOf(const video::VideoFrame& frame) {
    constexpr double kLongestGap = 10;
    const double now = static_cast<double>(frames_) / 25;
    double at = now;
    if (frame.pts) {
      if (!first_pts_) first_pts_ = *frame.pts;
      at = *frame.pts - *first_pts_;
      if (at < last_ - kLongestGap || at > last_ + kLongestGap) at = last_;
    }
    last_ = frames_ == 0 ? 0 : at;
    return begun_ + std::chrono::duration_cast<base::MonoTime::duration>(
                        std::chrono::duration<double>(last_));
  }

  const SourceRequest request_;
  const SourceContext context_;
  std::unique_ptr<video::VideoReader> reader_;
  base::MonoTime begun_{};
  std::optional<double> first_pts_;
  double last_ = 0;           // seconds since begun_, of the frame before
  std::uint64_t frames_ = 0;  // since begun_
};

class PictureFiles final : public PictureSource {
 public:
  PictureFiles(std::vector<std::string> paths, SourceRequest request, const SourceContext& context)
      : paths_(std::move(paths)),
        request_(std::move(request)),
        context_(context),
        pause_(std::chrono::duration<double>(request_.fps > 0 ? 1 / request_.fps : 1)),
        due_(base::SystemClock().Now()) {}

  Result<std::optional<Shot>> Next(const std::function<bool()>& is_wanted,
                                   const base::Allowance& allowance) override {
    if (next_ == paths_.size()) {
      if (!request_.loop) return std::nullopt;
      next_ = 0;
    }
    if (auto slept = SleepUntil(due_, allowance); !slept) return std::unexpected(slept.error());
    due_ = std::max(due_, base::SystemClock().Now() - pause_ticks()) + pause_ticks();
    const std::string& path = paths_[next_++];
    if (is_wanted()) return Read(path, allowance);
    Shot none;
    none.passed_over = true;
    return none;
  }

  bool CanGoOn() const override { return true; }

 private:
  base::MonoTime::duration pause_ticks() const {
    return std::chrono::duration_cast<base::MonoTime::duration>(pause_);
  }

  Result<std::optional<Shot>> Read(const std::string& path, const base::Allowance& allowance) {
    auto file = video::SourceFile::Open(path);
    if (!file) return std::unexpected(std::move(file.error()));
    if (file->size() > context_.codec.max_frame_bytes) {
      return base::Fail(ErrorCode::kTooLarge, path + " is longer than codec.max_frame_bytes");
    }
    const auto size = static_cast<std::size_t>(file->size());
    auto memory =
        context_.budget.Reserve(size, "a camera's picture", context_.budget_patience, allowance);
    if (!memory) return std::unexpected(std::move(memory.error()));
    Shot shot;
    shot.memory = std::move(*memory);
    shot.encoded.resize(size);
    const auto got = file->ReadAt(0, shot.encoded);
    if (!got) return std::unexpected(got.error());
    shot.encoded.resize(*got);
    shot.place = path;
    return shot;
  }

  const std::vector<std::string> paths_;
  const SourceRequest request_;
  const SourceContext context_;
  const std::chrono::duration<double> pause_;
  base::MonoTime due_;
  std::size_t next_ = 0;
};

// The files right in the folder that are not hidden, by name.
Result<std::vector<std::string>> PicturesIn(const std::string& folder) {
  constexpr std::size_t kMostFiles = 1'000'000;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with('.')) continue;
    if (!entry->is_regular_file(ignored)) continue;
    paths.push_back(entry->path().string());
    if (paths.size() > kMostFiles) {
      return base::Fail(ErrorCode::kTooLarge, folder + " has more than a million files");
    }
  }
  if (error) return base::Fail(ErrorCode::kIo, folder + " cannot be read: " + error.message());
  if (paths.empty()) return base::Fail(ErrorCode::kNotFound, folder + " has no pictures in it");
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

Result<std::unique_ptr<PictureSource>> OpenFiles(const SourceRequest& request,
                                                 const SourceContext& context,
                                                 const base::Allowance& allowance) {
  std::error_code ignored;
  if (fs::is_directory(request.url, ignored)) {
    auto paths = PicturesIn(request.url);
    if (!paths) return std::unexpected(std::move(paths.error()));
    return std::make_unique<PictureFiles>(std::move(*paths), request, context);
  }
  if (!video::IsVideoName(request.url)) {
    // Opened once here, so that one that is missing is told as a source that is away.
    if (const auto file = video::SourceFile::Open(request.url); !file) {
      return std::unexpected(file.error());
    }
    return std::make_unique<PictureFiles>(std::vector{request.url}, request, context);
  }
  auto video = std::make_unique<VideoPictures>(request, context);
  if (auto opened = video->Open(allowance); !opened) return std::unexpected(opened.error());
  return video;
}

}  // namespace sampleproc::cameras
