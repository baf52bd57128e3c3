// What the decoders of single formats are handed, and the checks that all of them make before they
// take memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "frame/image.h"
#include "resources/memory_budget.h"

namespace sampleproc::codec {

// The arguments of Decode; `allowance` already contains Options::deadline.
struct DecodeRequest {
  base::ByteView encoded;
  const std::function<base::Result<void>(std::uint64_t)>& admit;  // Encoded's
  frame::PixelFormat wanted;
  int enough_width;               // Wanted's
  frame::PixelFormat limited_as;  // likewise
  const Options& options;
  const base::Allowance& allowance;
  resources::MemoryBudget& budget;
  Scratch& scratch;
  std::chrono::milliseconds budget_patience;
};

// The bytes of the picture decoded as `format`, or kInvalidFrame with the numbers when these, or
// those it has as `request.limited_as`, are over Options::max_frame_bytes. Sides are below 2^31, so
// the product of 64-bit numbers cannot overflow.
base::Result<std::uint64_t> CheckFrameBytes(std::string_view format_name, std::uint32_t width,
                                            std::uint32_t height, frame::PixelFormat format,
                                            const DecodeRequest& request);

// What a decode takes.
struct DecodeCost {
  std::uint64_t pixels = 0;         // of the picture
  std::uint64_t picture_bytes = 0;  // memory for it, as it is decoded
  std::uint64_t library_bytes = 0;  // what the library needs beside that
  std::uint64_t turn_bytes = 0;     // TurnBytes
};

// Picture and library together may take 7/5 of Options::max_frame_bytes: some files of a few bytes
// make a library take several times the picture's memory (all coefficients of a progressive JPEG,
// all pixels of a lossless WebP or an interlaced PNG). kInvalidFrame with the numbers.
base::Result<void> CheckWorkingBytes(const DecodeRequest& request, const DecodeCost& cost);

// CheckWorkingBytes, then Encoded::admit, then the reservation of all bytes.
base::Result<resources::Reservation> ReserveForDecode(const DecodeRequest& request,
                                                      const DecodeCost& cost);

}  // namespace sampleproc::codec
