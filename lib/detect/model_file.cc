#include "detect/model_file.h"

#include <openssl/sha.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/ascii.h"

namespace sampleproc::detect {
namespace {

using base::ErrorCode;

constexpr std::uintmax_t kLargest = std::uintmax_t{1} << 30;

std::string Digest(base::ByteView bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kHex[byte >> 4u];
    text += kHex[byte & 15u];
  }
  return text;
}

}  // namespace

std::filesystem::path ModelPath(const DetectorOptions& options, const Places& places) {
  if (options.model.find('/') != std::string::npos) return options.model;
  return std::filesystem::path(places.model_dir) / options.model;
}

base::Result<base::ByteBuffer> ReadModel(const DetectorOptions& options, const Places& places) {
  if (options.model.empty()) {
    return base::Fail(ErrorCode::kConfig,
                      "detector." + options.name +
                          ".model names no model: set it to an ONNX file, or leave the step " +
                          options.name + " out of the pipeline");
  }
  const std::filesystem::path path = ModelPath(options, places);
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (failed) {
    return base::Fail(ErrorCode::kConfig, path.string() + ": " + failed.message() +
                                              "; packaging/fetch-models.sh brings models");
  }
  if (size > kLargest) {
    return base::Fail(ErrorCode::kConfig, path.string() + " is larger than 1 GiB");
  }
  base::ByteBuffer bytes(static_cast<std::size_t>(size));
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    return base::Fail(ErrorCode::kConfig, path.string() + " cannot be read");
  }
  if (!options.sha256.empty() && Digest(bytes) != base::Lowercase(options.sha256)) {
    return base::Fail(ErrorCode::kConfig, path.string() + " is not the file that detector." +
                                              options.name + ".sha256 names: its SHA-256 is " +
                                              Digest(bytes));
  }
  return bytes;
}

}  // namespace sampleproc::detect
