#include "video/container.h"

#include <algorithm>
#include <array>

namespace sampleproc::video {
namespace {

constexpr std::string_view kEndings =
    "264 265 avi h264 h265 hevc m2ts m4v mjpeg mjpg mkv mov mp4 mpeg mpg mts ts webm";

constexpr std::size_t kStampedPacket = 192;  // with a 4-byte time stamp before each packet

bool HasSyncFrom(base::ByteView start, std::size_t first, std::size_t distance) {
  constexpr std::size_t kPackets = 4;
  if (first + (kPackets - 1) * distance >= start.size()) return false;
  for (std::size_t i = 0; i < kPackets; ++i) {
    if (start[first + i * distance] != kTransportSync) return false;
  }
  return true;
}

bool IsBoxType(std::string_view type) {
  // "ftyp" since ISO 14496-12; the others begin older QuickTime files.
  constexpr std::array<std::string_view, 6> kTypes = {"ftyp", "moov", "mdat",
                                                      "wide", "free", "skip"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

constexpr std::size_t kStartCode = 3;  // bytes: 00 00 01

// Where the start code is that has nothing but zeros before it; the size when there is none.
std::size_t StartCode(base::ByteView start) {
  const auto one = std::find_if(start.begin(), start.end(), [](std::uint8_t b) { return b != 0; });
  const auto zeros = static_cast<std::size_t>(one - start.begin());
  return one != start.end() && *one == 1 && zeros >= 2 ? zeros - 2 : start.size();
}

// What begins a bare stream: a start code, 00 00 01, before which any number of zeros may be
// (leading_zero_8bits of H.264 and H.265, annex B), and a NAL unit's head. H.264 (one byte,
// importance in bits 5 and 6, kind in the lower five): 6 SEI, 7 parameters, 9 delimiter. H.265 (two
// bytes, kind in bits 1 to 6 of the first, the second is 1): 32 to 34 parameters, 35 delimiter, 39
// SEI.
Container SniffNalUnits(base::ByteView start) {
  const std::size_t code = StartCode(start);
  if (code + kStartCode + 2 > start.size()) return Container::kUnknown;
  const unsigned first = start[code + kStartCode];
  const unsigned second = start[code + kStartCode + 1];
  if ((first & 0x80) != 0) return Container::kUnknown;
  const unsigned hevc = first >> 1;
  if ((first & 1) == 0 && second == 1 && ((hevc >= 32 && hevc <= 35) || hevc == 39)) {
    return Container::kHevc;
  }
  const unsigned kind = first & 0x1F;
  const bool is_important = (first & 0x60) != 0;
  if ((kind == 7 && is_important) || ((kind == 6 || kind == 9) && !is_important)) {
    return Container::kH264;
  }
  return Container::kUnknown;
}

// Whether the name's ending is one of the words of `endings`, in either case.
bool HasEnding(std::string_view path, std::string_view endings) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view ending = name.substr(dot + 1);
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  };
  for (std::string_view rest = endings; !rest.empty();) {
    const std::string_view known = rest.substr(0, rest.find(' '));
    if (std::equal(ending.begin(), ending.end(), known.begin(), known.end(), same)) return true;
    rest.remove_prefix(std::min(rest.size(), known.size() + 1));
  }
  return false;
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
  const std::string_view unpadded = text.substr(std::min(StartCode(start), text.size()));
  if (unpadded.starts_with(std::string_view("\0\0\1\xB3", 4))) return Container::kMpegVideo;
  if (text.starts_with("\xFF\xD8\xFF")) return Container::kJpegFrames;
  if (const Container bare = SniffNalUnits(start); bare != Container::kUnknown) return bare;
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

bool IsVideoName(std::string_view path) { return HasEnding(path, kEndings); }

Container SniffBareStream(std::string_view path, base::ByteView start) {
  if (HasEnding(path, "mjpeg mjpg")) {
    const bool has_picture = base::AsText(start).find("\xFF\xD8\xFF") != std::string_view::npos;
    return has_picture ? Container::kJpegFrames : Container::kUnknown;
  }
  const bool is_h264 = HasEnding(path, "264 h264");
  if (!is_h264 && !HasEnding(path, "265 h265 hevc")) return Container::kUnknown;
  constexpr std::string_view kCode("\0\0\1", kStartCode);
  const std::string_view text = base::AsText(start);
  for (std::size_t at = text.find(kCode); at != std::string_view::npos && at + 5 <= text.size();
       at = text.find(kCode, at + 1)) {
    const unsigned first = start[at + kStartCode];
    const unsigned kind = first & 0x1F;
    if (is_h264 && (first & 0x80) == 0 && kind >= 1 && kind <= 9) return Container::kH264;
    // The second byte's lower bits are the temporal layer and 1: most units are in the first.
    if (!is_h264 && (first & 0x81) == 0 && first >> 1 <= 39 && start[at + kStartCode + 1] == 1) {
      return Container::kHevc;
    }
  }
  return Container::kUnknown;
}

std::string_view VideoEndings() { return kEndings; }

}  // namespace sampleproc::video
