#include "base/base64.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/base64_encode.h"
#include "support/python.h"

namespace sampleproc::base {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::expected<std::string, Base64Error> Decode(std::string text) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(text.data());
  const auto length = DecodeBase64InPlace({bytes, text.size()});
  if (!length) return std::unexpected(length.error());
  return text.substr(0, *length);
}

std::string Encode(std::string_view bytes) { return test::EncodeBase64(AsBytes(bytes)); }

std::string RandomBytes(std::mt19937& random, std::size_t length) {
  std::string bytes(length, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

TEST_CASE("bytes of every length come back from base64") {
  std::mt19937 random(1);
  for (std::size_t length = 0; length <= 200; ++length) {
    const std::string bytes = RandomBytes(random, length);
    INFO(length);
    CHECK(Decode(Encode(bytes)) == bytes);
  }
}

TEST_CASE("text of every length is accepted only when it is a multiple of four") {
  for (std::size_t length = 0; length <= 67; ++length) {
    const auto decoded = Decode(std::string(length, 'A'));
    INFO(length);
    if (length % 4 == 0) {
      CHECK(decoded == std::string(length / 4 * 3, '\0'));
    } else {
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().kind == Base64Error::Kind::kLength);
      CHECK(decoded.error().offset == length);
    }
  }
}

TEST_CASE("the offset of the first bad character is exact at every place and length") {
  for (std::size_t length = 1; length <= 67; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (const char bad : {'-', '_', ' ', '\n', '\0', '\x80', '\xff', '!', '='}) {
        if (bad == '=' && at + 2 >= length) continue;  // padding, when it stands at the end
        std::string text(length, 'B');
        text[at] = bad;
        text[length - 1] = at + 1 == length ? bad : '*';
        const auto decoded = Decode(text);
        INFO(length << " " << at << " " << static_cast<int>(bad));
        REQUIRE_FALSE(decoded);
        REQUIRE(decoded.error().kind == Base64Error::Kind::kCharacter);
        REQUIRE(decoded.error().offset == at);
      }
    }
  }
}

TEST_CASE("unused bits of the last character must be zero, for every tail") {
  for (std::size_t first = 0; first < 64; ++first) {
    for (std::size_t second = 0; second < 64; ++second) {
      const std::string two = {kAlphabet[first], kAlphabet[second], '=', '='};
      const std::string three = {'Q', kAlphabet[first], kAlphabet[second], '='};
      const auto one_byte = Decode(two);
      const auto two_bytes = Decode(three);
      REQUIRE(one_byte.has_value() == (second % 16 == 0));
      REQUIRE(two_bytes.has_value() == (second % 4 == 0));
      if (one_byte) {
        REQUIRE(*one_byte == std::string(1, static_cast<char>(first * 4 + second / 16)));
      } else {
        REQUIRE(one_byte.error().kind == Base64Error::Kind::kPadBits);
        REQUIRE(one_byte.error().offset == 1);
      }
      if (two_bytes) REQUIRE(Encode(*two_bytes) == three);
      if (!two_bytes) REQUIRE(two_bytes.error().offset == 2);
    }
  }
}

TEST_CASE("padding stands at the end and makes up the length") {
  const auto offset = [](const char* text) { return Decode(text).error().offset; };
  CHECK(offset("====") == 0);
  CHECK(offset("A===") == 1);
  CHECK(offset("QQ==QQ==") == 2);
  CHECK(offset("QUI=QUI=") == 3);
  CHECK(offset("QQ==A") == 2);
  CHECK(Decode("QQ=").error().kind == Base64Error::Kind::kLength);
  CHECK(Decode("QQ").error().kind == Base64Error::Kind::kLength);
  CHECK(Decode("QUJD=").error().kind == Base64Error::Kind::kLength);
  CHECK(Decode("QUJD==").error().kind == Base64Error::Kind::kLength);
  CHECK(Decode("QUJD====").error().kind == Base64Error::Kind::kCharacter);
  CHECK(Decode("=").error().kind == Base64Error::Kind::kLength);
}

TEST_CASE("a base64 error names the place and the rule") {
  CHECK(DescribeBase64Error({Base64Error::Kind::kCharacter, 17}).starts_with("character 17 "));
  CHECK(DescribeBase64Error({Base64Error::Kind::kLength, 5}).find("multiple of four") !=
        std::string::npos);
  CHECK(DescribeBase64Error({Base64Error::Kind::kPadBits, 3}).starts_with("character 3 "));
}

// Python with validate=True, the length rule and the rule for unused bits.
constexpr const char* kReference = R"(
import base64, sys
for line in sys.stdin:
    text = bytes.fromhex(line)
    try:
        data = base64.b64decode(text, validate=True)
        print(data.hex() if base64.b64encode(data) == text else 'bad')
    except Exception:
        print('bad')
)";

TEST_CASE("100,000 random and mutated texts are judged as Python judges them") {
  std::mt19937 random(20240131);
  constexpr std::string_view kMutants = "=A/+-_ \n\x80z9";
  std::string input;
  std::string ours;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = Encode(RandomBytes(random, random() % 50));
    for (auto mutations = random() % 3; mutations > 0 && !text.empty(); --mutations) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = kMutants[random() % kMutants.size()];
          break;
        case 1:
          text.erase(at, 1);
          break;
        case 2:
          text.insert(at, 1, kMutants[random() % kMutants.size()]);
          break;
        default:
          text[at] = static_cast<char>(random());
      }
    }
    const auto decoded = Decode(text);
    input += Hex(text) + "\n";
    ours += (decoded ? Hex(*decoded) : "bad") + "\n";
  }
  CHECK(testing::RunPython(kReference, input) == ours);
}

// A million texts, sound and broken, at every alignment: the vector code and the plain code must
// say the same, byte for byte and offset for offset.
TEST_CASE("base64 has one answer, with the vector unit and without") {
  std::mt19937 random(7);
  std::vector<std::uint8_t> first(400 + 64);
  std::vector<std::uint8_t> second(400 + 64);
  std::size_t different = 0;
  for (int round = 0; round < 1'000'000; ++round) {
    const std::size_t size = random() % 300;
    const std::size_t alignment = random() % 64;
    std::uint8_t* a = first.data() + alignment;
    std::uint8_t* b = second.data() + alignment;
    for (std::size_t i = 0; i < size;) {
      // Five characters of each number drawn: drawing took most of the time.
      for (std::uint_fast32_t bits = random(), n = 0; n < 5 && i < size; ++n, bits >>= 6) {
        a[i++] = static_cast<std::uint8_t>(kAlphabet[bits % 64]);
      }
    }
    for (std::size_t padding = random() % 4; padding > 0 && padding < size; --padding) {
      a[size - padding] = '=';
    }
    for (std::uint32_t broken = random() % 4; broken == 1 && size > 0; broken = 0) {
      a[random() % size] = static_cast<std::uint8_t>(random());
    }
    std::copy_n(a, size, b);
    const auto vector = DecodeBase64InPlace({a, size});
    const auto scalar = DecodeBase64InPlaceScalar({b, size});
    if (vector.has_value() != scalar.has_value()) {
      ++different;
    } else if (vector) {
      different += *vector != *scalar || !std::equal(a, a + *vector, b);
    } else {
      different += vector.error().kind != scalar.error().kind ||
                   vector.error().offset != scalar.error().offset;
    }
  }
  CHECK(different == 0);
}

// RFC 4648, section 10.
TEST_CASE("base64 is written as the standard has it, and reads back") {
  constexpr std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                        {"f", "Zg=="},
                                                                        {"fo", "Zm8="},
                                                                        {"foo", "Zm9v"},
                                                                        {"foob", "Zm9vYg=="},
                                                                        {"fooba", "Zm9vYmE="},
                                                                        {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) CHECK(EncodeBase64(AsBytes(bytes)) == text);
  std::mt19937 random(3);
  for (std::size_t size = 0; size < 100; ++size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& each : bytes) each = static_cast<std::uint8_t>(random());
    const std::string text = EncodeBase64(bytes);
    std::vector<std::uint8_t> back(text.begin(), text.end());
    const auto length = DecodeBase64InPlace(back);
    REQUIRE(length);
    back.resize(*length);
    CHECK(back == bytes);
  }
}

}  // namespace
}  // namespace sampleproc::base
