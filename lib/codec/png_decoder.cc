#include "codec/png_decoder.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <optional>
#include <string>

#include "codec/exif.h"
#include "codec/luma.h"
#include "codec/orientation.h"
#include "codec/png_chunks.h"
#include "codec/sample_array.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;
using namespace std::string_view_literals;

// Pixels decoded between two looks at the clock: a fraction of a millisecond.
constexpr std::uint32_t kPixelsPerCheck = 1u << 16;

// Compressed bytes read between two looks at the clock. They may come in chunks as small as their
// maker likes.
constexpr std::size_t kBytesPerCheck = 4096;

struct Bgr {
  std::uint8_t blue = 0;
  std::uint8_t green = 0;
  std::uint8_t red = 0;
};

// How libpng's rows become ours. libpng is asked for one byte a pixel (gray, or the index into the
// palette) or three (blue, green, red); the rest is done here, because its own conversion to gray
// uses other weights and its palette expansion accepts indices beyond the palette.
enum class Conversion { kNone, kBgrToGray, kGrayToBgr, kPaletteToGray, kPaletteToBgr };

Conversion ConversionOf(PngColour colour, frame::PixelFormat wanted) {
  const bool gray = wanted == frame::PixelFormat::kGray8;
  switch (colour) {
    case PngColour::kPalette:
      return gray ? Conversion::kPaletteToGray : Conversion::kPaletteToBgr;
    case PngColour::kGray:
    case PngColour::kGrayAlpha:
      return gray ? Conversion::kNone : Conversion::kGrayToBgr;
    case PngColour::kRgb:
    case PngColour::kRgbAlpha:
      break;
  }
  return gray ? Conversion::kBgrToGray : Conversion::kNone;
}

std::uint32_t NativeChannels(PngColour colour) {
  return colour == PngColour::kRgb || colour == PngColour::kRgbAlpha ? 3 : 1;
}

// One decompression. Errors come by a callback that must not return, so every call into the library
// is made by a function that holds nothing with a destructor and starts with setjmp.
struct Session {
  explicit Session(const DecodeRequest& what) : request(what), unread(what.encoded) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { png_destroy_read_struct(&png, &info, nullptr); }

  const DecodeRequest& request;
  base::ByteView unread;
  std::size_t read_since_check = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf jump{};
  std::optional<base::Error> ended;  // the allowance's error, when that stopped it
  std::array<char, 128> message{};   // the library's, when that stopped it

  Conversion conversion = Conversion::kNone;
  std::array<Bgr, 256> palette{};
  std::array<std::uint8_t, 256> palette_luma{};
  unsigned palette_size = 0;
  unsigned largest_index = 0;

  bool in_last_row = false;
  bool has_rows = false;  // all of them: nothing that is still to be read changes the picture
};

// What setjmp returns.
constexpr int kFailed = 1;
constexpr int kHasRows = 2;

[[noreturn]] void OnError(png_structp png, png_const_charp text) {
  Session& session = *static_cast<Session*>(png_get_error_ptr(png));
  std::strncpy(session.message.data(), text, session.message.size() - 1);
  std::longjmp(session.jump, kFailed);
}

void OnWarning(png_structp, png_const_charp) {}

bool StillAllowed(Session& session) {
  auto allowed = session.request.allowance.Check("decoding");
  if (!allowed) session.ended = std::move(allowed.error());
  return allowed.has_value();
}

void OnRead(png_structp png, png_bytep out, std::size_t count) {
  Session& session = *static_cast<Session*>(png_get_io_ptr(png));
  // With the last row libpng inflates all that is left, a thousand times its size if its maker
  // likes.
  if (session.has_rows) std::longjmp(session.jump, kHasRows);
  if (count > session.unread.size()) png_error(png, "the data ends early");
  session.read_since_check += count;
  if (session.read_since_check >= kBytesPerCheck) {
    session.read_since_check = 0;
    if (!StillAllowed(session)) std::longjmp(session.jump, kFailed);
  }
  std::memcpy(out, session.unread.data(), count);
  session.unread = session.unread.subspan(count);
}

// libpng has inflated and unfiltered a row; what it reads next is for the row after it.
void OnRow(png_structp png, png_row_infop, png_bytep) {
  Session& session = *static_cast<Session*>(png_get_io_ptr(png));
  session.has_rows = session.in_last_row;
}

// Known ancillary chunks, skipped unread: none changes the pixels we hand on. (Transparency is
// dropped; that there is some is seen by our own walk.)
constexpr std::string_view kSkippedChunks =
    "bKGD\0cHRM\0cICP\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0"
    "sTER\0tEXt\0tIME\0tRNS\0zTXt\0"sv;

bool ReadHeader(Session& session, const PngHeader& header) {
  session.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, OnError, OnWarning);
  if (session.png == nullptr) return false;
  session.info = png_create_info_struct(session.png);
  if (session.info == nullptr) return false;
  if (setjmp(session.jump) != 0) return false;
  png_structp png = session.png;
  png_set_read_fn(png, &session, OnRead);
  png_set_user_limits(png, header.width, header.height);
  // Chunks are skipped, never held, so their size is bounded by the file alone; none is cached.
  png_set_chunk_malloc_max(png, session.request.encoded.size());
  png_set_chunk_cache_max(png, 1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER,
                              reinterpret_cast<png_const_bytep>(kSkippedChunks.data()),
                              static_cast<int>(kSkippedChunks.size() / 5));
  // The walk has checked the CRC of every critical chunk.
  png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  png_read_info(png, session.info);
  if (header.bit_depth == 16) png_set_scale_16(png);
  if (header.bit_depth < 8) {
    if (header.colour == PngColour::kPalette) {
      png_set_packing(png);
    } else {
      png_set_expand_gray_1_2_4_to_8(png);
    }
  }
  png_set_strip_alpha(png);
  png_set_bgr(png);
  png_set_read_user_transform_fn(png, OnRow);
  if (header.interlaced) png_set_interlace_handling(png);
  png_read_update_info(png, session.info);
  return true;
}

bool ReadPalette(Session& session) {
  if (setjmp(session.jump) != 0) return false;
  png_colorp colours = nullptr;
  int count = 0;
  if (png_get_PLTE(session.png, session.info, &colours, &count) == 0) return true;
  session.palette_size = static_cast<unsigned>(std::clamp(count, 0, 256));
  for (unsigned i = 0; i < session.palette_size; ++i) {
    const png_color& c = colours[i];
    session.palette[i] = {c.blue, c.green, c.red};
    session.palette_luma[i] = Luma(c.red, c.green, c.blue);
  }
  return true;
}

// Converts one row. `in` may be the same place as `out` when a pixel does not grow.
void ConvertRow(Session& session, const std::uint8_t* in, std::uint8_t* out, std::size_t width) {
  switch (session.conversion) {
    case Conversion::kNone:
      return;
    case Conversion::kBgrToGray:
      for (std::size_t x = 0; x < width; ++x) {
        out[x] = Luma(in[3 * x + 2], in[3 * x + 1], in[3 * x]);
      }
      return;
    case Conversion::kGrayToBgr:
      for (std::size_t x = 0; x < width; ++x) {
        out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = in[x];
      }
      return;
    case Conversion::kPaletteToGray:
    case Conversion::kPaletteToBgr:
      break;
  }
  unsigned largest = session.largest_index;
  for (std::size_t x = 0; x < width; ++x) {
    const std::uint8_t index = in[x];
    largest = std::max<unsigned>(largest, index);
    if (session.conversion == Conversion::kPaletteToGray) {
      out[x] = session.palette_luma[index];
    } else {
      const Bgr c = session.palette[index];
      out[3 * x] = c.blue;
      out[3 * x + 1] = c.green;
      out[3 * x + 2] = c.red;
    }
  }
  session.largest_index = largest;
}

// Where the decoded rows go. `native` rows are libpng's; when nothing is converted they are the
// picture itself, else one row that is used again and again (native_stride 0), or all of them when
// the picture is interlaced and rows come in seven passes.
struct Layout {
  std::uint8_t* out = nullptr;
  std::size_t out_stride = 0;
  std::uint8_t* native = nullptr;
  std::size_t native_stride = 0;
  int passes = 1;
};

// The last pass of an interlaced picture has its odd rows; libpng passes the others over.
bool IsPassedOver(const PngHeader& header, std::uint32_t y) {
  return header.interlaced && y % 2 == 0;
}

bool ReadRows(Session& session, const PngHeader& header, const Layout& layout) {
  const std::uint32_t rows_per_check = std::max(1u, kPixelsPerCheck / header.width);
  const std::uint32_t last = header.height - 1;
  const auto convert = [&](std::uint32_t y) {
    ConvertRow(session, layout.native + y * layout.native_stride,
               layout.out + y * layout.out_stride, header.width);
  };
  if (const int came = setjmp(session.jump); came != 0) {
    if (came == kHasRows) convert(last);
    return came == kHasRows;
  }
  for (int pass = 0; pass < layout.passes; ++pass) {
    for (std::uint32_t y = 0; y < header.height; ++y) {
      if (y % rows_per_check == 0 && !StillAllowed(session)) return false;
      if (pass + 1 == layout.passes && y == last) {
        session.in_last_row = true;
        session.has_rows = IsPassedOver(header, y);
      }
      png_read_row(session.png, layout.native + y * layout.native_stride, nullptr);
      if (pass + 1 == layout.passes) convert(y);
    }
  }
  return true;
}

std::unexpected<base::Error> WhyStopped(Session& session) {
  if (session.ended) return std::unexpected(std::move(*session.ended));
  if (session.png == nullptr || session.info == nullptr) {
    return Fail(ErrorCode::kOverloaded, "no memory for decoding a PNG now");
  }
  return Fail(ErrorCode::kInvalidFrame,
              "the PNG is corrupt (" + std::string(session.message.data()) + ")");
}

void AppendWarnings(const PngHeader& header, const frame::Image& image,
                    std::vector<frame::Warning>& warnings) {
  if (!header.has_end) {
    warnings.push_back({"png_missing_iend", "the PNG has no whole IEND chunk after its last row"});
  }
  if (header.bit_depth == 16) WarnOfShallowSamples(image, "PNG", warnings);
  if (header.colour == PngColour::kGrayAlpha || header.colour == PngColour::kRgbAlpha ||
      header.has_transparency) {
    warnings.push_back({"alpha_ignored", "the PNG's transparency is ignored"});
  }
  if (header.animated) {
    warnings.push_back({"animated", "the PNG is animated; its first frame is used"});
  }
}

}  // namespace

base::Result<Decoded> DecodePng(const DecodeRequest& request) {
  // The limit first: the walk reads the whole file, which a header over the limit is not worth.
  auto header = ReadPngHeader(request.encoded);
  if (!header) return std::unexpected(header.error());
  const auto pixel_bytes =
      CheckFrameBytes("PNG", header->width, header->height, request.wanted, request);
  if (!pixel_bytes) return std::unexpected(pixel_bytes.error());
  header = WalkPngChunks(request.encoded);
  if (!header) return std::unexpected(header.error());

  Session session(request);
  session.conversion = ConversionOf(header->colour, request.wanted);
  const bool converts = session.conversion != Conversion::kNone;
  const std::uint64_t native_row = std::uint64_t{header->width} * NativeChannels(header->colour);
  const std::uint64_t native_bytes =
      !converts ? 0 : native_row * (header->interlaced ? header->height : 1);
  // libpng holds two rows of up to 8 bytes a pixel, zlib its window.
  const std::uint64_t library_bytes = 128 * 1024 + std::uint64_t{16} * header->width;
  Decoded decoded;
  decoded.orientation = header->exif_damaged ? OrientationOfDamagedExif(decoded.warnings)
                                             : OrientationFromExif(header->exif, decoded.warnings);
  auto reservation =
      ReserveForDecode(request, {.pixels = std::uint64_t{header->width} * header->height,
                                 .picture_bytes = *pixel_bytes,
                                 .library_bytes = native_bytes + library_bytes,
                                 .turn_bytes = TurnBytes(decoded.orientation, *pixel_bytes)});
  if (!reservation) return std::unexpected(reservation.error());

  if (!ReadHeader(session, *header) || !ReadPalette(session)) return WhyStopped(session);
  Layout layout;
  layout.out = request.scratch.Take(*pixel_bytes + native_bytes);
  layout.out_stride = *pixel_bytes / header->height;
  layout.native = converts ? layout.out + *pixel_bytes : layout.out;
  layout.native_stride = converts && !header->interlaced ? 0 : native_row;
  layout.passes = header->interlaced ? 7 : 1;
  if (!ReadRows(session, *header, layout)) return WhyStopped(session);
  if (header->colour == PngColour::kPalette && session.largest_index >= session.palette_size) {
    return Fail(ErrorCode::kInvalidFrame,
                "the PNG is corrupt: a pixel has colour " + std::to_string(session.largest_index) +
                    " of a palette of " + std::to_string(session.palette_size));
  }

  decoded.image = {layout.out, static_cast<int>(header->width), static_cast<int>(header->height),
                   layout.out_stride, request.wanted};
  decoded.end = header->end;
  AppendWarnings(*header, decoded.image, decoded.warnings);
  decoded.reservation = std::move(*reservation);
  return decoded;
}

}  // namespace sampleproc::codec
