#include "video/video_writer.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "video/module_loader.h"

namespace sampleproc::video {
namespace {

bool EndsWith(std::string_view path, std::string_view ending) {
  if (path.size() <= ending.size()) return false;
  const std::string_view end = path.substr(path.size() - ending.size());
  for (std::size_t i = 0; i < ending.size(); ++i) {
    const char c =
        end[i] >= 'A' && end[i] <= 'Z' ? static_cast<char>(end[i] + ('a' - 'A')) : end[i];
    if (c != ending[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<WrittenContainer> WrittenContainerOf(std::string_view path) {
  if (EndsWith(path, ".mp4")) return WrittenContainer::kMp4;
  if (EndsWith(path, ".mkv")) return WrittenContainer::kMatroska;
  return std::nullopt;
}

bool VideoWriter::WriteAt(void* self, std::uint64_t offset, const std::uint8_t* data,
                          std::size_t size) noexcept {
  VideoWriter& writer = *static_cast<VideoWriter*>(self);
  auto place = static_cast<off_t>(offset);
  while (size > 0) {
    const ssize_t written = ::pwrite(writer.fd_, data, size, place);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      writer.write_error_ = written == 0 ? EIO : errno;
      return false;
    }
    data += written;
    size -= static_cast<std::size_t>(written);
    place += written;
  }
  return true;
}

base::Error VideoWriter::ErrorOf(ModuleStatus status, const char* what) const {
  const std::string failed = "cannot write the video " + name_ + ": ";
  if (status == ModuleStatus::kStopped) {
    const std::error_code why(write_error_, std::generic_category());
    return base::Fail(base::ErrorCode::kIo, failed + why.message()).error();
  }
  const auto code = status == ModuleStatus::kUnsupported ? base::ErrorCode::kUnavailable
                                                         : base::ErrorCode::kInternal;
  return base::Fail(code, failed + what).error();
}

base::Result<std::unique_ptr<VideoWriter>> VideoWriter::Begin(int fd, std::string name,
                                                              const Request& request,
                                                              const std::filesystem::path& module) {
  auto loaded = LoadModule(module);
  if (!loaded) return std::unexpected(loaded.error());
  std::unique_ptr<VideoWriter> writer(new VideoWriter(fd, std::move(name), std::move(*loaded)));
  const ModuleVideoRequest wanted{request.container == WrittenContainer::kMp4 ? "mp4" : "matroska",
                                  request.comment.c_str(), request.width, request.height,
                                  request.ticks_per_frame};
  const char* what = "";
  const ModuleStatus status =
      writer->module_->create(&writer->sink_, &wanted, &writer->video_, &what);
  if (status != ModuleStatus::kOk) return std::unexpected(writer->ErrorOf(status, what));
  return writer;
}

VideoWriter::~VideoWriter() {
  if (video_ != nullptr) module_->drop(video_);
}

base::Result<void> VideoWriter::Add(const frame::Image& bgr, std::int64_t ticks) {
  const ModulePixels pixels{bgr.data, bgr.stride, bgr.width, bgr.height};
  const char* what = "";
  const ModuleStatus status = module_->add(video_, &pixels, ticks, &what);
  if (status == ModuleStatus::kOk) return {};
  return std::unexpected(ErrorOf(status, what));
}

base::Result<void> VideoWriter::Finish() {
  const char* what = "";
  const ModuleStatus status = module_->finish(video_, &what);
  if (status == ModuleStatus::kOk) return {};
  return std::unexpected(ErrorOf(status, what));
}

}  // namespace sampleproc::video
