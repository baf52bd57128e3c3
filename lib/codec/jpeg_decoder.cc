#include "codec/jpeg_decoder.h"

#include <csetjmp>
#include <cstdio>

// jpeglib.h wants FILE and size_t declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>

#include "codec/exif.h"
#include "codec/jpeg_damage.h"
#include "codec/jpeg_library_scan.h"
#include "codec/jpeg_markers.h"
#include "codec/jpeg_scan_check.h"
#include "codec/luma.h"
#include "codec/orientation.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

// Calls of the progress monitor between two looks at the clock. The library calls it once a row or
// once a row of blocks.
constexpr unsigned kCallsPerCheck = 8;

constexpr std::array<JOCTET, 2> kEndMarker = {0xff, JPEG_EOI};

// One decompression. The library reports errors by a callback that must not return, so every call
// into it is made by a function that holds nothing with a destructor and starts with setjmp; what
// has destructors lives here, outside of the frames that longjmp skips.
struct Session {
  Session(const base::Allowance& allowed, base::ByteView picture, bool ends_with_marker)
      : allowance(allowed), encoded(picture), has_eoi(ends_with_marker) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (created) jpeg_destroy_decompress(&cinfo);
  }

  // Up to where the library has read.
  std::size_t at() const {
    const JOCTET* const next = source.next_input_byte;
    const bool is_inside = next >= encoded.data() && next <= encoded.data() + encoded.size();
    return is_inside ? static_cast<std::size_t>(next - encoded.data()) : encoded.size();
  }

  const base::Allowance& allowance;
  const base::ByteView encoded;
  const bool has_eoi;
  std::size_t data_begin = 0;  // of the first scan; 0 before it
  jpeg_decompress_struct cinfo{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  jpeg_source_mgr source{};
  std::jmp_buf jump{};
  bool created = false;
  unsigned monitor_calls = 0;
  int extraneous_bytes = 0;
  bool leaves_data = false;  // among them are some that are no padding of one value
  int header_oddities = 0;
  bool odd_scan_parameters = false;
  std::optional<base::Error> ended;             // the allowance's error or ours that stopped it
  std::array<char, JMSG_LENGTH_MAX> message{};  // the library's, when that stopped it
};

Session& Of(j_common_ptr cinfo) { return *static_cast<Session*>(cinfo->client_data); }
Session& Of(j_decompress_ptr cinfo) { return *static_cast<Session*>(cinfo->client_data); }

[[noreturn]] void OnError(j_common_ptr cinfo) {
  Session& session = Of(cinfo);
  cinfo->err->format_message(cinfo, session.message.data());
  std::longjmp(session.jump, 1);
}

bool MayLeaveOver(Session& session, int bytes) {
  session.extraneous_bytes += bytes;
  if (session.data_begin == 0) return true;
  const std::size_t end = session.at();
  const std::size_t begin = end - std::min(end, static_cast<std::size_t>(std::max(bytes, 0)));
  const base::ByteView left = session.encoded.subspan(begin, end - begin);
  session.leaves_data |= std::ranges::adjacent_find(left, std::not_equal_to()) != left.end();
  auto checked = CheckLeftOver(session.encoded,
                               {begin, end, !session.has_eoi && end == session.encoded.size()});
  if (!checked) session.ended = std::move(checked.error());
  return checked.has_value();
}

void OnMessage(j_common_ptr cinfo, int level) {
  if (level >= 0) return;  // traces
  Session& session = Of(cinfo);
  switch (cinfo->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
      if (!MayLeaveOver(session, cinfo->err->msg_parm.i[0])) std::longjmp(session.jump, 1);
      return;
    case JWRN_NOT_SEQUENTIAL:  // the scan parameters of a sequential picture are used for nothing
      session.odd_scan_parameters = true;
      return;
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
      ++session.header_oddities;
      return;
    default:
      OnError(cinfo);
  }
}

void OutputNothing(j_common_ptr) {}

bool StillAllowed(Session& session) {
  auto allowed = session.allowance.Check("decoding");
  if (!allowed) session.ended = std::move(allowed.error());
  return allowed.has_value();
}

void OnProgress(j_common_ptr cinfo) {
  Session& session = Of(cinfo);
  if (session.monitor_calls++ % kCallsPerCheck == 0 && !StillAllowed(session)) {
    std::longjmp(session.jump, 1);
  }
}

void SourceNothing(j_decompress_ptr) {}

// At the end of the bytes the library is told the picture ends here. If it still wanted pixels it
// says JWRN_HIT_MARKER, which is an error above.
boolean SourceEnd(j_decompress_ptr cinfo) {
  cinfo->src->next_input_byte = kEndMarker.data();
  cinfo->src->bytes_in_buffer = kEndMarker.size();
  return TRUE;
}

void SourceSkip(j_decompress_ptr cinfo, long count) {
  jpeg_source_mgr& source = Of(cinfo).source;
  const std::size_t skipped =
      std::min(count > 0 ? static_cast<std::size_t>(count) : 0, source.bytes_in_buffer);
  source.next_input_byte += skipped;
  source.bytes_in_buffer -= skipped;
}

// Reads the library's view of the header. False: see session.ended and session.message.
bool ReadHeader(Session& session, long memory) {
  jpeg_decompress_struct& cinfo = session.cinfo;
  cinfo.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = OnError;
  session.errors.emit_message = OnMessage;
  session.errors.output_message = OutputNothing;
  cinfo.client_data = &session;
  if (setjmp(session.jump) != 0) return false;
  jpeg_create_decompress(&cinfo);
  session.created = true;
  cinfo.mem->max_memory_to_use = memory;
  session.progress.progress_monitor = OnProgress;
  cinfo.progress = &session.progress;
  session.source.init_source = SourceNothing;
  session.source.fill_input_buffer = SourceEnd;
  session.source.skip_input_data = SourceSkip;
  session.source.resync_to_restart = jpeg_resync_to_restart;
  session.source.term_source = SourceNothing;
  session.source.next_input_byte = session.encoded.data();
  session.source.bytes_in_buffer = session.encoded.size();
  cinfo.src = &session.source;
  jpeg_read_header(&cinfo, TRUE);
  session.data_begin = session.at();
  return true;
}

// Starts the decompression; of a progressive picture this reads all scans.
bool Start(Session& session, frame::PixelFormat wanted, unsigned reduction) {
  if (setjmp(session.jump) != 0) return false;
  session.cinfo.out_color_space = session.cinfo.num_components == 4      ? JCS_CMYK
                                  : wanted == frame::PixelFormat::kGray8 ? JCS_GRAYSCALE
                                                                         : JCS_EXT_BGR;
  session.cinfo.dct_method = JDCT_ISLOW;
  session.cinfo.scale_num = 1;
  session.cinfo.scale_denom = reduction;
  jpeg_start_decompress(&session.cinfo);
  return true;
}

constexpr JDIMENSION kRows = 16;  // read at a time

bool ReadRows(Session& session, std::uint8_t* pixels, std::size_t stride) {
  if (setjmp(session.jump) != 0) return false;
  jpeg_decompress_struct& cinfo = session.cinfo;
  while (cinfo.output_scanline < cinfo.output_height) {
    std::array<JSAMPROW, kRows> rows;
    const JDIMENSION count = std::min(kRows, cinfo.output_height - cinfo.output_scanline);
    for (JDIMENSION i = 0; i < count; ++i) {
      rows[i] = pixels + (cinfo.output_scanline + i) * stride;
    }
    jpeg_read_scanlines(&cinfo, rows.data(), count);
  }
  return true;
}

// Reads on to the end of the picture, for what stands behind its last row.
bool Finish(Session& session) {
  if (setjmp(session.jump) != 0) return false;
  jpeg_finish_decompress(&session.cinfo);
  return true;
}

// Two shares of 255, one after the other.
std::uint8_t Product(unsigned a, unsigned b) {
  return static_cast<std::uint8_t>((a * b + 127) / 255);
}

// One row of four inks. Adobe's files, known by their APP14 segment, hold what is left of each
// colour, others hold how much ink there is.
void ConvertInks(const std::uint8_t* inks, std::size_t width, bool inverted,
                 frame::PixelFormat wanted, std::uint8_t* out) {
  const unsigned flip = inverted ? 0 : 255;
  for (std::size_t x = 0; x < width; ++x, inks += 4) {
    const unsigned light = inks[3] ^ flip;
    const std::uint8_t red = Product(inks[0] ^ flip, light);
    const std::uint8_t green = Product(inks[1] ^ flip, light);
    const std::uint8_t blue = Product(inks[2] ^ flip, light);
    if (wanted == frame::PixelFormat::kGray8) {
      *out++ = Luma(red, green, blue);
    } else {
      *out++ = blue;
      *out++ = green;
      *out++ = red;
    }
  }
}

// As ReadRows, for four inks; `inks` has room for kRows rows.
bool ReadInkRows(Session& session, std::uint8_t* inks, frame::PixelFormat wanted,
                 std::uint8_t* pixels, std::size_t stride) {
  if (setjmp(session.jump) != 0) return false;
  jpeg_decompress_struct& cinfo = session.cinfo;
  const std::size_t width = cinfo.output_width;
  while (cinfo.output_scanline < cinfo.output_height) {
    std::array<JSAMPROW, kRows> rows;
    for (JDIMENSION i = 0; i < kRows; ++i) rows[i] = inks + i * width * 4;
    const JDIMENSION first = cinfo.output_scanline;
    const JDIMENSION count =
        jpeg_read_scanlines(&cinfo, rows.data(), std::min(kRows, cinfo.output_height - first));
    for (JDIMENSION i = 0; i < count; ++i) {
      ConvertInks(rows[i], width, cinfo.saw_Adobe_marker != FALSE, wanted,
                  pixels + (first + i) * stride);
    }
  }
  return true;
}

std::unexpected<base::Error> WhyStopped(Session& session) {
  if (session.ended) return std::unexpected(std::move(*session.ended));
  if (session.errors.msg_code == JERR_OUT_OF_MEMORY) {
    return Fail(ErrorCode::kOverloaded, "no memory for decoding a JPEG now");
  }
  if (session.errors.msg_code == JWRN_HIT_MARKER) {
    return Fail(ErrorCode::kInvalidFrame,
                "the JPEG is truncated or corrupt: its picture data ends before the last row");
  }
  return Fail(ErrorCode::kInvalidFrame,
              "the JPEG is corrupt (" + std::string(session.message.data()) + ")");
}

// Reads on to the end of the picture, whose rows are all there, and says whether the bits that they
// came of can have been written by an encoder. Each bit is looked at again only where some are left
// over, which is how changed bits nearly always end: that look takes a third of the decoding's
// time.
base::Result<void> FinishAndCheck(Session& session, bool has_one_scan) {
  const std::optional<LibraryScan> scan = has_one_scan ? ScanOf(session.cinfo) : std::nullopt;
  if (scan) {
    const auto used = session.encoded.first(session.at()).subspan(session.data_begin);
    if (auto whole = CheckZeroRuns(used, LongestZeroRun(scan->zeros)); !whole) return whole;
  }
  if (!Finish(session)) return WhyStopped(session);
  if (!scan || !session.leaves_data) return {};
  return CheckScan(session.encoded.subspan(session.data_begin), scan->shape(), session.allowance);
}

std::uint64_t DivideUp(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }
std::uint64_t RoundUp(std::uint64_t a, std::uint64_t b) { return DivideUp(a, b) * b; }

// By how much the picture may be made smaller while it is decoded, 1, 2, 4 or 8: the inverse DCT of
// fewer coefficients costs less than that of all.
unsigned ReductionFor(const DecodeRequest& request, const JpegHeader& header, int orientation) {
  const std::uint64_t width = SwapsSides(orientation) ? header.height : header.width;
  const auto enough = static_cast<std::uint64_t>(std::max(request.enough_width, 1));
  unsigned reduction = 1;
  while (reduction < 8 && DivideUp(width, std::uint64_t{reduction} * 2) >= enough) reduction *= 2;
  return reduction;
}

// What the library keeps beside our pixels: with several scans all coefficients (64 of 16 bits a
// block, padded to whole MCUs, and a pointer a row of blocks); always a few rows of samples.
std::uint64_t LibraryBytes(const JpegHeader& header) {
  const std::span components(header.components.data(),
                             static_cast<std::size_t>(header.component_count));
  std::uint64_t max_h = 1;
  std::uint64_t max_v = 1;
  for (const JpegComponent& component : components) {
    max_h = std::max<std::uint64_t>(max_h, component.h);
    max_v = std::max<std::uint64_t>(max_v, component.v);
  }
  std::uint64_t bytes = 256 * 1024 + std::uint64_t{64} * header.width * components.size();
  if (!header.several_scans) return bytes;
  for (const JpegComponent& component : components) {
    const std::uint64_t columns =
        RoundUp(DivideUp(std::uint64_t{header.width} * component.h, max_h * 8), component.h);
    const std::uint64_t rows =
        RoundUp(DivideUp(std::uint64_t{header.height} * component.v, max_v * 8), component.v);
    bytes += rows * (columns * 64 * sizeof(JCOEF) + sizeof(void*));
  }
  return bytes;
}

base::Result<void> CheckLibraryAgrees(const Session& session, const JpegHeader& header) {
  const jpeg_decompress_struct& cinfo = session.cinfo;
  if (cinfo.image_width != header.width || cinfo.image_height != header.height ||
      cinfo.num_components != header.component_count) {
    return Fail(ErrorCode::kInvalidFrame, "the JPEG has contradicting frame headers");
  }
  const J_COLOR_SPACE space = cinfo.jpeg_color_space;
  if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB && space != JCS_CMYK &&
      space != JCS_YCCK) {
    return Fail(ErrorCode::kUnsupportedFormat,
                "the JPEG has an unknown colour space; supported are gray, YCbCr, RGB, CMYK and "
                "YCCK");
  }
  return {};
}

// A progressive picture that was cut between scans and given an end marker decodes to a blur
// without complaint. Its scans announce how many low bits of each coefficient are still to come.
// Where the end marker is missing, coefficients that no scan has announced may be missing too.
base::Result<void> CheckAllBitsSeen(const Session& session, bool has_eoi) {
  const jpeg_decompress_struct& cinfo = session.cinfo;
  if (cinfo.progressive_mode == FALSE || cinfo.coef_bits == nullptr) return {};
  for (int i = 0; i < cinfo.num_components; ++i) {
    const std::span bits(cinfo.coef_bits[i], DCTSIZE2);
    const auto is_missing = [has_eoi](int b) { return b > 0 || (b < 0 && !has_eoi); };
    if (bits[0] != 0 || std::any_of(bits.begin(), bits.end(), is_missing)) {
      return Fail(ErrorCode::kInvalidFrame, "the progressive JPEG lacks scans: component " +
                                                std::to_string(i + 1) + " is not complete");
    }
  }
  return {};
}

void AppendWarnings(const Session& session, const JpegHeader& header,
                    std::vector<frame::Warning>& warnings) {
  if (session.extraneous_bytes > 0 && header.has_eoi) {
    warnings.push_back({"jpeg_extraneous_bytes",
                        "the JPEG has " + std::to_string(session.extraneous_bytes) +
                            " bytes between its markers that belong to nothing; where they "
                            "are no padding, its picture may be wrong"});
  }
  if (!header.has_eoi) {
    warnings.push_back({"jpeg_missing_eoi", "the JPEG has no end marker after its last row"});
  }
  if (session.odd_scan_parameters) {
    warnings.push_back({"jpeg_scan_parameters",
                        "the JPEG's scan parameters are not 0, 63, 0, as those of a sequential "
                        "JPEG have to be; they are ignored"});
  }
  if (session.header_oddities > 0) {
    warnings.push_back(
        {"jpeg_header", "the JPEG's header has an unknown JFIF version or colour transform"});
  }
}

}  // namespace

base::Result<Decoded> DecodeJpeg(const DecodeRequest& request) {
  const auto header = WalkJpegMarkers(request.encoded, request.options.max_jpeg_scans);
  if (!header) return std::unexpected(header.error());
  const auto full_bytes =
      CheckFrameBytes("JPEG", header->width, header->height, request.wanted, request);
  if (!full_bytes) return std::unexpected(full_bytes.error());
  const std::uint64_t library_bytes = LibraryBytes(*header);
  Decoded decoded;
  decoded.width = static_cast<int>(header->width);
  decoded.height = static_cast<int>(header->height);
  decoded.orientation = OrientationFromExif(header->exif, decoded.warnings);
  const unsigned reduction = ReductionFor(request, *header, decoded.orientation);
  const std::uint64_t width = DivideUp(header->width, reduction);
  const std::uint64_t height = DivideUp(header->height, reduction);
  const std::size_t stride = width * static_cast<std::size_t>(frame::Channels(request.wanted));
  const std::uint64_t pixel_bytes = stride * height;
  const bool has_inks = header->component_count == 4;
  const std::uint64_t ink_bytes = has_inks ? width * 4 * kRows : 0;
  auto reservation =
      ReserveForDecode(request, {.pixels = std::uint64_t{header->width} * header->height,
                                 .picture_bytes = pixel_bytes,
                                 .library_bytes = library_bytes + ink_bytes,
                                 .turn_bytes = TurnBytes(decoded.orientation, pixel_bytes)});
  if (!reservation) return std::unexpected(reservation.error());

  Session session(request.allowance, request.encoded.first(header->end), header->has_eoi);
  if (!ReadHeader(session, static_cast<long>(library_bytes))) {
    return WhyStopped(session);
  }
  if (auto agrees = CheckLibraryAgrees(session, *header); !agrees) {
    return std::unexpected(agrees.error());
  }
  if (!Start(session, request.wanted, reduction)) return WhyStopped(session);
  if (auto complete = CheckAllBitsSeen(session, header->has_eoi); !complete) {
    return std::unexpected(complete.error());
  }
  if (session.cinfo.output_width != width || session.cinfo.output_height != height) {
    return Fail(ErrorCode::kInternal, "the JPEG library decodes to another size than announced");
  }
  std::uint8_t* const pixels = request.scratch.Take(pixel_bytes + ink_bytes);
  const bool is_read =
      has_inks ? ReadInkRows(session, pixels + pixel_bytes, request.wanted, pixels, stride)
               : ReadRows(session, pixels, stride);
  if (!is_read) return WhyStopped(session);
  if (auto whole = FinishAndCheck(session, !header->several_scans); !whole) {
    return std::unexpected(whole.error());
  }

  decoded.image = {pixels, static_cast<int>(width), static_cast<int>(height), stride,
                   request.wanted};
  if (header->has_eoi) decoded.end = header->end;
  AppendWarnings(session, *header, decoded.warnings);
  decoded.reservation = std::move(*reservation);
  return decoded;
}

}  // namespace sampleproc::codec
