#include "codec/foreign_format.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sampleproc::codec {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
};

// The first match counts, so longer magics of one family come first.
constexpr std::array kMagics = {
    Magic{0, "GIF8"sv, "a GIF picture"},
    Magic{8, "AVI "sv, "an AVI video"},
    Magic{4, "ftypheic"sv, "a HEIF picture"},
    Magic{4, "ftypheix"sv, "a HEIF picture"},
    Magic{4, "ftypmif1"sv, "a HEIF picture"},
    Magic{4, "ftypavif"sv, "an AVIF picture"},
    Magic{4, "ftyp"sv, "an MP4 video"},
    Magic{0, "II*\0"sv, "a TIFF picture"},
    Magic{0, "MM\0*"sv, "a TIFF picture"},
    Magic{0, "%PDF-"sv, "a PDF document"},
    Magic{0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 picture"},
    Magic{0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 code stream"},
    Magic{0, "\xff\x0a"sv, "a JPEG XL code stream"},
    Magic{0, "\0\0\0\x0cJXL "sv, "a JPEG XL picture"},
    Magic{0, "\x76\x2f\x31\x01"sv, "an OpenEXR picture"},
    Magic{0, "8BPS"sv, "a Photoshop document"},
    Magic{0, "\x1a\x45\xdf\xa3"sv, "a Matroska or WebM video"},
    Magic{0, "\x8aMNG\r\n\x1a\n"sv, "an MNG animation"},
    Magic{0, "\0\0\1\0"sv, "an ICO picture"},
    Magic{0, "\x1f\x8b"sv, "a gzip file"},
    Magic{0, "PK\3\4"sv, "a ZIP archive"},
    Magic{0, "BM"sv, "a BMP picture"},
    Magic{0, "<svg"sv, "an SVG picture"},
    Magic{0, "<?xml"sv, "an XML document"},
    Magic{0, "<!DOCTYPE"sv, "an HTML document"},
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

}  // namespace

std::string DescribeForeign(base::ByteView bytes) {
  const Magic* const magic = FindMagic(bytes);
  if (magic == nullptr) return "the frame is not a picture of a known format";
  return "the frame is " + std::string(magic->name);
}

bool LooksForeign(base::ByteView bytes) { return FindMagic(bytes) != nullptr; }

}  // namespace sampleproc::codec
