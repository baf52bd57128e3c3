#include "video/container.h"

#include <algorithm>
#include <array>

namespace sampleproc::video {
namespace {

constexpr std::string_view kEndings = "avi m2ts m4v mjpeg mjpg mkv mov mp4 mpeg mpg mts ts webm";

constexpr std::size_t kStampedPacket = 192;  // with a 4-byte time stamp before each packet

bool HasSyncFrom(base::ByteView start, std::size_t first, std::size_t distance) {
  constexpr std::size_t kPackets = 4;
  if (first + (kPackets - 1) * distance >= start.size()) return false;
  for (std::size_t i = 0; i < kPackets; ++i) {
    if (start[first + i * distance] != 0x47) return false;
  }
  return true;
}

bool IsBoxType(std::string_view type) {
  // "ftyp" since ISO 14496-12; the others begin older QuickTime files.
  constexpr std::array<std::string_view, 6> kTypes = {"ftyp", "moov", "mdat",
                                                      "wide", "free", "skip"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

}  // namespace

Container Sniff(base::ByteView start) {
  const std::string_view text = base::AsText(start);
  if (text.size() >= 12 && text.starts_with("RIFF") && text.substr(8, 4) == "AVI ") {
    return Container::kAvi;
  }
  if (text.size() >= 8 && IsBoxType(text.substr(4, 4))) return Container::kMp4;
  if (text.starts_with("\x1A\x45\xDF\xA3")) return Container::kMatroska;
  if (text.starts_with(std::string_view("\0\0\1\xBA", 4))) return Container::kMpegPs;
  if (text.starts_with(std::string_view("\0\0\1\xB3", 4))) return Container::kMpegVideo;
  if (text.starts_with("\xFF\xD8\xFF")) return Container::kJpegFrames;
  return FindTransportSync(start) ? Container::kMpegTs : Container::kUnknown;
}

std::optional<TransportSync> FindTransportSync(base::ByteView start) {
  for (const std::size_t distance : {kTransportPacket, kStampedPacket}) {
    for (std::size_t first = 0; first < distance; ++first) {
      if (HasSyncFrom(start, first, distance)) return TransportSync{first, distance};
    }
  }
  return std::nullopt;
}

bool IsVideoName(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view ending = name.substr(dot + 1);
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  };
  for (std::string_view rest = kEndings; !rest.empty();) {
    const std::string_view known = rest.substr(0, rest.find(' '));
    if (std::equal(ending.begin(), ending.end(), known.begin(), known.end(), same)) return true;
    rest.remove_prefix(std::min(rest.size(), known.size() + 1));
  }
  return false;
}

std::string_view VideoEndings() { return kEndings; }

}  // namespace sampleproc::video
