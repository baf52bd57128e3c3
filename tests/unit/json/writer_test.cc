#include "json/writer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "support/python.h"

namespace sampleproc::json {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, out);
  return out;
}

std::string Written(double value) {
  std::string out;
  JsonWriter(out).Double(value);
  return out;
}

TEST_CASE("the writer puts commas and colons where they belong") {
  std::string out;
  JsonWriter writer(out);
  writer.BeginObject();
  writer.Member("a", 1);
  writer.Member("b", "x");
  writer.Member("c", true);
  writer.Key("d");
  writer.BeginArray();
  writer.BeginObject();
  writer.EndObject();
  writer.Null();
  writer.BeginArray();
  writer.EndArray();
  writer.Double(0.5);
  writer.EndArray();
  writer.Member("e", std::numeric_limits<std::uint64_t>::max());
  writer.Member("f", std::numeric_limits<std::int64_t>::min());
  writer.EndObject();
  CHECK(out == R"({"a":1,"b":"x","c":true,"d":[{},null,[],0.5],"e":18446744073709551615,)"
               R"("f":-9223372036854775808})");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
  CHECK(Quoted("a\"b\\c\n\r\t\b\f\x01\x1f/") == R"("a\"b\\c\n\r\t\b\f\u0001\u001f/")");
  CHECK(Quoted(std::string_view("\0", 1)) == R"("\u0000")");
}

TEST_CASE("bytes that are not UTF-8 become U+FFFD") {
  CHECK(Quoted("\xE2\x82\xAC") == "\"\xE2\x82\xAC\"");
  CHECK(Quoted("a\xFFz") == "\"a\xEF\xBF\xBDz\"");
  CHECK(Quoted("\xED\xB4\x9E") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  CHECK(Quoted("\xE2\x82") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("the size of a quoted text is known without writing it") {
  for (const char* text : {"", "abc", "\"\\\n", "\x01\x1f", "\xC3\xA9"}) {
    CHECK(QuotedSize(text) == Quoted(text).size());
  }
}

TEST_CASE("doubles are written in the shortest form that reads back the same") {
  CHECK(Written(0.1) == "0.1");
  CHECK(Written(1.0) == "1");
  CHECK(Written(-0.0) == "0");
  CHECK(Written(1e300) == "1e+300");
  CHECK(Written(1.0 / 3) == "0.3333333333333333");
}

TEST_CASE("a double that is not finite is the caller's bug") {
  CHECK_THROWS_AS(Written(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(Written(std::numeric_limits<double>::infinity()), std::invalid_argument);
}

TEST_CASE("rounding keeps what has no such decimals") {
  CHECK(RoundTo(0.12345678, 6) == 0.123457);
  CHECK(RoundTo(2.0 / 3, 4) == 0.6667);
  CHECK(RoundTo(-0.5, 0) == -1);
  CHECK(RoundTo(1e300, 6) == 1e300);
  CHECK(Written(RoundTo(0.1 + 0.2, 6)) == "0.3");
}

TEST_CASE("100,000 strings of random bytes are read back by Python as it decodes them") {
  constexpr const char* kReference = R"(
import json, sys
bad = 0
for line in sys.stdin.buffer:
    text, hexed = line[:-1].rsplit(b' ', 1)
    value = json.loads(text.decode('utf-8'))
    data = bytes.fromhex(hexed.decode())
    try:
        bad += value != data.decode('utf-8')
    except UnicodeDecodeError:
        bad += '\ufffd' not in value
print(bad)
)";
  std::mt19937 random(7);
  std::string input;
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 12, '\0');
    for (char& c : text) {
      c = static_cast<char>(random() % 3 == 0 ? random() % 128 : 0x80 + random() % 128);
    }
    input += Quoted(text) + " ";
    for (const char c : text) {
      input += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
      input += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    input += '\n';
  }
  CHECK(testing::RunPython(kReference, input) == "0\n");
}

}  // namespace
}  // namespace sampleproc::json
