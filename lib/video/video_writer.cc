#include "video/video_writer.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/ascii.h"
#include "base/descriptor.h"
#include "video/module_loader.h"

namespace sampleproc::video {
std::optional<WrittenContainer> WrittenContainerOf(std::string_view path) {
  constexpr std::size_t kEnding = 4;
  if (path.size() <= kEnding) return std::nullopt;
  const std::string ending = base::Lowercase(path.substr(path.size() - kEnding));
  if (ending == ".mp4") return WrittenContainer::kMp4;
  if (ending == ".mkv") return WrittenContainer::kMatroska;
  return std::nullopt;
}

bool VideoWriter::WriteAt(void* self, std::uint64_t offset, const std::uint8_t* data,
                          std::size_t size) noexcept {
  VideoWriter& writer = *static_cast<VideoWriter*>(self);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (base::WriteAt(writer.fd_, offset, bytes)) return true;
  writer.write_error_ = errno;
  return false;
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
                                  request.comment.c_str(),
                                  request.width,
                                  request.height,
                                  request.ticks_per_frame,
                                  request.aspect.width,
                                  request.aspect.height};
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
