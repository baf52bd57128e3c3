// Strict base64: whatever is accepted has exactly one spelling, so encoding it again must give the
// input back.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "base/base64.h"

namespace {

std::string Encode(std::span<const std::uint8_t> bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < have ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= have ? kAlphabet[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> text(data, data + size);
  const auto decoded = sampleproc::base::DecodeBase64InPlace(text);
  if (decoded) {
    const std::string again = Encode(std::span(text).first(*decoded));
    if (again != std::string(reinterpret_cast<const char*>(data), size)) std::abort();
  } else {
    if (decoded.error().offset > size) std::abort();
    if (sampleproc::base::DescribeBase64Error(decoded.error()).empty()) std::abort();
  }
  return 0;
}
