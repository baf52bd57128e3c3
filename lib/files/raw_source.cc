#include <utility>

#include "files/frame_source.h"
#include "files/input_file.h"

namespace sampleproc::files {
namespace {

std::string Describe(const frame::RawDescription& raw) {
  return std::to_string(raw.width) + "x" + std::to_string(raw.height) + " " +
         std::string(frame::RawFormatName(raw.format));
}

class RawSource final : public FrameSource {
 public:
  // `frames` of a file; of a pipe nobody knows how many there are.
  RawSource(InputFile file, std::size_t frame_bytes, std::optional<std::uint64_t> frames,
            const SourceOptions& options)
      : file_(std::move(file)), frame_bytes_(frame_bytes), frames_(frames), options_(options) {}

  bool Next(bool, Task& task) override {
    if (ended_ || next_index_ == frames_) return false;
    task.source.index = next_index_++;
    auto bytes = Read(task);
    if (bytes && bytes->empty()) return false;
    if (bytes) {
      task.payload = RawPixels{std::move(*bytes), *options_.raw};
      std::get<RawPixels>(task.payload).description.certain = true;
      return true;
    }
    task.error = std::move(bytes.error());
    ended_ = true;
    return true;
  }
  bool HasMany() const override { return frames_ != 1; }
  bool IsCamera() const override { return HasMany(); }

 private:
  // One frame; nothing at the end of a pipe.
  base::Result<base::ByteBuffer> Read(Task& task) {
    auto reservation = options_.budget.Reserve(frame_bytes_, "a frame of raw pixels",
                                               options_.budget_patience, {});
    if (!reservation) return std::unexpected(reservation.error());
    task.reservation = std::move(*reservation);
    base::ByteBuffer bytes(frame_bytes_);
    const auto got = file_.Fill(bytes);
    if (!got) return std::unexpected(got.error());
    if (*got == frame_bytes_) return bytes;
    if (frames_) {
      return base::Fail(base::ErrorCode::kIo, file_.name() + " changed its size while it was read");
    }
    if (*got == 0 && next_index_ > 1) return base::ByteBuffer();
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      file_.name() + " ends within frame " + std::to_string(next_index_ - 1) +
                          ", which has " + std::to_string(*got) + " of the " +
                          std::to_string(frame_bytes_) + " bytes of " + Describe(*options_.raw));
  }

  InputFile file_;
  const std::size_t frame_bytes_;
  const std::optional<std::uint64_t> frames_;
  const SourceOptions& options_;
  std::uint64_t next_index_ = 0;
  bool ended_ = false;
};

}  // namespace

base::Result<std::unique_ptr<FrameSource>> OpenRaw(const std::string& path,
                                                   const SourceOptions& options) {
  const std::uint64_t frame_bytes = frame::RawBytes(*options.raw).value_or(0);
  if (frame_bytes == 0 || frame_bytes > options.codec.max_frame_bytes) {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      "a frame of " + Describe(*options.raw) + " pixels has " +
                          std::to_string(frame_bytes) + " bytes; the limit is " +
                          std::to_string(options.codec.max_frame_bytes) +
                          " (codec.max_frame_bytes)");
  }
  auto file = InputFile::Open(path, options.stop);
  if (!file) return std::unexpected(std::move(file.error()));
  std::optional<std::uint64_t> frames;
  if (file->has_size()) {
    frames = file->size() / frame_bytes;
    if (*frames == 0 || file->size() % frame_bytes != 0) {
      return base::Fail(base::ErrorCode::kInvalidFrame,
                        path + " has " + std::to_string(file->size()) + " bytes; frames of " +
                            Describe(*options.raw) + " have " + std::to_string(frame_bytes) +
                            " each, and a file has a whole number of them");
    }
  }
  return std::make_unique<RawSource>(std::move(*file), static_cast<std::size_t>(frame_bytes),
                                     frames, options);
}

}  // namespace sampleproc::files
