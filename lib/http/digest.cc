#include "http/digest.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "base/base64.h"

namespace sampleproc::http {

std::string Sha256Base64(std::string_view text) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base::EncodeBase64(digest);
}

}  // namespace sampleproc::http
