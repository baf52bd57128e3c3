#include "consumer/sources/entry_fields.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sampleproc::consumer {
namespace {

constexpr std::string_view kJpegBytes = "\xFF\xD8\xFF\xE0 not base64";

base::Result<FrameEntry> Whole(EntryRead read) {
  if (read.broken) return std::unexpected(std::move(*read.broken));
  return std::move(read.entry);
}

base::Result<FrameEntry> FromStream(std::vector<EntryField> fields) {
  return Whole(ReadEntry(std::move(fields), EntryOrigin::kStream, {}));
}

base::Result<FrameEntry> FromJson(std::vector<EntryField> fields) {
  return Whole(ReadEntry(std::move(fields), EntryOrigin::kJson, {}));
}

std::string_view TypeOf(const base::Result<FrameEntry>& entry) {
  REQUIRE_FALSE(entry);
  REQUIRE(entry.error().problems.size() == 1);
  return entry.error().problems.front().type;
}

TEST_CASE("an orchestrator's entry is read whole") {
  const auto entry = FromStream({
      {"frame_id", "1753_rtsp_cam-1_0001_deadbeef"},
      {"camera_id", "cam-1"},
      {"timestamp", "2025-07-29T11:14:56.123456+00:00"},
      {"size_bytes", "691200"},
      {"width", "1920"},
      {"height", "1080"},
      {"format", "bgr24"},
      {"trace_context",
       R"({"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7",)"
       R"("trace_flags":"01","attributes":{"a":[1,null]},"baggage":{}})"},
      {"metadata", R"({"resolution":[640, 360],"frame_buffer_key":"frame:x","tags":{}})"},
      {"priority", "0"},
      {"storage_path", ""},
      {"storage_backend", "redis"},
  });
  REQUIRE(entry);
  CHECK(entry->frame_id == "1753_rtsp_cam-1_0001_deadbeef");
  CHECK(entry->camera_id == "cam-1");
  CHECK(entry->timestamp == "2025-07-29T11:14:56.123456+00:00");
  CHECK(entry->format == "bgr24");
  CHECK(entry->size_bytes == 691200U);
  CHECK(entry->traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  CHECK(entry->frame_buffer_key == "frame:x");
  CHECK(entry->storage_path.empty());
  CHECK(entry->frame_data.empty());
  // The camera knows its resolution, the orchestrator guesses.
  CHECK(entry->width == 640);
  CHECK(entry->height == 360);
}

TEST_CASE("what is absent is absent however it is written") {
  for (const char* absent : {"", "None", "null"}) {
    const auto entry = FromStream({{"frame_id", "a"},
                                   {"camera_id", absent},
                                   {"traceparent", absent},
                                   {"trace_id", absent},
                                   {"span_id", absent},
                                   {"metadata", absent},
                                   {"frame_data", absent},
                                   {"frame_url", absent}});
    REQUIRE(entry);
    CHECK_FALSE(entry->camera_id);
    CHECK(entry->traceparent.empty());
    CHECK(entry->frame_data.empty());
    CHECK(entry->frame_url.empty());
  }
}

TEST_CASE("the entry's own word counts, its metadata's where it says nothing") {
  const auto entry = FromStream({{"camera_id", "own"},
                                 {"format", "None"},
                                 {"metadata", R"({"camera_id":"other","format":"jpeg","width":5})"},
                                 {"width", "7"},
                                 {"height", "9"}});
  REQUIRE(entry);
  CHECK(entry->camera_id == "own");
  CHECK(entry->format == "jpeg");
  CHECK(entry->width == 7);  // the metadata had no height
  CHECK(entry->height == 9);
}

TEST_CASE("metadata may be an object in a JSON string") {
  const auto entry = FromJson({{"metadata", R"("{\"frame_url\":\"http://h/f\",\"n\":1.5}")"}});
  REQUIRE(entry);
  CHECK(entry->frame_url == "http://h/f");
}

TEST_CASE("pixels within metadata have their own limit, and do not count as metadata") {
  const frame::Options limits = PulledLimits({}, 300'000);
  const auto with = [&](std::size_t chars, std::size_t note) {
    const std::string text = R"({"frame_data":")" + std::string(chars, 'A') + R"(","note":")" +
                             std::string(note, 'x') + R"("})";
    return Whole(ReadEntry({{"metadata", text}}, EntryOrigin::kStream, limits));
  };
  CHECK(limits.max_frame_data_chars == 400'000);
  REQUIRE(with(400'000, 99'000));
  CHECK(with(400'000, 99'000)->frame_data.size() == 300'000);
  CHECK(with(400'000, 100'000).error().problems.front().type == "metadata_too_large");
  CHECK(with(400'004, 0).error().problems.front().type == "too_long");
}

TEST_CASE("pixels come as bytes or as base64, and the entry's before the metadata's") {
  const auto text = [](const base::Result<FrameEntry>& entry) {
    REQUIRE(entry);
    return std::string(base::AsText(entry->frame_data));
  };
  CHECK(text(FromStream({{"frame_data", std::string(kJpegBytes)}})) == kJpegBytes);
  CHECK(text(FromStream({{"frame_data", "aGVsbG8="}})) == "hello");
  CHECK(text(FromStream({{"frame_data_b64", "aGVsbG8="}})) == "hello");
  CHECK(text(FromJson({{"frame_data", "aGVsbG8="}})) == "hello");
  CHECK(text(FromStream({{"metadata", R"({"frame_data":"aGVsbG8="})"}})) == "hello");
  CHECK(text(FromStream({{"frame_data", "d29ybGQ="},
                         {"metadata", R"({"frame_data":"aGVsbG8="})"}})) == "world");
}

TEST_CASE("what is wrong with an entry is named and never repeated") {
  const std::string long_id(257, 'x');
  CHECK(TypeOf(FromStream({{"frame_id", long_id}})) == "too_long");
  CHECK(TypeOf(FromStream({{"camera_id", "a\nb"}})) == "control_character");
  CHECK(TypeOf(FromStream({{"frame_id", "\xFF"}})) == "unicode");
  CHECK(TypeOf(FromStream({{"metadata", "[1]"}})) == "json_invalid");
  CHECK(TypeOf(FromStream({{"metadata", "{'a': 1}"}})) == "json_invalid");
  CHECK(TypeOf(FromStream({{"metadata", R"("\"deeper\"")"}})) == "json_invalid");
  const std::string note = R"({"note":")" + std::string(100'000, 'x') + R"("})";
  CHECK(TypeOf(FromStream({{"metadata", note}})) == "metadata_too_large");
  CHECK(TypeOf(FromJson({{"frame_data", std::string(kJpegBytes)}})) == "base64");
  CHECK(TypeOf(FromStream({{"frame_data_b64", "aGVsbG8"}})) == "base64");
  CHECK(TypeOf(FromStream({{"frame_data", std::string(10'000'001, 'A')}})) == "too_long");
}

TEST_CASE("a broken entry keeps the names that it came with") {
  const std::vector<EntryField> names = {
      {"frame_id", "f-1"},
      {"camera_id", "door"},
      {"timestamp", "12"},
      {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}};
  const auto with = [&](EntryField wrong, EntryOrigin origin) {
    std::vector<EntryField> fields = names;
    fields.push_back(std::move(wrong));
    return ReadEntry(std::move(fields), origin, {});
  };
  for (const EntryRead& read : {with({"metadata", "no json"}, EntryOrigin::kStream),
                                with({"frame_data", "wrap\nped="}, EntryOrigin::kJson),
                                with({"storage_path", "a\nb"}, EntryOrigin::kJson)}) {
    REQUIRE(read.broken);
    CHECK(read.entry.frame_id == "f-1");
    CHECK(read.entry.camera_id == "door");
    CHECK(read.entry.timestamp == "12");
    CHECK(read.entry.traceparent.starts_with("00-4bf9"));
    CHECK(read.entry.frame_data.empty());
  }
  const EntryRead unclean =
      ReadEntry({{"frame_id", "a\nb"}, {"camera_id", "door"}}, EntryOrigin::kStream, {});
  REQUIRE(unclean.broken);
  CHECK(unclean.entry.frame_id.empty());
  CHECK(unclean.entry.camera_id == "door");
}

TEST_CASE("text that was meant as base64 is told so through each door") {
  const auto message = [](const base::Result<FrameEntry>& entry) {
    REQUIRE(TypeOf(entry) == "base64");
    return entry.error().problems.front().msg;
  };
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {"/9j/4AAQ\nSkZJRgAB\n", "it is a line break or a tab"},
           {"/9j/4AAQSkZJRgAB\r\n", "it is a line break or a tab"},
           {"/9j/4AAQ SkZJRgAB", "it is a space"},
           {"_9j_4AAQ", "the URL-safe alphabet"},
           {"4AAQSk-J", "the URL-safe alphabet"},
           {"data:image/jpeg;base64,/9j/", "of a data: URL send only"},
           {"%2F9j%2F4AAQ", "it looks percent-encoded"},
           {"/9j/4A", "not a multiple of four"}}) {
    CAPTURE(text);
    const std::string of_stream = message(FromStream({{"frame_data", text}}));
    CHECK(of_stream.find(word) != std::string::npos);
    CHECK(of_stream == message(FromJson({{"frame_data", text}})));
    CHECK(of_stream == message(FromStream({{"frame_data_b64", text}})));
  }
  for (const char* picture : {"GIF89a\x01\x02", "<svg></svg>", "P3\n2 2\n255\n0 0 0"}) {
    CHECK(FromStream({{"frame_data", picture}}));
  }
  const std::vector<EntryField> raw = {
      {"width", "3"}, {"height", "2"}, {"format", "gray8"}, {"frame_data", "AAAAAA"}};
  CHECK(FromStream(raw));
}

TEST_CASE("what an upstream got wrong about a picture is left out, not refused") {
  const auto entry = FromStream({{"width", "wide"},
                                 {"height", "0"},
                                 {"size_bytes", "-3"},
                                 {"resolution", "[640]"},
                                 {"traceparent", "00-zz"},
                                 {"trace_context", "{}"}});
  REQUIRE(entry);
  CHECK_FALSE(entry->width);
  CHECK_FALSE(entry->height);
  CHECK_FALSE(entry->size_bytes);
  CHECK(entry->traceparent.empty());
}

TEST_CASE("a tracestate goes with the trace that its sender named, and with no other") {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string span = "00f067aa0ba902b7";
  const std::string parent = "00-" + trace + '-' + span + "-01";
  const std::string context =
      R"({"trace_id":")" + trace + R"(","span_id":")" + span + R"(","trace_state":"z=9"})";
  const auto state = [](std::vector<EntryField> fields) {
    const auto entry = FromStream(std::move(fields));
    REQUIRE(entry);
    return entry->tracestate;
  };
  CHECK(state({{"traceparent", parent}, {"tracestate", "v=1, w=2"}}) == "v=1,w=2");
  CHECK(state({{"metadata", R"({"traceparent":")" + parent + R"(","tracestate":"v=1"})"}}) ==
        "v=1");
  CHECK(state({{"trace_context", context}}) == "z=9");
  CHECK(state({{"trace_id", trace}, {"span_id", span}, {"trace_state", "q=1"}}) == "q=1");
  CHECK(state({{"trace_id", trace}, {"span_id", span}, {"tracestate", "q=1"}}) == "q=1");
  CHECK(state({{"traceparent", "None"}, {"tracestate", "v=1"}}).empty());
  CHECK(state({{"tracestate", "v=1"}}).empty());
  CHECK(state({{"traceparent", parent}, {"tracestate", "no member"}}).empty());
  CHECK(state({{"traceparent", "00-zz"}, {"tracestate", "v=1"}, {"trace_context", context}}) ==
        "z=9");
}

TEST_CASE("a malformed traceparent leaves the word to the trace context") {
  const auto entry = FromStream({{"traceparent",
                                  "00-00000000000000000000000000000000-"
                                  "00f067aa0ba902b7-01"},
                                 {"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"},
                                 {"span_id", "00f067aa0ba902b7"}});
  REQUIRE(entry);
  CHECK(entry->traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
}

}  // namespace
}  // namespace sampleproc::consumer
