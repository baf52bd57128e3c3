#include "files/file_kind.h"

#include <sys/stat.h>

#include <optional>
#include <string_view>

#include "codec/decoder.h"
#include "codec/foreign_format.h"
#include "video/container.h"

namespace sampleproc::files {
namespace {

std::string_view KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "something else";
}

}  // namespace

bool IsImageOrVideo(base::ByteView start) {
  return codec::Sniff(start) != codec::Format::kUnknown || !codec::HeifName(start).empty() ||
         video::Sniff(start) != video::Container::kUnknown || codec::IsForeignMedia(start);
}

base::Error NotRegular(const std::string& path, mode_t mode) {
  return base::Error{base::ErrorCode::kUnsupportedFormat,
                     path + " is " + std::string(KindOf(mode)) + ", not a regular file",
                     {},
                     std::nullopt};
}

}  // namespace sampleproc::files
