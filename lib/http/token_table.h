// The bearer tokens that are known, as their SHA-256 hashes: the file and the memory hold nothing
// that could be used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text_file.h"

namespace sampleproc::http {

class TokenTable {
 public:
  // The file has one hash a line, 64 hexadecimal digits, and after white space any remark (whose it
  // is); empty lines and lines that start with '#' do not count. Tokens should be random, 128 bits
  // or more: a plain hash protects no guessable word.
  //
  //   printf %s "$TOKEN" | sha256sum
  //
  // A reload is `reading` kAgain. Fails with kConfig, naming the line: a file that cannot be read
  // or that others than its owner and group may write, a line that is no hash, a hash twice, no
  // hash at all.
  static base::Result<TokenTable> Load(const std::string& path,
                                       base::Reading reading = base::Reading::kFirst);

  // The number of the token in the table. The time it takes says nothing of the hashes: all are
  // compared, each in constant time.
  std::optional<std::uint32_t> Find(std::string_view token) const;

  std::size_t size() const { return hashes_.size(); }

 private:
  using Hash = std::array<std::uint8_t, 32>;
  std::vector<Hash> hashes_;
};

// The token of an Authorization field's value: "Bearer" in any case, one or more spaces, b64token
// (RFC 6750 section 2.1). Nothing for any other value.
std::optional<std::string_view> BearerToken(std::string_view authorization);

}  // namespace sampleproc::http
