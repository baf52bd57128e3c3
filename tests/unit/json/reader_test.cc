#include "json/reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sampleproc::json {
namespace {

std::string Path(const JsonError& error) {
  std::string path;
  for (const JsonPathStep& step : error.path) {
    path += "/" + (step.is_key ? std::string(step.key) : std::to_string(step.index));
  }
  return path;
}

// The path of the error in `text`; it points into the text, so it is written out while that lives.
std::string ErrorPath(std::string text, const JsonLimits& limits = {}) {
  JsonHandler ignore;
  text.append(kParseRoom, '#');
  const auto parsed = ParseInPlace(text, limits, ignore);
  return parsed ? "no error" : Path(parsed.error());
}

// Writes the events down in a line of text.
class Recorder final : public JsonHandler {
 public:
  void Null() override { log += "null "; }
  void Bool(bool value) override { log += value ? "true " : "false "; }
  void Number(const JsonNumber& n) override {
    log += (n.is_integer ? "i" : "d") + std::string(n.text) + " ";
  }
  void String(std::span<char> s) override { log += "'" + std::string(s.data(), s.size()) + "' "; }
  void Key(std::string_view key) override { log += std::string(key) + ": "; }
  void StartObject() override { log += "{ "; }
  void EndObject(std::size_t members) override { log += "}" + std::to_string(members) + " "; }
  void StartArray() override { log += "[ "; }
  void EndArray(std::size_t elements) override { log += "]" + std::to_string(elements) + " "; }

  std::string log;
};

std::expected<void, JsonError> Parse(std::string text, JsonHandler& handler,
                                     const JsonLimits& limits = {}) {
  text.append(kParseRoom, '#');
  return ParseInPlace(text, limits, handler);
}

std::expected<void, JsonError> Parse(std::string text, const JsonLimits& limits = {}) {
  Recorder recorder;
  return Parse(std::move(text), recorder, limits);
}

std::string Events(std::string text) {
  Recorder recorder;
  REQUIRE(Parse(std::move(text), recorder));
  return recorder.log;
}

TEST_CASE("the reader delivers every kind of value in the text's order") {
  CHECK(Events(R"( { "a" : [1, -2.50e+1, true, false, null, {}], "b":"x\n\u00e9" } )") ==
        "{ a: [ i1 d-2.50e+1 true false null { }0 ]6 b: 'x\n\xC3\xA9' }2 ");
}

TEST_CASE("numbers keep the sender's spelling") {
  CHECK(Events("[0,-0,1.0,1E5,18446744073709551616,1e-999]") ==
        "[ i0 i-0 d1.0 d1E5 i18446744073709551616 d1e-999 ]6 ");
}

TEST_CASE("an integer is safe up to 2^53 either way") {
  const auto safe = [](std::string_view text) { return JsonNumber{text, true}.IsSafeInteger(); };
  CHECK(safe("9007199254740992"));
  CHECK(safe("-9007199254740992"));
  CHECK_FALSE(safe("9007199254740993"));
  CHECK_FALSE(safe("-9007199254740993"));
  CHECK_FALSE(safe("99999999999999999999999999"));
  CHECK_FALSE(JsonNumber{"1.0", false}.IsSafeInteger());
}

TEST_CASE("strings may hold NUL and pairs of surrogates as escapes") {
  CHECK(Events(R"("a\u0000b\ud83d\ude00")") == std::string("'a\0b\xF0\x9F\x98\x80' ", 10));
}

TEST_CASE("a string may be overwritten by its handler without harm to what follows") {
  class Eraser final : public JsonHandler {
   public:
    void String(std::span<char> text) override { std::ranges::fill(text, '"'); }
    void Number(const JsonNumber& n) override { number = n.text; }
    std::string number;
  } eraser;
  CHECK(Parse(R"({"a":"0123456789012345678901234567890123456789","b":7})", eraser));
  CHECK(eraser.number == "7");
}

TEST_CASE("sound texts of every kind are accepted") {
  const char* text = GENERATE(
      "[[]   ]", "[\"\"]", "[]", "[\"a\"]", "[false]", "[null, 1, \"1\", {}]", "[null]", "[1\n]",
      " [1]", "[1,null,null,null,2]", "[2] ", "[123e65]", "[0e+1]", "[0e1]", "[ 4]",
      "[-0.000000000000000000000000000000000000000000000000000000000000000001]", "[20e1]", "[-0]",
      "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]",
      "[1e+2]", "[123]", "[123.456789]", R"({"asd":"sdf", "dfg":"fgh"})", R"({"asd":"sdf"})", "{}",
      R"({"":0})", R"({"foo\u0000bar": 42})", R"({ "min": -1.0e+28, "max": 1.0e+28 })",
      R"({"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "x"})", R"({"a":[]})",
      R"({"title":"\u041f\u043e\u043b"})", "{\n\"a\": \"b\"\n}", R"(["\u0060\u012a\u12AB"])",
      R"(["\uD801\udc37"])", R"(["\ud83d\ude39\ud83d\udc8d"])", R"(["\"\\\/\b\f\n\r\t"])",
      R"(["\\u0000"])", R"(["\""])", "[\"a/*b*/c/*d//e\"]", R"(["\\a"])", R"(["\\n"])",
      R"(["\u0012"])", R"(["\uFFFF"])", "[\"asd\"]", "[ \"asd\"]", R"(["\uDBFF\uDFFF"])",
      R"(["new\u00A0line"])", "[\"\xF4\x8F\xBF\xBF\"]", "[\"\xEF\xBF\xBF\"]", R"(["\u0000"])",
      R"(["\u002c"])", "[\"\xCF\x80\"]", "[\"\xF0\x9B\xBF\xBF\"]", "\" \"", R"(["\uD834\uDd1e"])",
      R"(["\u0821"])", R"(["\u0123"])", "[\"\xE2\x80\xA8\"]", "[\"\xE2\x80\xA9\"]",
      R"(["\u0061\u30af"])", "[\"\x7f\"]", R"(["\uA66D"])", R"(["\u005C"])",
      "[\"\xE2\x8D\x82\xE3\x88\xB4\"]", "false", "42", "-0.1", "null", "\"asd\"", "true", "\"\"",
      "[\"a\"]\n", "[true]", " [] ");
  INFO(text);
  CHECK(Parse(text));
  CHECK(Parse(R"({"metadata":)" + std::string(text) + "}"));
}

TEST_CASE("unsound texts of every kind are refused") {
  const char* text = GENERATE(
      "[1 true]", "[a\xE5]", "[\"\": 1]", "[\"\"],", "[,1]", "[1,,2]", "[\"x\",,]", "[\"x\"]]",
      "[\"\",]", "[\"x\"", "[x", "[3[4]]", "[\xFF]", "[1:2]", "[,]", "[-]", "[   , \"\"]",
      "[\"a\",\n4\n,1,", "[1,]", "[1,,]", "[\"\va\"\\f]", "[*]", "[\"\"", "[1,", "[1,\n1\n,1",
      "[{}", "[fals]", "[nul]", "[tru]", "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]",
      "[-NaN]", "[.-1]", "[.2e-3]", "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0E]",
      "[1.0e+]", "[1.0e-]", "[1.0e]", "[1 000.0]", "[1eE2]", "[2.e+3]", "[2.e-3]", "[2.e3]",
      "[9.e+]", "[Inf]", "[NaN]", "[\xEF\xBC\x91]", "[1+2]", "[0x1]", "[0x42]", "[Infinity]",
      "[0e+-1]", "[-123.123foo]", "[123\xE5]", "[1e1\xE5]", "[0\xE5]", "[-Infinity]", "[-foo]",
      "[- 1]", "[-012]", "[-.123]", "[-1x]", "[1ea]", "[1.]", "[.123]", "[1.2a-3]",
      "[1.8011670033376514H-308]", "[012]", "[\"x\", truth]", "{[: \"x\"}\n", "{\"x\", null}",
      "{\"x\"::\"b\"}", "{\xF0\x9F\x87\xA8}", "{\"a\":\"a\" 123}", "{key: 'value'}",
      "{\"\xB9\":\"0\",}", "{\"a\" b}", "{:\"b\"}", "{\"a\" \"b\"}", "{\"a\":", "{\"a\"", "{1:1}",
      "{9999E9999:1}", "{null:null}", "{\"id\":0,,,,,}", "{'a':0}", "{\"id\":0,}",
      "{\"a\":\"b\"}/**/", "{\"a\":\"b\"}/**//", "{\"a\":\"b\"}//", "{\"a\":\"b\"}/",
      "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}", "{\"a\":\"a", "{ \"foo\" : \"bar\", \"a\" }",
      "{\"a\":\"b\"}#", " ", "[\"\\uD800\\\"]", "[\"\\uD800\\u\"]", "[\"\\uD800\\u1\"]",
      "[\"\\uD800\\u1x\"]", "[\xC3\xA9]", "[\"\\x00\"]", "[\"\\\\\\\"]", "[\"\\\t\"]",
      "[\"\\\xF0\x9F\x8C\x80\"]", "[\"\\\"]", "[\"\\u00A\"]", "[\"\\uD834\\uDd\"]",
      "[\"\\uD800\\uD800\\x\"]", "[\"\\u\xE5\"]", "[\"\\a\"]", "[\"\\uqqqq\"]", "[\"\\\xE5\"]",
      "[\\u0020\"asd\"]", "[\\n]", "\"", "['single quote']", "abc", "[\"\\", "[\"new\nline\"]",
      "[\"\t\"]", "\"\\UA66D\"", "\"\"x", "<.>", "[<null>]", "[1]x", "[1]]", "[\"asd]",
      "aA\xCC\x8A", "[True]", "1]", "{\"x\": true,", "[][]", "]", "\xEF\xBB{}", "\xE5", "[", "",
      "2@", "{}}", "{\"\":", "{\"a\":/*comment*/\"b\"}", "{\"a\": true} \"x\"", "['", "[,", "[{",
      "[\"a", "[\"a\"", "{", "{]", "{,", "{[", "{\"a", "{'a'", "[\"\\{[\"\\{[\"\\{[\"\\{",
      "\xC3\xA9", "*", "{\"a\":\"b\"}#{}", "[\\u000A\"\"]", "[1", "[ false, nul", "[ true, fals",
      "[ false, tru", "{\"asd\":\"asd\"", "\xE2\x81\xA0", "\xEF\xBB\xBF", "\xEF\xBB\xBF[]",
      "[\x0c]");
  INFO(text);
  const auto parsed = Parse(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().offset <= std::string_view(text).size());
  CHECK_FALSE(parsed.error().message.empty());
  CHECK_FALSE(Parse(R"({"metadata":)" + std::string(text) + "}"));
}

TEST_CASE("a NUL byte is refused wherever it stands") {
  const std::string sound = R"({"a": [1, "b", true]})";
  for (std::size_t at = 0; at <= sound.size(); ++at) {
    std::string text = sound;
    text.insert(at, 1, '\0');
    INFO(at);
    CHECK_FALSE(Parse(text));
  }
  CHECK_FALSE(Parse(std::string("123\0garbage", 11)));
  CHECK(Parse(std::string("123\0", 4)).error().offset == 3);
}

TEST_CASE("text that is not well-formed Unicode is refused, as bytes and as escapes") {
  const char* text = GENERATE(
      "[\"\xE0\xFF\"]", "[\"\xED\xA0\x80\"]", "[\"\xFF\"]", "[\"\xC0\xAF\"]",
      "[\"\xF4\xBF\xBF\xBF\"]", "[\"\xFC\x80\x80\x80\x80\x80\"]", "[\"\x81\"]", "[\"\\uDADA\"]",
      "[\"\\uD888\\u1234\"]", "[\"\\uDd1e\\uD834\"]", "[\"\\uDFAA\"]", "[\"\\uDD1E\"]",
      "[\"\\ud800\"]", "[\"\\ud800abc\"]", "{\"\\uDFAA\":0}", "{\"\xFF\":0}", "[\"\xED\xBF\xBF\"]");
  INFO(text);
  const auto parsed = Parse(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == JsonError::Kind::kUnicode);
}

TEST_CASE("numbers beyond the range of a double are refused, tiny ones are not") {
  for (const char* text : {"[1e999]", "[-1e999]", "[1.8e308]", "[123123e100000]",
                           "[0.4e9999999999]", "[0.001e312]", "[1e99999999999999999999]"}) {
    INFO(text);
    const auto parsed = Parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == JsonError::Kind::kSyntax);
    CHECK(parsed.error().offset <= 10);
  }
  CHECK_FALSE(Parse("[" + std::string(400, '9') + "]"));
  for (const char* text : {"[1.7e308]", "[1e-400]", "[123.456e-789]", "[-1e-9999]",
                           "[1e-99999999999999999999]", "[0.000001e-400]"}) {
    INFO(text);
    CHECK(Parse(text));
  }
  CHECK(Parse("[0." + std::string(400, '0') + "1]"));
}

TEST_CASE("duplicate keys are refused in any object, escapes seen through") {
  const std::string text = R"({"a":1,"b":{"c":[0,{"x":1,"y":2,"\u0078":3}]}})";
  const auto error = Parse(text).error();
  CHECK(error.kind == JsonError::Kind::kDuplicateKey);
  CHECK(error.offset == text.find("\"\\u0078"));
  CHECK(ErrorPath(text) == "/b/c/1/x");
  CHECK(Parse(R"({"a":1,"b":2,"a":3})").error().offset == 13);
  CHECK(Parse(R"({"a":{"a":1},"b":{"a":1}})"));
  CHECK(Parse(R"([{"a":1},{"a":1}])"));
  CHECK(Parse(R"({"":1,"":2})").error().kind == JsonError::Kind::kDuplicateKey);
}

TEST_CASE("a duplicate among thousands of keys is found") {
  std::string text = "{";
  for (int i = 0; i < 9'000; ++i) text += "\"key" + std::to_string(i * 7919 % 9001) + "\":0,";
  CHECK(Parse(text + "\"other\":0}"));
  const auto error = Parse(text + "\"key7919\":0}").error();
  CHECK(error.kind == JsonError::Kind::kDuplicateKey);
  CHECK(error.offset == text.size());
}

TEST_CASE("depth is refused at limit + 1 and no earlier") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(Parse(nested(31)));
  CHECK(Parse(nested(32)));
  const auto error = Parse(nested(33)).error();
  CHECK(error.kind == JsonError::Kind::kDepth);
  CHECK(error.offset == 32);
}

TEST_CASE("values are refused at limit + 1 and no earlier") {
  const auto list = [](int elements) {
    std::string text = "[0";
    for (int i = 1; i < elements; ++i) text += ",0";
    return text + "]";
  };
  const JsonLimits limits{.depth = 32, .nodes = 10};
  CHECK(Parse(list(8), limits));
  CHECK(Parse(list(9), limits));
  const auto error = Parse(list(10), limits).error();
  CHECK(error.kind == JsonError::Kind::kNodes);
  CHECK(error.offset == 19);
  CHECK(ErrorPath(list(10), limits) == "/9");
}

TEST_CASE("100,000 opening brackets of either kind are refused by depth") {
  std::string objects;
  for (int i = 0; i < 50'000; ++i) objects += R"([{"":)";
  CHECK(Parse(std::string(100'000, '[')).error().kind == JsonError::Kind::kDepth);
  CHECK(Parse(objects).error().kind == JsonError::Kind::kDepth);
}

TEST_CASE("with no limit on depth to speak of a million brackets cost no stack") {
  const JsonLimits limits{.depth = 2'000'000, .nodes = 2'000'000};
  CHECK(Parse(std::string(1'000'000, '[') + std::string(1'000'000, ']'), limits));
}

TEST_CASE("10 MB of zeros are refused at the limit, before the rest is read") {
  std::string text = "[";
  while (text.size() < 10'000'000) text += "0,";
  const auto error = Parse(std::move(text)).error();
  CHECK(error.kind == JsonError::Kind::kNodes);
  CHECK(error.offset < 20'010);
}

TEST_CASE("every prefix of a sound text is refused") {
  const std::string sound =
      R"({"a":[1,-2.5e3,true,false,null,{"b":"x\u00e9\ud83d\ude00"}],"c":{}})";
  REQUIRE(Parse(sound));
  for (std::size_t length = 0; length < sound.size(); ++length) {
    INFO(length);
    const auto parsed = Parse(sound.substr(0, length));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().offset <= length);
  }
}

TEST_CASE("a syntax error says where and on the way to what") {
  const std::string text = R"({"a":{"b":[1,2,x]}})";
  CHECK(Parse(text).error().message == "expected a value at byte 15");
  CHECK(ErrorPath(text) == "/a/b/1");
}

}  // namespace
}  // namespace sampleproc::json
