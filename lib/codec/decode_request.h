// What the decoders of single formats are handed, and the checks that all of them make before they
// take memory.
#pragma once

#include <chrono>
#include <cstdint>
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
  frame::PixelFormat wanted;
  int enough_width;  // Wanted's
  const Options& options;
  const base::Allowance& allowance;
  resources::MemoryBudget& budget;
  Scratch& scratch;
  std::chrono::milliseconds budget_patience;
};

// The bytes of the decoded picture, or kInvalidFrame with the numbers when they are over
// Options::max_frame_bytes. Sides are below 2^31, so the product of 64-bit numbers cannot overflow.
base::Result<std::uint64_t> CheckFrameBytes(std::string_view format_name, std::uint32_t width,
                                            std::uint32_t height, frame::PixelFormat wanted,
                                            const Options& options);

// Reserves the pixels and whatever the library needs beside them.
base::Result<resources::Reservation> ReserveForDecode(const DecodeRequest& request,
                                                      std::uint64_t bytes);

}  // namespace sampleproc::codec
