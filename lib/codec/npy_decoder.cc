#include "codec/npy_decoder.h"

#include <string>

#include "codec/npy_header.h"
#include "codec/sample_array.h"

namespace sampleproc::codec {
namespace {

constexpr std::string_view kName = "NumPy array";

}  // namespace

base::Result<Decoded> DecodeNpy(const DecodeRequest& request) {
  const auto header = ParseNpyHeader(request.encoded);
  if (!header) return std::unexpected(header.error());
  const auto [height, width, channels] = header->shape;
  if (auto fits = CheckFrameBytes(kName, width, height, request.wanted, request); !fits) {
    return std::unexpected(fits.error());
  }
  const base::ByteView data = request.encoded.subspan(header->data_offset);
  // Two sides below 2^31 are a product below 2^62; at most 16 bytes a pixel need the check.
  std::uint64_t expected = 0;
  if (__builtin_mul_overflow(std::uint64_t{width} * height, channels * SampleBytes(header->type),
                             &expected) ||
      data.size() != expected) {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      "the NumPy array has " + std::to_string(data.size()) +
                          " bytes of data; its header says " + std::to_string(height) + "x" +
                          std::to_string(width) + "x" + std::to_string(channels) + " samples of " +
                          std::to_string(SampleBytes(header->type)) +
                          (SampleBytes(header->type) == 1 ? " byte" : " bytes"));
  }
  return ConvertSamples(
      request, {data, width, height, channels, header->type, header->big_endian, false}, kName);
}

}  // namespace sampleproc::codec
