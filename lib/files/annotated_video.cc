#include "files/annotated_video.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "video/container.h"

namespace sampleproc::files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "annotated by sampleproc";

constexpr int kUsualTicks = video::kTicksPerSecond / 25;  // where nothing tells the rate of frames
// Of a recording whose pictures are far apart; a time stamp that is damaged leaps further.
constexpr double kLongestGap = 3600.0 * video::kTicksPerSecond;

// Of an encoder that does not look ahead, with the picture that it is given: 3 bytes a pixel for
// that, 1.5 for each of the pictures in its hands, and what x264 keeps beside them.
constexpr std::size_t kEncoderBytesPerPixel = 16;

}  // namespace

bool IsMeantAsVideo(const std::string& path) {
  std::error_code ignored;
  return video::IsVideoName(path) && !fs::is_directory(path, ignored);
}

// Matroska has the comment near its start, MP4 at its end.
bool IsAnnotatedVideo(const std::string& path) {
  constexpr std::size_t kLooked = 4096;
  std::error_code error;
  const std::uintmax_t size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  if (error || size == 0) return false;
  std::ifstream file(path, std::ios::binary);
  for (const std::uintmax_t from :
       {std::uintmax_t{0}, size - std::min<std::uintmax_t>(size, kLooked)}) {
    std::string part(kLooked, '\0');
    file.clear();
    file.seekg(static_cast<std::streamoff>(from));
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    part.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (part.find(kMark) != std::string::npos) return true;
  }
  return false;
}

AnnotatedVideo::AnnotatedVideo(int fd, std::string name, const codec::Options& codec,
                               resources::MemoryBudget& budget,
                               std::chrono::milliseconds budget_patience)
    : fd_(fd),
      name_(std::move(name)),
      codec_(codec),
      budget_(budget),
      budget_patience_(budget_patience) {}

// Times that leap are those of another recording, which is joined to this one, or are damaged.
std::int64_t AnnotatedVideo::TicksOf(const frame::SourceRef& source) {
  if (!last_ticks_) {
    begin_ = source.pts;
    return 0;
  }
  const std::int64_t usual = *last_ticks_ + kUsualTicks;
  if (!source.pts || !begin_) return usual;
  const double ticks = std::round((*source.pts - *begin_) * video::kTicksPerSecond);
  const double gap = ticks - static_cast<double>(*last_ticks_);
  if (!(gap > -kUsualTicks && gap <= kLongestGap)) {
    begin_ = *source.pts - static_cast<double>(usual) / video::kTicksPerSecond;
    return usual;
  }
  return std::max(static_cast<std::int64_t>(ticks), *last_ticks_ + 1);
}

base::Result<void> AnnotatedVideo::Add(const Record& record) {
  if (!record.of_many) {
    return base::Fail(base::ErrorCode::kUsage,
                      record.source.source +
                          " is no video, and only of a video --annotate makes "
                          "one; name a directory for pictures");
  }
  if (record.drawn == nullptr) return {};
  const std::int64_t ticks = TicksOf(record.source);
  const bool is_first = !last_ticks_;
  const auto since = static_cast<int>(ticks - last_ticks_.value_or(0));
  last_ticks_ = ticks;
  if (is_first) {
    first_ = {record.drawn, ticks};
    return {};
  }
  if (first_) {
    const Waiting first = *std::exchange(first_, std::nullopt);
    if (auto written = Write(*first.drawn, first.ticks, since); !written) return written;
  }
  return Write(*record.drawn, ticks, since);
}

base::Result<void> AnnotatedVideo::Write(const DrawnFrame& drawn, std::int64_t ticks,
                                         int ticks_per_frame) {
  const auto decoded = codec::Decode({drawn.jpeg, {}}, frame::PixelFormat::kBgr24, codec_, {},
                                     budget_, scratch_, budget_patience_);
  if (!decoded) return std::unexpected(decoded.error());
  const frame::Image& image = decoded->image;
  if (writer_ == nullptr) {
    auto memory =
        budget_.Reserve(static_cast<std::size_t>(image.width) *
                            static_cast<std::size_t>(image.height) * kEncoderBytesPerPixel,
                        "encoding a video", budget_patience_, {});
    if (!memory) return std::unexpected(memory.error());
    memory_ = std::move(*memory);
    auto writer = video::VideoWriter::Begin(
        fd_, name_,
        {.container = video::WrittenContainerOf(name_).value_or(video::WrittenContainer::kMp4),
         .comment = std::string(kMark),
         .width = image.width,
         .height = image.height,
         .ticks_per_frame = ticks_per_frame,
         .aspect = drawn.aspect});
    if (!writer) return std::unexpected(writer.error());
    writer_ = std::move(*writer);
  }
  return writer_->Add(image, ticks);
}

base::Result<void> AnnotatedVideo::Finish() {
  if (first_) {
    const Waiting first = *std::exchange(first_, std::nullopt);
    if (auto written = Write(*first.drawn, first.ticks, kUsualTicks); !written) return written;
  }
  return writer_ == nullptr ? base::Result<void>() : writer_->Finish();
}

}  // namespace sampleproc::files
