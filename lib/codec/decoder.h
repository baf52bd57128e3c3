// Encoded bytes in, pixels out: JPEG, PNG, WebP and NumPy arrays, told apart by their first bytes,
// and pixels without a header when their sender described them.
//
// Everything that comes out of a file is taken to be hostile: dimensions are read from the header
// and checked against the limits before memory is taken, products are computed in 64 bits, the
// decoding clock is asked between rows, and missing or corrupt picture data is an error, never grey
// pixels.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "codec/options.h"
#include "frame/frame_result.h"
#include "frame/image.h"
#include "frame/raw_description.h"
#include "resources/memory_budget.h"

namespace sampleproc::codec {

enum class Format { kUnknown, kJpeg, kPng, kWebp, kNpy, kRaw };

// By the first bytes alone (JPEG: FF D8 FF; PNG: the 8-byte signature of RFC 2083; WebP: "RIFF",
// four bytes, "WEBP"; NumPy: 93 "NUMPY"). Never kRaw, which has no magic.
Format Sniff(base::ByteView encoded);

// "jpeg", "png", "webp", "npy", "raw", "unknown".
std::string_view FormatName(Format format);

// "JPEG, PNG, WebP, NumPy arrays, and ...": for messages that say what is supported.
std::string_view SupportedFormats();

// Pixel memory that is reused from frame to frame. One worker owns one; the Image of a decode
// points into it. Above `kKeepBytes` the memory is given back after the frame.
class Scratch {
 public:
  static constexpr std::size_t kKeepBytes = 16u << 20;

  // At least `bytes` of memory, contents undefined. Earlier pointers become invalid.
  std::uint8_t* Take(std::size_t bytes);
  // As Take, but what Take returned before stays valid until the next Take or Trim: to turn a
  // picture out of one memory into another.
  std::uint8_t* TakeBeside(std::size_t bytes);
  // What Take or TakeBeside returned last: where the pixels of the last decode may be changed in
  // place.
  std::uint8_t* Pixels() { return pixels_.data(); }
  // Gives large memory back; the frame that used it is done.
  void Trim();

 private:
  base::ByteBuffer pixels_;
  base::ByteBuffer spare_;
};

// What is to be decoded.
struct Encoded {
  base::ByteView bytes;
  std::optional<frame::RawDescription> raw = {};  // frame::Frame's

  // Asked once when the header has told how many pixels there are, before memory is taken for them;
  // may wait. Its failure is the decode's. Empty: nobody is asked.
  std::function<base::Result<void>(std::uint64_t pixels)> admit = {};

  std::string_view unknown_raw = {};  // frame::Frame's
};

// What is wanted of it.
struct Wanted {
  static constexpr int kFullSize = std::numeric_limits<int>::max();

  // NOLINTNEXTLINE(google-explicit-constructor): a format alone is the usual wish.
  Wanted(frame::PixelFormat pixel_format, int enough = kFullSize)
      : Wanted(pixel_format, enough, pixel_format) {}
  Wanted(frame::PixelFormat pixel_format, int enough, frame::PixelFormat limit)
      : format(pixel_format), enough_width(enough), limited_as(limit) {}

  frame::PixelFormat format;
  // A picture this wide is enough, once it is turned the right way up: a JPEG is then decoded at a
  // half, a quarter or an eighth of its size (each side rounded up), the smallest that is not
  // narrower. Other formats and smaller pictures come in full.
  int enough_width;
  // The format for which Options::max_frame_bytes is to hold as well: one that the picture will be
  // wanted in later, so that what is too large for that is refused now.
  frame::PixelFormat limited_as;
};

inline constexpr std::string_view kFurtherPicture = "further_picture";

struct Decoded {
  frame::Image image;
  int width = 0;  // of the oriented source, which is larger than `image` when less was enough
  int height = 0;
  Format format = Format::kUnknown;
  int orientation = 1;  // EXIF's, 1..8; it has been applied
  std::size_t end = 0;  // of the picture among the bytes, behind its end mark; 0: not known
  std::vector<frame::Warning> warnings;
  resources::Reservation reservation;  // holds the pixels' bytes until the frame is done
};

// Decodes one picture as `wanted`. The first bytes decide; `raw` counts only when they match no
// format of ours (or it is `certain`) and the size is exactly what the description says. Gray from
// a JPEG is its own Y (of CMYK and YCCK: luma of the colours that the inks give, C * K / 255 each,
// where Adobe's files hold what is left of a colour and others how much ink there is), from nv12
// and yuyv theirs stretched to 0..255; gray from anything else with colour is BT.601 luma, Y =
// (19595 R + 38470 G + 7471 B + 32768) >> 16. Samples of 16 bits are scaled to 8 with rounding;
// gamma and colour profiles are not applied. Rows are packed: stride = width * channels.
//
// Warnings, by their stable words: "jpeg_extraneous_bytes" (bytes between markers that belong to
// nothing, also before a restart marker, where some cameras pad; what is no padding there may mean
// that the picture is wrong; up to eight after picture data vanish in the library's bit buffer
// unseen),
// "jpeg_missing_eoi" (the end marker is missing, no pixel is), "jpeg_header" (an unknown JFIF
// version or colour transform), "jpeg_scan_parameters" (of a sequential JPEG, where they
// carry nothing), "png_missing_iend" (the last chunk is missing, no pixel is), "shallow_samples"
// (samples of 16 bits that are data of 10 or 12 bits, not shifted up), "alpha_ignored", "animated"
// (first frame used), "exif_invalid" (the EXIF data is broken, the picture is used as it is
// stored), kFurtherPicture (a JPEG or PNG ends and another picture follows, perhaps behind padding,
// as in the MPO files of stereo cameras; only the first one is used). Other bytes after the end of
// a picture are ignored in silence: MJPEG cameras pad their frames with them.
//
// Limits are the full size's, however little is wanted.
//
// Fails with kUnsupportedFormat (the message lists what is supported), kInvalidFrame (corrupt,
// truncated, over a limit, or larger than the whole memory budget), kOverloaded (the memory budget
// stayed full for `budget_patience`), kDeadline (the allowance's, or Options::deadline in CPU time,
// which starts at the call) or kCancelled. On success `image` points into `scratch`.
//
// Thread-safe as long as each thread brings its own scratch.
base::Result<Decoded> Decode(
    const Encoded& encoded, Wanted wanted, const Options& options, const base::Allowance& allowance,
    resources::MemoryBudget& budget, Scratch& scratch,
    std::chrono::milliseconds budget_patience = std::chrono::milliseconds(500));

}  // namespace sampleproc::codec
