#include "codec/foreign_format.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace sampleproc::codec {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
  bool media = true;  // a picture or a video
};

// The first match counts, so longer magics of one family come first.
constexpr std::array kMagics = {
    Magic{0, "GIF8"sv, "a GIF picture"},
    Magic{8, "AVI "sv, "an AVI video"},
    Magic{4, "ftyp"sv, "an MP4 video"},
    Magic{0, "II*\0"sv, "a TIFF picture"},
    Magic{0, "MM\0*"sv, "a TIFF picture"},
    Magic{0, "%PDF-"sv, "a PDF document", false},
    Magic{0, "version https://git-lfs"sv,
          "a Git LFS pointer, not the file that it stands for (git lfs pull fetches that)", false},
    Magic{0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 picture"},
    Magic{0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 code stream"},
    Magic{0, "\xff\x0a"sv, "a JPEG XL code stream"},
    Magic{0, "\0\0\0\x0cJXL "sv, "a JPEG XL picture"},
    Magic{0, "\x76\x2f\x31\x01"sv, "an OpenEXR picture"},
    Magic{0, "8BPS"sv, "a Photoshop document"},
    Magic{0, "\x1a\x45\xdf\xa3"sv, "a Matroska or WebM video"},
    Magic{0, "FLV\1"sv, "an FLV video"},
    Magic{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, "an ASF or WMV video"},
    Magic{0, "OggS"sv, "an Ogg video or sound"},
    Magic{0, "YUV4MPEG2 "sv, "a Y4M video"},
    Magic{0, "\x8aMNG\r\n\x1a\n"sv, "an MNG animation"},
    Magic{0, "\0\0\1\0"sv, "an ICO picture"},
    Magic{0, "\x1f\x8b"sv, "a gzip file", false},
    Magic{0, "PK\3\4"sv, "a ZIP archive", false},
    Magic{0, "BM"sv, "a BMP picture"},
    Magic{0, "<svg"sv, "an SVG picture"},
    Magic{0, "<?xml"sv, "an XML document", false},
    Magic{0, "<!DOCTYPE"sv, "an HTML document", false},
    Magic{0, "P4\n"sv, "a PBM picture"},
    Magic{0, "P5\n"sv, "a PGM picture"},
    Magic{0, "P6\n"sv, "a PPM picture"},
};

const Magic* FindMagic(base::ByteView bytes) {
  const std::string_view text = base::AsText(bytes);
  const auto found = std::ranges::find_if(kMagics, [text](const Magic& magic) {
    return text.size() >= magic.offset && text.substr(magic.offset).starts_with(magic.bytes);
  });
  return found == kMagics.end() ? nullptr : &*found;
}

// "heic", "avif", "mif1", ...: the brands of an ISO base media file are four letters each, the
// major one, a version, then the compatible ones, in a first box that says how long it is.
constexpr std::array kHeicBrands = {"heic"sv, "heix"sv, "heim"sv, "heis"sv,
                                    "hevc"sv, "hevx"sv, "hevm"sv, "hevs"sv};
constexpr std::array kAvifBrands = {"avif"sv, "avis"sv};
constexpr std::array kPictureBrands = {"mif1"sv, "mif2"sv, "msf1"sv, "miaf"sv};

bool HasBrand(std::string_view brands, std::span<const std::string_view> wanted) {
  for (std::size_t at = 0; at + 4 <= brands.size(); at += 4) {
    if (std::ranges::find(wanted, brands.substr(at, 4)) != wanted.end()) return true;
  }
  return false;
}

}  // namespace

std::string_view HeifName(base::ByteView bytes) {
  const std::string_view text = base::AsText(bytes);
  if (text.size() < 12 || text.substr(4, 4) != "ftyp") return "";
  const std::string_view major = text.substr(8, 4);
  if (HasBrand(major, kAvifBrands)) return "an AVIF picture";
  if (HasBrand(major, kHeicBrands)) return "a HEIC picture";
  if (!HasBrand(major, kPictureBrands)) return "";
  const std::size_t length = std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 |
                             std::size_t{bytes[2]} << 8 | bytes[3];
  const std::string_view compatible =
      length < 16 ? "" : text.substr(0, length).substr(std::min<std::size_t>(16, text.size()));
  if (HasBrand(compatible, kAvifBrands)) return "an AVIF picture";
  return HasBrand(compatible, kHeicBrands) ? "a HEIC picture" : "a HEIF picture";
}

std::string DescribeForeign(base::ByteView bytes) {
  if (const std::string_view heif = HeifName(bytes); !heif.empty()) {
    return "the frame is " + std::string(heif);
  }
  const Magic* const magic = FindMagic(bytes);
  if (magic == nullptr) return "the frame is not a picture of a known format";
  return "the frame is " + std::string(magic->name);
}

bool LooksForeign(base::ByteView bytes) { return FindMagic(bytes) != nullptr; }

bool IsForeignMedia(base::ByteView bytes) {
  const Magic* const magic = FindMagic(bytes);
  return magic != nullptr && magic->media;
}

}  // namespace sampleproc::codec
