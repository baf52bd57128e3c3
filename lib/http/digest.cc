#include "http/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace sampleproc::http {

std::string Sha256Base64(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, SHA256_DIGEST_LENGTH * 2> coded{};
  const int length =
      ::EVP_EncodeBlock(coded.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(coded.data()), static_cast<std::size_t>(length)};
}

}  // namespace sampleproc::http
