// A video file that is written, picture by picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "frame/image.h"
#include "video/module_abi.h"

namespace sampleproc::video {

// The containers that have a time for each picture and are written. AVI has none.
enum class WrittenContainer { kMp4, kMatroska };

// By the name's ending, mp4 or mkv in either case; nothing with any other.
std::optional<WrittenContainer> WrittenContainerOf(std::string_view path);

// H.264, or MPEG-4 where FFmpeg has no encoder for that, in 4:2:0: an odd side has its last row or
// column twice. The same pictures give the same bytes on one machine. Used by one thread at a time.
class VideoWriter {
 public:
  struct Request {
    WrittenContainer container = WrittenContainer::kMp4;
    std::string comment;  // in the container, for those who ask who wrote it
    int width = 0;        // of the pictures
    int height = 0;
    int ticks_per_frame = 0;  // about; of kTicksPerSecond
    frame::PixelAspect aspect = {};
  };

  // Writes to the start of the file `fd`, which is the caller's, can be written at any offset and
  // is called `name` in messages. `module` as Options::module. Fails with kUnavailable (the module
  // or FFmpeg is not installed, or has no encoder), kIo or kInternal.
  static base::Result<std::unique_ptr<VideoWriter>> Begin(int fd, std::string name,
                                                          const Request& request,
                                                          const std::filesystem::path& module = {});
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;
  ~VideoWriter();

  // A picture (kBgr24) that is shown from `ticks` on, of kTicksPerSecond; each later than the one
  // before. One of another size is scaled to the video's. Fails with kIo (the message names the
  // file) or kInternal; then the file is of no use.
  base::Result<void> Add(const frame::Image& bgr, std::int64_t ticks);

  // Ends the file, which is whole then. Fails as Add does. Nothing may follow.
  base::Result<void> Finish();

 private:
  VideoWriter(int fd, std::string name, std::shared_ptr<const Module> module)
      : fd_(fd), name_(std::move(name)), module_(std::move(module)), sink_{this, &WriteAt} {}

  static bool WriteAt(void* self, std::uint64_t offset, const std::uint8_t* data,
                      std::size_t size) noexcept;
  base::Error ErrorOf(ModuleStatus status, const char* what) const;

  const int fd_;
  const std::string name_;
  const std::shared_ptr<const Module> module_;
  const ModuleSink sink_;
  ModuleVideo* video_ = nullptr;
  int write_error_ = 0;  // errno
};

}  // namespace sampleproc::video
