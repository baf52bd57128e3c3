#include "http/token_table.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "base/ascii.h"
#include "http/message.h"

namespace sampleproc::http {
namespace {

// Until a pipe has to have handed out its tokens.
constexpr std::chrono::seconds kPatience{10};

std::optional<std::uint8_t> HexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::array<std::uint8_t, 32>> ParseHash(std::string_view digits) {
  std::array<std::uint8_t, 32> hash{};
  if (digits.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto high = HexValue(digits[2 * i]);
    const auto low = HexValue(digits[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    hash[i] = static_cast<std::uint8_t>(*high * 16 + *low);
  }
  return hash;
}

std::unexpected<base::Error> Refuse(const std::string& path, const std::string& why) {
  return base::Fail(base::ErrorCode::kConfig, "http.auth_tokens_file " + path + ": " + why);
}

}  // namespace

base::Result<TokenTable> TokenTable::Load(const std::string& path, base::Reading reading) {
  auto text = base::ReadTextFile(path, reading, {base::SystemClock(), kPatience});
  if (!text) return Refuse(path, "cannot be read: " + text.error().message);
  std::istringstream file(*std::move(text));
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0) {
    return Refuse(path, "everybody may write to it; take that right away with chmod o-w");
  }
  TokenTable table;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string_view digits = std::string_view(line).substr(0, line.find_first_of(" \t\r"));
    if (digits.empty() || digits.starts_with('#')) continue;
    const auto hash = ParseHash(digits);
    const std::string where = "line " + std::to_string(number);
    if (!hash) return Refuse(path, where + " does not start with 64 hexadecimal digits");
    if (std::ranges::find(table.hashes_, *hash) != table.hashes_.end()) {
      return Refuse(path, where + " repeats a hash");
    }
    table.hashes_.push_back(*hash);
  }
  if (table.hashes_.empty()) return Refuse(path, "there is no hash in it");
  return table;
}

std::optional<std::uint32_t> TokenTable::Find(std::string_view token) const {
  Hash hash{};
  ::SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  std::optional<std::uint32_t> found;
  for (std::uint32_t i = 0; i < hashes_.size(); ++i) {
    if (::CRYPTO_memcmp(hashes_[i].data(), hash.data(), hash.size()) == 0) found = i;
  }
  return found;
}

std::optional<std::string_view> BearerToken(std::string_view authorization) {
  const auto space = authorization.find(' ');
  if (space == authorization.npos) return std::nullopt;
  if (!EqualsIgnoreCase(authorization.substr(0, space), "Bearer")) return std::nullopt;
  std::string_view token = authorization.substr(space);
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  const auto allowed = [](char c) {
    return base::IsAlnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
  };
  if (token.empty() || !std::ranges::all_of(token, allowed)) return std::nullopt;
  return token;
}

}  // namespace sampleproc::http
