#include <sys/stat.h>

#include <array>
#include <utility>

#include "codec/decoder.h"
#include "codec/foreign_format.h"
#include "files/file_kind.h"
#include "files/frame_source.h"
#include "files/input_file.h"
#include "files/url_input.h"
#include "video/container.h"

namespace sampleproc::files {
namespace {

// One frame: a picture, or what keeps the input from being read.
class SingleSource final : public FrameSource {
 public:
  explicit SingleSource(std::optional<base::Error> error) : error_(std::move(error)) {}

  bool Next(bool, Task& task) override {
    if (std::exchange(given_, true)) return false;
    task.payload = PictureFile{};
    task.error = std::move(error_);
    return true;
  }
  bool HasMany() const override { return false; }

 private:
  std::optional<base::Error> error_;
  bool given_ = false;
};

enum class Kind { kPicture, kPictures, kVideo, kRaw, kRequests };

// What comes through a pipe can be read once, so nobody looks into it before its reader.
bool IsPipe(const std::string& path) {
  struct stat status{};
  return path == "-" || (::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode));
}

// JPEG pictures in a row begin as one picture does: for those the name decides. HEIC and AVIF lie
// in the container of a video; they are pictures that are refused by their name, whatever their
// file's.
base::Result<Kind> KindOf(const Input& input, const SourceOptions& options) {
  if (IsPipe(input.path)) {
    if (input.recorded_requests) return Kind::kRequests;
    return options.raw ? Kind::kRaw : Kind::kPictures;
  }
  auto file = InputFile::Open(input.path);
  if (!file) return std::unexpected(file.error());
  std::array<std::uint8_t, video::kSniffBytes> start{};
  const auto got = file->Fill(start);
  if (!got) return std::unexpected(got.error());
  const base::ByteView bytes = base::ByteView(start).first(*got);
  if (input.recorded_requests) {
    if (!IsImageOrVideo(bytes)) return Kind::kRequests;
    return base::Fail(base::ErrorCode::kUnsupportedFormat,
                      ShownName(input.path) +
                          " is an image or a video, and not recorded requests, which are one JSON "
                          "body of POST /process a line; name it without --requests");
  }
  if (!codec::HeifName(bytes).empty()) return Kind::kPicture;
  if (video::IsVideoName(input.path) && !options.raw) return Kind::kVideo;
  if (codec::Sniff(bytes) != codec::Format::kUnknown) {
    return video::IsVideoName(input.path) ? Kind::kVideo : Kind::kPicture;
  }
  const video::Container container = video::Sniff(bytes);
  if (container != video::Container::kUnknown) return Kind::kVideo;
  return options.raw ? Kind::kRaw : Kind::kPicture;
}

base::Result<std::unique_ptr<FrameSource>> Open(const Input& input, const SourceOptions& options) {
  const auto kind = KindOf(input, options);
  if (!kind) return std::unexpected(kind.error());
  switch (*kind) {
    case Kind::kVideo:
      return OpenVideo(input.path, options);
    case Kind::kPictures:
      return OpenPictures(input.path, options);
    case Kind::kRaw:
      return OpenRaw(input.path, options);
    case Kind::kRequests:
      return OpenRequests(input.path, options);
    case Kind::kPicture:
      break;
  }
  return std::make_unique<SingleSource>(std::nullopt);
}

}  // namespace

std::unique_ptr<FrameSource> OpenSource(const Input& input, const SourceOptions& options) {
  if (input.error) return std::make_unique<SingleSource>(input.error);
  auto opened = Open(input, options);
  if (opened) return std::move(*opened);
  return std::make_unique<SingleSource>(std::move(opened.error()));
}

}  // namespace sampleproc::files
