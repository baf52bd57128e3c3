#include "json/utf8.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/python.h"

namespace sampleproc::json {
namespace {

TEST_CASE("UTF-8 of two bytes and all begun longer sequences are judged as Python judges them") {
  constexpr const char* kReference = R"(
def ok(data):
    try:
        data.decode('utf-8')
        return '1'
    except UnicodeDecodeError:
        return '0'
out = []
for a in range(256):
    for b in range(256):
        for tail in (b'', b'\x80', b'\xbf', b'\x80\x80', b'\xbf\xbf', b'A', b'\x80A', b'\xc0', b'\x80\xc0'):
            out.append(ok(bytes([a, b]) + tail))
print(''.join(out), end='')
)";
  std::string verdicts;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      for (const char* tail : {"", "\x80", "\xbf", "\x80\x80", "\xbf\xbf", "A",
                               "\x80"
                               "A",
                               "\xc0", "\x80\xc0"}) {
        const std::string text = std::string{static_cast<char>(a), static_cast<char>(b)} + tail;
        verdicts += FindInvalidUtf8(text) == std::string_view::npos ? '1' : '0';
      }
    }
  }
  CHECK(testing::RunPython(kReference, "") == verdicts);
}

TEST_CASE("the first bad byte is found at every place of a long text") {
  for (std::size_t length = 1; length < 70; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'a');
      CHECK(FindInvalidUtf8(text) == std::string_view::npos);
      text[at] = '\xff';
      CHECK(FindInvalidUtf8(text) == at);
    }
  }
}

TEST_CASE("the smallest and the largest code point of every length are well-formed") {
  for (const char* text : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    CHECK(FindInvalidUtf8(text) == std::string_view::npos);
    CHECK(Utf8SequenceLength(text) == std::string_view(text).size());
  }
}

TEST_CASE("overlong forms, surrogates and what lies above U+10FFFF are not UTF-8") {
  for (const char* text : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                           "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\x80"}) {
    CHECK(FindInvalidUtf8(text) == 0);
  }
}

}  // namespace
}  // namespace sampleproc::json
