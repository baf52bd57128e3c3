// Strict base64 (RFC 4648 section 4): the standard alphabet, padding required, no white space, and
// the unused bits of the last character must be zero (section 3.5), so each byte string has exactly
// one spelling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace sampleproc::base {

struct Base64Error {
  enum class Kind {
    kCharacter,  // not of the alphabet, or '=' before the end
    kLength,     // not a multiple of four
    kPadBits,    // the last character carries bits that belong to no byte
  };
  Kind kind;
  std::size_t offset;  // of the first offending character; for kLength the text's length
  char character = 0;  // which it is, for kCharacter
};

// The text of the bytes.
std::string EncodeBase64(std::span<const std::uint8_t> bytes);

// Decodes `text` in place: the bytes are written over its front and their number is returned. On
// failure the contents of `text` are undefined before the error's place. Empty text decodes to no
// bytes. A character that does not belong is reported before a wrong length.
std::expected<std::size_t, Base64Error> DecodeBase64InPlace(std::span<std::uint8_t> text);

// The same without the vector unit, which a machine may lack: the twin that tests hold it to.
std::expected<std::size_t, Base64Error> DecodeBase64InPlaceScalar(std::span<std::uint8_t> text);

// A sentence for people: "character 17 is not in the base64 alphabet (A-Z a-z 0-9 + /, ...)".
// Characters are counted from 0. `text` is what was to be decoded, of which what stands before the
// error's place may be lost: it tells URLs and names of files, without having them in the sentence.
std::string DescribeBase64Error(const Base64Error& error, std::string_view text = {});

}  // namespace sampleproc::base
