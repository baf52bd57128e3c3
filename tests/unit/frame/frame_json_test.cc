#include "frame/frame_json.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace sampleproc::frame {
namespace {

base::ByteBuffer Body(std::string_view text) {
  base::ByteBuffer body;
  body.reserve(text.size() + kJsonBodyRoom);
  const base::ByteView bytes = base::AsBytes(text);
  body.assign(bytes.begin(), bytes.end());
  return body;
}

base::Result<Frame> Parse(std::string_view text, const Options& options = {}) {
  return ParseFrameJson(Body(text), options);
}

// "type@loc.loc" of every problem, in order; "" for a frame.
std::string Problems(std::string_view text, const Options& options = {}) {
  const auto frame = Parse(text, options);
  if (frame) return "";
  CHECK(frame.error().code == base::ErrorCode::kInvalidFrame);
  std::string found;
  for (const base::Problem& problem : frame.error().problems) {
    if (!found.empty()) found += ' ';
    found += problem.type + "@";
    for (std::size_t i = 0; i < problem.loc.size(); ++i) {
      found += (i == 0 ? "" : ".") + problem.loc[i];
    }
    CHECK_FALSE(problem.msg.empty());
  }
  return found;
}

std::string WithMetadata(std::string_view metadata) {
  return R"({"frame_data":"QUJD","metadata":)" + std::string(metadata) + "}";
}

TEST_CASE("raw pixels are described by width, height and format, in any order") {
  const auto frame = Parse(WithMetadata(R"({"width":640,"height":65535,"format":"NV12"})"));
  REQUIRE(frame);
  CHECK(frame->raw == RawDescription{RawFormat::kNv12, 640, 65535});
  CHECK(frame->declared_format == "NV12");
  const auto other_way = Parse(WithMetadata(R"({"format":"bgr24","height":1,"width":null})"));
  REQUIRE(other_way);
  CHECK(other_way->raw == RawDescription{RawFormat::kBgr24, 0, 1});
}

TEST_CASE("a side of raw pixels that is not an integer of 1 to 65535 is a problem") {
  for (const char* side :
       {"0", "-1", "65536", "1.5", "1e2", "\"640\"", "true", "[1]", "{}", "1e99"}) {
    CAPTURE(side);
    const std::string sides = R"("height":)" + std::string(side) + R"(,"width":)" + side;
    CHECK(Problems(WithMetadata("{" + sides + R"(,"format":"gray8"})")) ==
          "side_range@body.metadata.width side_range@body.metadata.height");
    // To other formats they mean nothing.
    CHECK(Problems(WithMetadata("{" + sides + R"(,"format":"jpeg"})")) == "");
    CHECK(Problems(WithMetadata("{" + sides + "}")) == "");
  }
  const auto frame = Parse(WithMetadata(R"({"width":640,"height":480})"));
  REQUIRE(frame);
  CHECK_FALSE(frame->raw);
}

// The types of a frame's warnings; its problems when it is none.
std::string WarningsOf(std::string_view text) {
  const auto frame = Parse(text);
  if (!frame) return Problems(text);
  std::string types;
  for (const Warning& warning : frame->warnings) {
    types += (types.empty() ? "" : " ") + warning.type;
    CHECK(warning.msg.find("secret") == std::string::npos);
  }
  return types;
}

TEST_CASE("members that are passed over are warned of") {
  const std::string data = R"({"frame_data":"QUJD",)";
  CHECK(WarningsOf(data + R"("frame_id":"secret","width":3})") ==
        "misplaced_member misplaced_member");
  CHECK(WarningsOf(data + R"("camera":"secret"})") == "misplaced_member");
  CHECK(WarningsOf(data + R"("pipeline":["secret"]})") == "configured");
  CHECK(WarningsOf(data + R"("Metadata":{"frame_id":"secret"}})") == "misspelled_member");
  CHECK(WarningsOf(data + R"("secret":1,"image":"secret"})") == "unknown_member");
  CHECK(WarningsOf(data + R"("metadata":{"cameraId":"secret"}})") == "misspelled_member");
  // Said in its place as well, and what is free to be there.
  CHECK(WarningsOf(data + R"("frame_id":"x","metadata":{"frame_id":"y"}})") == "");
  CHECK(WarningsOf(data + R"("metadata":{"CAMERA_ID":"x","camera_id":"y"}})") == "");
  CHECK(WarningsOf(data + R"("metadata":{"camera":1,"ts":2,"pipeline":3,"tags":{"frameId":4}}})") ==
        "");
}

TEST_CASE("a frame's payload is decoded where it arrived") {
  base::ByteBuffer body = Body(R"({ "frame_data" : "QUJDRA==", "metadata": {"frame_id":"f1",
      "camera_id":"cam", "timestamp":"2026-01-31T09:05:00Z", "format":"jpeg", "more":[1,{}]} })");
  const std::uint8_t* block = body.data();
  const auto frame = ParseFrameJson(std::move(body), {});
  REQUIRE(frame);
  CHECK(base::AsText(frame->encoded) == "ABCD");
  CHECK(frame->storage.data() == block);
  CHECK(frame->encoded.data() == block + 18);
  CHECK(frame->frame_id == "f1");
  CHECK(frame->camera_id == "cam");
  CHECK(frame->timestamp == "2026-01-31T09:05:00Z");
  CHECK(frame->declared_format == "jpeg");
}

TEST_CASE("a moved frame keeps its payload") {
  auto frame = Parse(R"({"frame_data":"QUJD"})");
  REQUIRE(frame);
  const Frame moved = std::move(*frame);
  CHECK(base::AsText(moved.encoded) == "ABC");
}

TEST_CASE("a body without room behind it is parsed all the same") {
  const base::ByteView text = base::AsBytes(R"({"frame_data":"QUJD"})");
  base::ByteBuffer body(text.begin(), text.end());
  body.shrink_to_fit();
  const auto frame = ParseFrameJson(std::move(body), {});
  REQUIRE(frame);
  CHECK(base::AsText(frame->encoded) == "ABC");
}

TEST_CASE("metadata may be left out, null and empty members mean not given") {
  for (const char* text : {R"({"frame_data":"QUJD"})", R"({"frame_data":"QUJD","metadata":{}})",
                           R"({"metadata":{"frame_id":null,"camera_id":null,"timestamp":null,
                               "format":null},"frame_data":"QUJD"})",
                           R"({"metadata":{"frame_id":"","camera_id":"","timestamp":"",
                               "format":""},"frame_data":"QUJD"})"}) {
    const auto frame = Parse(text);
    REQUIRE(frame);
    CHECK(frame->frame_id.empty());
    CHECK_FALSE(frame->camera_id);
    CHECK_FALSE(frame->timestamp);
    CHECK_FALSE(frame->declared_format);
  }
}

TEST_CASE("numbers become the text they were written as") {
  const auto frame =
      Parse(WithMetadata(R"({"frame_id":9007199254740992,"camera_id":-7,"timestamp":1.70e9})"));
  REQUIRE(frame);
  CHECK(frame->frame_id == "9007199254740992");
  CHECK(frame->camera_id == "-7");
  CHECK(frame->timestamp == "1.70e9");
}

TEST_CASE("members of the same names deeper down are not the frame's") {
  const auto frame =
      Parse(R"({"other":{"frame_data":"!","metadata":{"frame_id":[]}},"frame_data":"QUJD",)"
            R"("metadata":{"x":{"frame_id":true,"camera_id":"no"},"frame_id":"yes"}})");
  REQUIRE(frame);
  CHECK(frame->frame_id == "yes");
  CHECK_FALSE(frame->camera_id);
}

TEST_CASE("every problem is listed with its place") {
  CHECK(Problems(R"({"metadata":{"frame_id":true,"camera_id":[],"timestamp":{},"format":5}})") ==
        "string_type@body.metadata.frame_id string_type@body.metadata.camera_id "
        "string_type@body.metadata.timestamp string_type@body.metadata.format "
        "missing@body.frame_data");
  CHECK(Problems(R"({"frame_data":7,"metadata":"x"})") ==
        "string_type@body.frame_data object_type@body.metadata");
}

TEST_CASE("frame_data breaks one rule at a time") {
  CHECK(Problems("{}") == "missing@body.frame_data");
  CHECK(Problems(R"({"frame_data":null})") == "string_type@body.frame_data");
  CHECK(Problems(R"({"frame_data":["QUJD"]})") == "string_type@body.frame_data");
  CHECK(Problems(R"({"frame_data":{"frame_data":"QUJD"}})") == "string_type@body.frame_data");
  CHECK(Problems(R"({"frame_data":""})") == "empty@body.frame_data");
  CHECK(Problems(R"({"frame_data":"QU-D"})") == "base64_character@body.frame_data");
  CHECK(Problems(R"({"frame_data":"QUJ\nD"})") == "base64_character@body.frame_data");
  CHECK(Problems(R"({"frame_data":"QUJDQ"})") == "base64_length@body.frame_data");
  CHECK(Problems(R"({"frame_data":"QUJ="})") == "base64_padding@body.frame_data");
}

TEST_CASE("escapes in frame_data are seen through") {
  const auto frame = Parse(R"({"frame_data":"\u0051UJ\u0044\/\/\/\/"})");
  REQUIRE(frame);
  CHECK(base::AsText(frame->encoded) == "ABC\xFF\xFF\xFF");
}

TEST_CASE("the body must be an object, and so must metadata") {
  for (const char* text : {"[]", "null", "1", "\"x\"", R"([{"frame_data":"QUJD"}])"}) {
    INFO(text);
    CHECK(Problems(text) == "object_type@body");
  }
  for (const char* text : {"[]", "null", "1", "\"x\"", "false"}) {
    CHECK(Problems(WithMetadata(text)) == "object_type@body.metadata");
  }
}

TEST_CASE("frame_data of limit - 1, limit and limit + 1 characters") {
  const auto body = [](std::size_t characters) {
    return R"({"frame_data":")" + std::string(characters, 'A') + "\"}";
  };
  const Options options{.max_frame_data_chars = 1000};
  CHECK(Problems(body(999), options) == "base64_length@body.frame_data");
  CHECK(Problems(body(1000), options).empty());
  CHECK(Problems(body(1001), options) == "too_long@body.frame_data");
  CHECK(Problems(body(10'000'000)).empty());
  CHECK(Problems(body(10'000'001)) == "too_long@body.frame_data");
}

TEST_CASE("metadata is measured as compact JSON, at limit - 1, limit and limit + 1") {
  // {"a":"...","b":[1,{"c":null,"d":true}],"é":-1.50} without the dots: 47 bytes.
  const auto metadata = [](std::size_t size) {
    return " { \"\\u0061\" : \"" + std::string(size - 47, 'x') +
           "\" , \"b\" : [ 1 , { \"c\" : null , \"d\" : true } ] ,\n\"\\u00e9\" : -1.50 } ";
  };
  CHECK(Problems(WithMetadata(metadata(99'999))).empty());
  CHECK(Problems(WithMetadata(metadata(100'000))).empty());
  CHECK(Problems(WithMetadata(metadata(100'001))) == "metadata_too_large@body.metadata");
  const Options options{.max_metadata_bytes = 2};
  CHECK(Problems(WithMetadata("{ }"), options).empty());
  CHECK(Problems(WithMetadata(R"({"":0})"), options) == "metadata_too_large@body.metadata");
}

TEST_CASE("escapes count as they would be written again") {
  const Options options{.max_metadata_bytes = 16};
  CHECK(Problems(WithMetadata(R"({"a":"\u0001\n"})"), options).empty());  // {"a":"\u0001\n"}
  CHECK(Problems(WithMetadata(R"({"a":"\u0001\nx"})"), options) ==
        "metadata_too_large@body.metadata");
}

TEST_CASE("members of metadata are held to their length in bytes") {
  const auto member = [](const char* name, std::size_t length) {
    return WithMetadata("{\"" + std::string(name) + "\":\"" + std::string(length, 'x') + "\"}");
  };
  for (const auto& [name, limit] :
       {std::pair{"frame_id", 256}, {"camera_id", 256}, {"timestamp", 64}, {"format", 32}}) {
    const auto size = static_cast<std::size_t>(limit);
    CHECK(Problems(member(name, size)).empty());
    CHECK(Problems(member(name, size + 1)) == "too_long@body.metadata." + std::string(name));
  }
  CHECK(Problems(WithMetadata(R"({"timestamp":0.)" + std::string(63, '1') + "}")) ==
        "too_long@body.metadata.timestamp");
}

TEST_CASE("control characters in identifiers are refused") {
  for (const char* text : {R"("a\nb")", R"("\u0000")", R"("\u001f")", "\"\x7f\"", R"("\u0085")"}) {
    CHECK(Problems(WithMetadata("{\"frame_id\":" + std::string(text) + "}")) ==
          "control_character@body.metadata.frame_id");
  }
  CHECK(Problems(WithMetadata(R"({"frame_id":"\u00a0\u00e9\u2028"})")).empty());
}

TEST_CASE("integers that readers would see differently are refused") {
  CHECK(Problems(WithMetadata(R"({"frame_id":9007199254740993})")) ==
        "number_range@body.metadata.frame_id");
  CHECK(Problems(WithMetadata(R"({"timestamp":1700000000000000001})")) ==
        "number_range@body.metadata.timestamp");
  CHECK(Problems(WithMetadata(R"({"frame_id":1.5})")) == "string_type@body.metadata.frame_id");
  CHECK(Problems(WithMetadata(R"({"other":9007199254740993})")).empty());
}

TEST_CASE("text that is not JSON is one problem with the byte offset") {
  const auto frame = Parse(R"({"frame_data":7,"metadata":{]})");
  REQUIRE_FALSE(frame);
  REQUIRE(frame.error().problems.size() == 1);
  CHECK(frame.error().problems[0].type == "json_invalid");
  CHECK(frame.error().problems[0].msg.find("at byte 28") != std::string::npos);
  CHECK(Problems("") == "json_invalid@body");
  CHECK(Problems("\xEF\xBB\xBF{}") == "json_invalid@body");
  CHECK(Problems(WithMetadata(R"({"x":1e999})")) == "json_invalid@body.metadata");
}

TEST_CASE("names the sender chose are not echoed") {
  CHECK(Problems(R"({"frame_data":"QUJD","secret":{"s":1,"s":2}})") == "duplicate_key@body");
  CHECK(Problems(WithMetadata(R"({"secret":"\udd1e"})")) == "unicode@body.metadata");
  CHECK(Problems(WithMetadata(R"({"secret":[[["a", tru]]]})")) == "json_invalid@body.metadata");
  CHECK(Problems(WithMetadata(R"({"frame_id":"\udd1e"})")) == "unicode@body.metadata.frame_id");
  CHECK(Problems(R"({"frame_id":"\udd1e"})") == "unicode@body");
}

TEST_CASE("duplicate keys are one problem beside the others") {
  CHECK(Problems(R"({"frame_data":"QUJD","frame_data":"QUJD"})") ==
        "duplicate_key@body.frame_data");
  CHECK(Problems(R"({"metadata":{"camera_id":1,"camera_id":2}})") ==
        "missing@body.frame_data duplicate_key@body.metadata.camera_id");
  CHECK(Problems(R"({"frame_data":"QUJD","metadata":{},"metadata":{}})") ==
        "duplicate_key@body.metadata");
}

TEST_CASE("depth and number of values are limited at their edges") {
  const auto nested = [](std::size_t depth) {
    return WithMetadata("{\"x\":" + std::string(depth - 2, '[') + std::string(depth - 2, ']') +
                        "}");
  };
  CHECK(Problems(nested(32)).empty());
  CHECK(Problems(nested(33)) == "json_depth@body.metadata");
  const auto values = [](int count) {  // the body, frame_data, metadata and the list are four
    std::string list = "0";
    for (int i = 5; i < count; ++i) list += ",0";
    return WithMetadata("{\"x\":[" + list + "]}");
  };
  CHECK(Problems(values(9'999)).empty());
  CHECK(Problems(values(10'000)).empty());
  CHECK(Problems(values(10'001)) == "json_nodes@body.metadata");
}

TEST_CASE("every prefix of a body is refused") {
  const std::string sound =
      R"({"frame_data":"QUJD","metadata":{"frame_id":"f","timestamp":1.5,"x":[1,{"y":null}]}})";
  REQUIRE(Parse(sound));
  for (std::size_t length = 0; length < sound.size(); ++length) {
    CHECK(Problems(sound.substr(0, length)).starts_with("json_invalid@body"));
  }
}

TEST_CASE("randomly changed bodies are parsed or refused, never worse") {
  const std::string sound =
      R"({"frame_data":"QUJDREVGR0hJSktMTU5PUFFSU1Q=","metadata":{"frame_id":"f\u00e9\n",)"
      R"("timestamp":1.5e3,"camera_id":12,"x":[1,{"y":null,"z":true}]}})";
  constexpr std::string_view kPieces = "{}[]\",:\\u0\n\x80\xED\xA0=eE-.1";
  std::mt19937 random(99);
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = sound;
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, random() % 8);
      } else if (random() % 2 == 0) {
        text[at] = static_cast<char>(random());
      } else {
        text.insert(at, 1, kPieces[random() % kPieces.size()]);
      }
      if (text.empty()) text = " ";
    }
    const auto frame = Parse(text);
    accepted += frame.has_value();
    if (!frame) REQUIRE_FALSE(frame.error().problems.empty());
  }
  CHECK(accepted > 100);
}

TEST_CASE("a body of 10 MB costs no second one") {
  base::ByteBuffer body = Body(R"({"frame_data":")" + std::string(10'000'000, 'A') + "\"}");
  const std::size_t before = body.capacity();
  const std::uint8_t* block = body.data();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const long peak = usage.ru_maxrss;
  const auto frame = ParseFrameJson(std::move(body), {});
  getrusage(RUSAGE_SELF, &usage);
  REQUIRE(frame);
  CHECK(frame->encoded.size() == 7'500'000);
  CHECK(frame->storage.data() == block);
  CHECK(frame->storage.capacity() == before);
  CHECK(usage.ru_maxrss - peak < 2'000);  // KiB
}

}  // namespace
}  // namespace sampleproc::frame
