#include "codec/jpeg_markers.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::uint8_t kSoi = 0xd8;
constexpr std::uint8_t kEoi = 0xd9;
constexpr std::uint8_t kSos = 0xda;
constexpr std::uint8_t kApp1 = 0xe1;
constexpr std::uint8_t kTem = 0x01;
constexpr std::string_view kExifPrefix("Exif\0\0", 6);

// What may stand behind the data of a scan: further tables, scans and comments, or a frame header,
// which is refused with its own words.
bool MayFollowScan(std::uint8_t code) { return code >= 0xc0 && (code < 0xf0 || code == 0xfe); }

bool IsRestart(std::uint8_t code) { return code >= 0xd0 && code <= 0xd7; }
bool IsFrameHeader(std::uint8_t code) {  // SOF0..SOF15 without DHT, JPG and DAC
  return code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
}

std::string At(std::size_t offset) { return " at byte " + std::to_string(offset); }

class Walker {
 public:
  Walker(base::ByteView bytes, int max_scans) : bytes_(bytes), max_scans_(max_scans) {}

  base::Result<JpegHeader> Walk() {
    while (const std::optional<std::uint8_t> code = NextMarker()) {
      if (*code == kEoi) {
        header_.has_eoi = true;
        break;
      }
      const std::size_t start = at_ - 2;
      const bool has_scan = header_.scans > 0;
      if (has_scan && (*code == kSoi || !MayFollowScan(*code))) {
        at_ = start;
        break;
      }
      if (*code == kSoi || *code == kTem || IsRestart(*code)) continue;
      auto payload = TakeSegment();
      if (!payload && has_scan) {
        at_ = start;
        break;
      }
      if (!payload) return std::unexpected(payload.error());
      base::Result<void> read;
      if (IsFrameHeader(*code)) read = ReadFrameHeader(*code, *payload, start);
      if (*code == kApp1) ReadApp1(*payload);
      if (*code == kSos) read = ReadScanHeader(*payload, start);
      if (!read) return std::unexpected(read.error());
    }
    header_.end = at_;
    return Judge();
  }

 private:
  // Skips to the next marker as a decoder does: bytes that belong to nothing, stuffed zeros after
  // FF, and any number of fill bytes FF before the code. This is also how entropy-coded bytes are
  // passed over.
  std::optional<std::uint8_t> NextMarker() {
    while (at_ < bytes_.size()) {
      const void* found = std::memchr(bytes_.data() + at_, 0xff, bytes_.size() - at_);
      if (found == nullptr) break;
      at_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes_.data());
      while (at_ < bytes_.size() && bytes_[at_] == 0xff) ++at_;
      if (at_ == bytes_.size()) break;
      const std::uint8_t code = bytes_[at_++];
      if (code != 0 && !IsRestart(code)) return code;
    }
    at_ = bytes_.size();
    return std::nullopt;
  }

  base::Result<base::ByteView> TakeSegment() {
    const base::ByteView rest = bytes_.subspan(at_);
    const std::size_t length =
        rest.size() < 2 ? 0 : (static_cast<std::size_t>(rest[0]) << 8) + rest[1];
    if (rest.size() < 2 || length > rest.size()) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG ends inside the segment" + At(at_ - 2));
    }
    if (length < 2) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG segment" + At(at_ - 2) +
                                                " says a length of " + std::to_string(length) +
                                                "; the least is 2");
    }
    at_ += length;
    return rest.subspan(2, length - 2);
  }

  void ReadApp1(base::ByteView payload) {
    if (!header_.exif.empty() || header_.scans > 0) return;
    if (!base::AsText(payload).starts_with(kExifPrefix)) return;
    header_.exif = payload.subspan(kExifPrefix.size());
  }

  base::Result<void> ReadFrameHeader(std::uint8_t code, base::ByteView payload, std::size_t start) {
    if (header_.component_count != 0) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG has a second frame header" + At(start));
    }
    if (payload.size() < 6 || payload.size() != 6 + std::size_t{3} * payload[5]) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG frame header" + At(start) +
                                                " has a length that does not fit its components");
    }
    if (auto kind = CheckCoding(code, payload[0]); !kind) return kind;
    header_.progressive = code == 0xc2 || code == 0xca;
    header_.arithmetic = code == 0xc9 || code == 0xca;
    header_.height = static_cast<std::uint32_t>(payload[1] << 8 | payload[2]);
    header_.width = static_cast<std::uint32_t>(payload[3] << 8 | payload[4]);
    if (auto shape = CheckShape(payload[5]); !shape) return shape;
    header_.component_count = payload[5];
    for (std::size_t i = 0; i < payload[5]; ++i) {
      const base::ByteView entry = payload.subspan(6 + 3 * i, 3);
      JpegComponent& component = header_.components[i];
      component.id = entry[0];
      component.h = entry[1] >> 4;
      component.v = entry[1] & 15;
      if (component.h < 1 || component.h > 4 || component.v < 1 || component.v > 4) {
        return Fail(ErrorCode::kInvalidFrame, "the JPEG frame header says sampling factors of " +
                                                  std::to_string(component.h) + "x" +
                                                  std::to_string(component.v) +
                                                  "; allowed are 1 to 4");
      }
    }
    return {};
  }

  static base::Result<void> CheckCoding(std::uint8_t code, int precision) {
    const std::string supported = "; supported are baseline and progressive JPEG of 8 bits";
    if (code == 0xc3 || code == 0xc7 || code == 0xcb || code == 0xcf) {
      return Fail(ErrorCode::kUnsupportedFormat, "the frame is a lossless JPEG" + supported);
    }
    if (code == 0xc5 || code == 0xc6 || code == 0xcd || code == 0xce) {
      return Fail(ErrorCode::kUnsupportedFormat, "the frame is a hierarchical JPEG" + supported);
    }
    if (precision != 8) {
      return Fail(ErrorCode::kUnsupportedFormat,
                  "the frame is a JPEG of " + std::to_string(precision) + " bits" + supported);
    }
    return {};
  }

  base::Result<void> CheckShape(int components) const {
    if (header_.height == 0) {
      return Fail(ErrorCode::kUnsupportedFormat,
                  "the JPEG header leaves the height open (DNL); it must say 1 to 65535 rows");
    }
    if (header_.width == 0) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG header says a width of 0 pixels");
    }
    if (components != 1 && components != 3 && components != 4) {
      return Fail(ErrorCode::kUnsupportedFormat,
                  "the frame is a JPEG of " + std::to_string(components) +
                      " components; supported are 1 (gray), 3 (YCbCr, RGB) and 4 "
                      "(CMYK, YCCK)");
    }
    return {};
  }

  base::Result<void> ReadScanHeader(base::ByteView payload, std::size_t start) {
    if (header_.component_count == 0) {
      return Fail(ErrorCode::kInvalidFrame,
                  "the JPEG has a scan" + At(start) + " before any frame header");
    }
    if (payload.empty() || payload.size() != 4 + std::size_t{2} * payload[0]) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG scan header" + At(start) +
                                                " has a length that does not fit its components");
    }
    if (++header_.scans > max_scans_) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG has more than " + std::to_string(max_scans_) +
                                                " scans (codec.max_jpeg_scans)");
    }
    if (header_.progressive || payload[0] < header_.component_count) header_.several_scans = true;
    for (std::size_t i = 0; i < payload[0]; ++i) {
      for (JpegComponent& component : header_.components) {
        if (component.id == payload[1 + 2 * i]) component.has_scan = true;
      }
    }
    return {};
  }

  base::Result<JpegHeader> Judge() const {
    if (header_.component_count == 0) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG ends before its frame header");
    }
    if (header_.scans == 0) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG ends before its picture data");
    }
    for (int i = 0; i < header_.component_count; ++i) {
      if (!header_.components[static_cast<std::size_t>(i)].has_scan) {
        return Fail(ErrorCode::kInvalidFrame, "the JPEG has no scan for component " +
                                                  std::to_string(i + 1) + " of " +
                                                  std::to_string(header_.component_count));
      }
    }
    if (header_.arithmetic && !header_.has_eoi) {
      return Fail(ErrorCode::kInvalidFrame,
                  "the arithmetic-coded JPEG has no end marker; its last rows may be missing");
    }
    return header_;
  }

  const base::ByteView bytes_;
  const int max_scans_;
  std::size_t at_ = 2;  // after SOI
  JpegHeader header_;
};

}  // namespace

base::Result<JpegHeader> WalkJpegMarkers(base::ByteView encoded, int max_scans) {
  return Walker(encoded, max_scans).Walk();
}

}  // namespace sampleproc::codec
