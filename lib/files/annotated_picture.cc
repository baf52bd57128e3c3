#include "files/annotated_picture.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"
#include "files/new_file.h"

namespace sampleproc::files {
namespace {

namespace fs = std::filesystem;

// A segment: its marker, its length with the two bytes of that, and the text.
constexpr std::string_view kComment(
    "\xFF\xFE\x00\x19"
    "annotated by sampleproc",
    27);

// Where the comment stands: behind the start and the JFIF segment, which has to be the first.
std::size_t PlaceOfComment(base::ByteView jpeg) {
  constexpr std::size_t kStart = 2;
  if (jpeg.size() < 6 || jpeg[2] != 0xFF || jpeg[3] != 0xE0) return kStart;
  const std::size_t length = (std::size_t{jpeg[4]} << 8) | jpeg[5];
  return jpeg.size() < kStart + 2 + length ? kStart : kStart + 2 + length;
}

}  // namespace

base::Result<void> WriteAnnotatedPicture(const fs::path& path, base::ByteView jpeg) {
  const auto failed = [&path](const std::error_code& why) {
    return base::Fail(base::ErrorCode::kIo,
                      "cannot write the annotated picture " + path.string() + ": " + why.message());
  };
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return failed(error);
  const std::size_t at = PlaceOfComment(jpeg);
  std::string marked;
  marked.reserve(jpeg.size() + kComment.size());
  marked += base::AsText(jpeg.first(at));
  marked += kComment;
  marked += base::AsText(jpeg.subspan(at));
  auto file = NewFile::Make(path.string());
  if (!file) return failed(file.error());
  if (!base::WriteAt(file->fd(), 0, marked)) return failed({errno, std::generic_category()});
  if (error = file->Put(); error) return failed(error);
  return {};
}

bool IsAnnotatedPicture(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;  // to open a pipe is to wait
  std::array<char, 128> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  const std::string_view read(start.data(), static_cast<std::size_t>(file.gcount()));
  const std::size_t at = PlaceOfComment(base::AsBytes(read));
  return read.size() > at && read.substr(at).starts_with(kComment);
}

}  // namespace sampleproc::files
