#include "frame/batch_json.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "frame/frame_json.h"

namespace sampleproc::frame {
namespace {

base::ByteBuffer Body(std::string_view text) {
  const base::ByteView bytes = base::AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

// What is told of a frame: all of it, or its problems without the first `skipped` steps of each
// loc.
std::string Told(const base::Result<Frame>& frame, std::size_t skipped) {
  if (frame) {
    return frame->frame_id + "|" + frame->camera_id.value_or("-") + "|" +
           frame->timestamp.value_or("-") + "|" + frame->declared_format.value_or("-") + "|" +
           (frame->raw ? std::to_string(frame->raw->width) : "-") + "|" +
           std::string(base::AsText(frame->encoded));
  }
  std::string text = "!";
  for (const base::Problem& problem : frame.error().problems) {
    text += problem.type + ":" + problem.msg;
    for (std::size_t i = skipped; i < problem.loc.size(); ++i) text += "." + problem.loc[i];
    text += ";";
  }
  return text;
}

TEST_CASE("a frame in a batch is read as it is alone") {
  const std::vector<std::string> frames = {
      R"({"frame_data":"QUJD"})",
      R"({"metadata":{"frame_id":7,"camera_id":"c","timestamp":1.5,"x":[{"frame_id":1}]},"frame_data":"QQ=="})",
      R"({"frame_data":"QUJD","metadata":{"format":"nv12","width":640,"height":480}})",
      R"({"frame_data":"QUJD","metadata":{"format":"nv12","width":0}})",
      R"({"frame_data":"QU","metadata":[],"other":{"frames":[1]}})",
      R"({"frames":[{"frame_data":"QUJD"}]})",
      "{}",
      "[]",
      "[[{}]]",
      "null",
      "true",
      "1.5",
      R"("frame_data")",
  };
  std::string all = R"({"before":{"frames":[1,2]},"frames":[)";
  for (const std::string& frame : frames) all += frame + (&frame == &frames.back() ? "" : " , ");
  all += R"(],"after":[[]]})";
  const auto batch = ParseBatchJson(Body(all), {});
  REQUIRE(batch);
  REQUIRE(batch->frames.size() == frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    CAPTURE(frames[i]);
    const auto& read = batch->frames[i];
    CHECK(Told(read, 3) == Told(ParseFrameJson(Body(frames[i]), {}), 1));
    if (read) continue;
    for (const base::Problem& problem : read.error().problems) {
      REQUIRE(problem.loc.size() >= 3);
      CHECK(problem.loc[1] == "frames");
      CHECK(problem.loc[2] == std::to_string(i));
    }
  }
}

TEST_CASE("a batch's frames point into its storage, which moves along") {
  auto batch =
      ParseBatchJson(Body(R"({"frames":[{"frame_data":"QUJD"},{"frame_data":"REVG"}]})"), {});
  REQUIRE(batch);
  const BatchFrames moved = std::move(*batch);
  CHECK(base::AsText(moved.frames[0]->encoded) == "ABC");
  CHECK(base::AsText(moved.frames[1]->encoded) == "DEF");
  CHECK(moved.frames[0]->storage.empty());
}

TEST_CASE("what is wrong with a batch as such") {
  struct Case {
    std::string body, type;
    std::vector<std::string> loc;
  };
  const std::vector<Case> cases = {
      {"[]", "object_type", {"body"}},
      {"1", "object_type", {"body"}},
      {"{}", "array_type", {"body", "frames"}},
      {R"({"frames":{}})", "array_type", {"body", "frames"}},
      {R"({"frames":[]})", "empty", {"body", "frames"}},
      {R"({"frames":[)", "json_invalid", {"body", "frames"}},
      {R"({"frames":[{},{"frame_data":x}]})",
       "json_invalid",
       {"body", "frames", "1", "frame_data"}},
      {R"({"frames":[{"metadata":{"camera_id":x}}]})",
       "json_invalid",
       {"body", "frames", "0", "metadata", "camera_id"}},
      {R"({"frames":{"a":x}})", "json_invalid", {"body", "frames"}},
      {R"({"other":[x]})", "json_invalid", {"body"}},
      {R"({"frames":[{}],"frames":[{}]})", "duplicate_key", {"body", "frames"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.body);
    const auto batch = ParseBatchJson(Body(c.body), {});
    REQUIRE_FALSE(batch);
    REQUIRE(batch.error().problems.size() == 1);
    CHECK(batch.error().problems.front().type == c.type);
    CHECK(batch.error().problems.front().loc == c.loc);
  }
}

TEST_CASE("members beside a batch's frames are refused or warned of") {
  const auto parse = [](const std::string& members) {
    return ParseBatchJson(Body("{" + members + R"("frames":[{"frame_data":"QUJD"}]})"), {});
  };
  const auto problem = [&](const std::string& members) -> std::string {
    const auto batch = parse(members);
    if (batch) return "";
    const base::Problem& first = batch.error().problems.at(0);
    return first.type + "@" + first.loc.back();
  };
  CHECK(problem(R"("metadata":{},)") == "misplaced_member@metadata");
  CHECK(problem(R"("cameraId":1,)") == "misplaced_member@camera_id");
  CHECK(problem(R"("threshold":1,)") == "configured@body");
  const auto batch = parse(R"("tenant":{"camera_id":1},)");
  REQUIRE(batch);
  CHECK(batch->frames.at(0)->warnings ==
        std::vector<Warning>{{"unknown_member", "members beside frames were ignored: 1"}});
}

TEST_CASE("the number of a batch's frames is held to its limit exactly") {
  Options options;
  options.max_batch_frames = 3;
  std::string frames = R"({"frame_data":"QUJD"})";
  for (std::size_t count = 1; count <= 5; ++count) {
    CAPTURE(count);
    const auto batch = ParseBatchJson(Body(R"({"frames":[)" + frames + "]}"), options);
    if (count <= options.max_batch_frames) {
      REQUIRE(batch);
      CHECK(batch->frames.size() == count);
    } else {
      REQUIRE_FALSE(batch);
      CHECK(batch.error().problems.front().type == "too_many");
      CHECK(batch.error().problems.front().msg ==
            "has " + std::to_string(count) + " frames; at most 3 are allowed");
    }
    frames += R"(,{"frame_data":"QUJD"})";
  }
}

TEST_CASE("a form's metadata is read as the metadata of a JSON frame") {
  for (const std::string& metadata :
       {std::string("{}"), std::string(R"({"frame_id":"a","camera_id":2,"timestamp":"t"})"),
        std::string(R"({"format":"gray8","width":3,"height":"x"})"), std::string("[]"),
        std::string(R"({"frame_id":[]})"), std::string(R"({"frame_id":1,"frame_id":2})"),
        std::string(R"({"frame_id":")") + std::string(300, 'a') + "\"}"}) {
    CAPTURE(metadata);
    Frame alone;
    const auto read = ParseMetadataJson(metadata, {}, alone);
    const auto whole =
        ParseFrameJson(Body(R"({"frame_data":"QUJD","metadata":)" + metadata + "}"), {});
    REQUIRE(read.has_value() == whole.has_value());
    if (read) {
      CHECK(alone.frame_id == whole->frame_id);
      CHECK(alone.camera_id == whole->camera_id);
      CHECK(alone.timestamp == whole->timestamp);
      CHECK(alone.raw == whole->raw);
    } else {
      REQUIRE(read.error().problems.size() == whole.error().problems.size());
      for (std::size_t i = 0; i < read.error().problems.size(); ++i) {
        CHECK(read.error().problems[i].type == whole.error().problems[i].type);
        CHECK(read.error().problems[i].loc == whole.error().problems[i].loc);
      }
    }
  }
  Frame frame;
  Options options;
  options.max_metadata_bytes = 10;
  CHECK(ParseMetadataJson("{        }", options, frame));
  const auto larger = ParseMetadataJson("{         }", options, frame);
  REQUIRE_FALSE(larger);
  CHECK(larger.error().problems.front().type == "metadata_too_large");
}

}  // namespace
}  // namespace sampleproc::frame
