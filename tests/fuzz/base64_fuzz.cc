// Strict base64: whatever is accepted has exactly one spelling, so encoding it again must give the
// input back.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "base/base64.h"
#include "support/base64_encode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> text(data, data + size);
  const auto decoded = sampleproc::base::DecodeBase64InPlace(text);
  if (decoded) {
    const std::string again = sampleproc::test::EncodeBase64(std::span(text).first(*decoded));
    if (again != std::string(reinterpret_cast<const char*>(data), size)) std::abort();
  } else {
    if (decoded.error().offset > size) std::abort();
    if (sampleproc::base::DescribeBase64Error(decoded.error()).empty()) std::abort();
  }
  return 0;
}
