#include "files/annotated_picture.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"

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

std::error_code LastError() { return {errno, std::generic_category()}; }

// A file without a name in `folder`; none where the file system has no such files.
base::Descriptor OpenNameless(const fs::path& folder) {
  return base::Descriptor(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
}

// Gives a file of OpenNameless the name `path`.
std::error_code Name(int file, const fs::path& path, const fs::path& unfinished) {
  const std::string nameless = "/proc/self/fd/" + std::to_string(file);
  const auto link = [&nameless](const fs::path& name) {
    return ::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link(path)) return {};
  if (errno != EEXIST) return LastError();
  // No link takes the place of an old picture: it needs a name of its own until it has.
  if (!link(unfinished)) return LastError();
  std::error_code error;
  fs::rename(unfinished, path, error);
  return error;
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
  fs::path unfinished = path;
  unfinished += "." + std::to_string(::getpid()) + ".part";  // nobody's file
  const std::size_t at = PlaceOfComment(jpeg);
  std::string marked;
  marked.reserve(jpeg.size() + kComment.size());
  marked += base::AsText(jpeg.first(at));
  marked += kComment;
  marked += base::AsText(jpeg.subspan(at));
  // Without a name nothing is left of a run that is killed.
  base::Descriptor file = OpenNameless(unfinished.parent_path());
  const bool is_nameless = file.get() >= 0 && ::access("/proc/self/fd", X_OK) == 0;
  if (!is_nameless) {
    file = base::Descriptor(
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  }
  if (file.get() < 0 || !base::WriteAt(file.get(), 0, marked)) error = LastError();
  if (!error && is_nameless) {
    error = Name(file.get(), path, unfinished);
  } else if (!error && ::close(file.release()) != 0) {  // NFS tells only now of a full disk
    error = LastError();
  } else if (!error) {
    fs::rename(unfinished, path, error);
  }
  if (!error) return {};
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  return failed(error);
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
