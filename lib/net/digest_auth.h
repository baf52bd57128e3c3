// Digest authentication over HTTP (RFC 7616), as cameras ask for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::net {

struct DigestChallenge {
  std::string realm;
  std::string nonce;
  std::optional<std::string> opaque;
  std::string algorithm;  // as the server wrote it; "" when it named none, which is MD5
  bool qop_auth = false;  // else it asks as RFC 2069 did, without a count
};

// The strongest challenge in the values of WWW-Authenticate fields that AnswerDigest can answer:
// of SHA-512-256, SHA-256 and MD5, each with "-sess" or without, and of qop "auth" or none. Nothing
// when there is none. Pure; the fields may be anything.
std::optional<DigestChallenge> FindDigest(const std::vector<std::string_view>& fields);

// Why FindDigest finds nothing in them though they have a Digest challenge, for messages, as in
// "its Digest challenge ...": "has no nonce"; "" when they have none.
std::string WhyNoDigest(const std::vector<std::string_view>& fields);

// The schemes in those fields, for messages: "Digest (SHA-3), Negotiate"; words of other characters
// than letters, digits and "-" are left out.
std::string SchemesIn(const std::vector<std::string_view>& fields);

// What nobody can foresee, for AnswerDigest: 128 random bits of OpenSSL's.
std::string NewCnonce();

// What an Authorization field says to `challenge`. `userinfo` is "user:password", `count` how many
// requests have used this nonce, this one included. Pure.
std::string AnswerDigest(const DigestChallenge& challenge, std::string_view userinfo,
                         std::string_view method, std::string_view target, std::uint32_t count,
                         std::string_view cnonce);

}  // namespace sampleproc::net
