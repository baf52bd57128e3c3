// Pixels that nobody has encoded: rows of samples in memory, turned into our 8 bits.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/decode_request.h"
#include "frame/frame_result.h"
#include "frame/image.h"

namespace sampleproc::codec {

enum class SampleType {
  kU8,
  kU16,  // 0..65535, scaled by 1/257 and rounded
  kF32,  // finite and in 0..1, scaled by 255 and rounded (halves up)
};

constexpr std::uint64_t SampleBytes(SampleType type) {
  return type == SampleType::kU8 ? 1 : type == SampleType::kU16 ? 2 : 4;
}

struct SampleArray {
  base::ByteView data;  // exactly width * height * channels * SampleBytes(type) bytes
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 0;  // 1 gray; 3 blue, green, red; 4 the same and one that is dropped
  SampleType type = SampleType::kU8;
  bool big_endian = false;
  bool red_first = false;  // red, green, blue
};

// Warns "shallow_samples" when `image`, made of samples of 16 bits, is not all black and holds
// nothing that data of 12, or of 10, bits in the low end of 16 would not hold: such a picture is
// nearly black only because its sender did not shift the samples up.
void WarnOfShallowSamples(const frame::Image& image, std::string_view name,
                          std::vector<frame::Warning>& warnings);

// Gray is Luma of the 8-bit samples. The limit on a frame's bytes has been checked. Warns
// "alpha_ignored" for a fourth channel, and as WarnOfShallowSamples. Fails with kInvalidFrame for a
// float that is not finite or not in 0..1, naming its pixel, and as the allowance and the budget
// fail. `name` is the kind's, in messages.
base::Result<Decoded> ConvertSamples(const DecodeRequest& request, const SampleArray& array,
                                     std::string_view name);

}  // namespace sampleproc::codec
