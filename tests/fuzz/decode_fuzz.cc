// Picture decoding: whatever arrives, the decoder answers with an error or with a picture of which
// every byte is there and was written. A program for each format, which looks at nothing else, so
// that none of them lives off the others' time.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "base/deadline.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "frame/image.h"
#include "resources/memory_budget.h"

namespace {

constexpr std::size_t kLargest = 4u << 20;

void Decode(const sampleproc::codec::Encoded& encoded, sampleproc::frame::PixelFormat wanted) {
  namespace codec = sampleproc::codec;
  codec::Options options;
  options.max_frame_bytes = kLargest;
  options.max_jpeg_scans = 20;
  sampleproc::resources::MemoryBudget budget(64u << 20);
  codec::Scratch scratch;
  const sampleproc::base::Allowance allowance;
  {
    const auto decoded = codec::Decode(encoded, wanted, options, allowance, budget, scratch);
    if (!decoded) {
      if (decoded.error().message.empty()) std::abort();
      return;
    }
    const sampleproc::frame::Image& image = decoded->image;
    if (image.width <= 0 || image.height <= 0 || image.format != wanted) std::abort();
    const auto row = static_cast<std::size_t>(image.width) *
                     static_cast<std::size_t>(sampleproc::frame::Channels(image.format));
    if (image.stride < row || row * static_cast<std::size_t>(image.height) > kLargest) std::abort();
    unsigned sum = 0;
    for (int y = 0; y < image.height; ++y) {
      for (std::size_t x = 0; x < row; ++x) sum += image.Row(y)[x];
    }
    volatile unsigned read = sum;  // every byte is touched, so AddressSanitizer sees a short buffer
    static_cast<void>(read);
  }
  if (budget.used() != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = sampleproc::codec;
  namespace frame = sampleproc::frame;
  constexpr codec::Format kFormat = codec::Format::SAMPLEPROC_FUZZ_FORMAT;
  constexpr int kNotInCorpus = -1;
  const sampleproc::base::ByteView encoded(data, size);
  if constexpr (kFormat != codec::Format::kRaw) {
    if (codec::Sniff(encoded) != kFormat) return kNotInCorpus;
    Decode({encoded}, frame::PixelFormat::kGray8);
    Decode({encoded}, frame::PixelFormat::kBgr24);
    return 0;
  }
  if (size < 3) return kNotInCorpus;
  // The first bytes say what the others are, as far as they suffice.
  const frame::RawDescription raw{static_cast<frame::RawFormat>(data[0] % 7), 1u + data[1],
                                  1u + data[2] % 16};
  const auto bytes = frame::RawBytes(raw);
  if (!bytes || *bytes > size - 3) return 0;
  Decode({encoded.subspan(3, *bytes), raw}, frame::PixelFormat::kGray8);
  Decode({encoded.subspan(3, *bytes), raw}, frame::PixelFormat::kBgr24);
  return 0;
}
