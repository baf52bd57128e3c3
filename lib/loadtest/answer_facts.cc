#include "loadtest/answer_facts.h"

#include <charconv>

#include "json/reader.h"
#include "json/writer.h"

namespace sampleproc::loadtest {
namespace {

constexpr json::JsonLimits kLimits{.depth = 64, .nodes = 1'000'000};

// Copies the detections event by event, and takes note of what stands at the top.
class FactsReader : public json::JsonHandler {
 public:
  void Null() override {
    Value([](json::JsonWriter& json) { json.Null(); });
  }
  void Bool(bool value) override {
    Value([value](json::JsonWriter& json) { json.Bool(value); });
  }
  void Number(const json::JsonNumber& value) override {
    if (depth_ == 1 || in_metadata_) ReadNumber(value.text);
    Value([&value](json::JsonWriter& json) { json.Raw(value.text); });
  }
  void String(std::span<char> value) override {
    const std::string_view text(value.data(), value.size());
    if (depth_ == 1) {
      if (key_ == "frame_id") facts_.frame_id = text;
      if (key_ == "camera_id") facts_.camera_id = text;
      if (key_ == "source") facts_.source = text;
    }
    Value([text](json::JsonWriter& json) { json.String(text); });
  }
  void Key(std::string_view key) override {
    if (depth_ == 1 || in_metadata_) key_ = key;
    if (copying_) writer_.Key(key);
  }
  void StartObject() override {
    if (depth_ == 0) is_object_ = true;
    if (copying_ && depth_ == 2) ++facts_.detection_count;
    // A result on a stream has its sides there.
    in_metadata_ = depth_ == 1 && key_ == "sample_metadata";
    ++depth_;
    if (copying_) writer_.BeginObject();
  }
  void EndObject(std::size_t /*members*/) override {
    --depth_;
    in_metadata_ = false;
    if (copying_) writer_.EndObject();
  }
  void StartArray() override {
    if (depth_ == 1 && key_ == "detections") copying_ = facts_.has_detections = true;
    ++depth_;
    if (copying_) writer_.BeginArray();
  }
  void EndArray(std::size_t /*elements*/) override {
    --depth_;
    if (copying_) writer_.EndArray();
    if (depth_ == 1) copying_ = false;
  }

  std::optional<AnswerFacts> Take() {
    if (!is_object_) return std::nullopt;
    facts_.has_size = width_ > 0 && height_ > 0;
    return std::move(facts_);
  }

 private:
  template <typename Write>
  void Value(Write write) {
    if (copying_) write(writer_);
  }

  void ReadNumber(std::string_view text) {
    std::size_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return;  // below 0, a fraction, or too large
    if (key_ == "total_objects" || key_ == "detection_count") facts_.total_objects = value;
    if (key_ == "width") width_ = value;
    if (key_ == "height") height_ = value;
  }

  AnswerFacts facts_;
  json::JsonWriter writer_{facts_.detections};
  std::string_view key_;
  int depth_ = 0;
  bool is_object_ = false;
  bool in_metadata_ = false;  // directly in sample_metadata
  bool copying_ = false;
  std::size_t width_ = 0;
  std::size_t height_ = 0;
};

}  // namespace

std::optional<AnswerFacts> ReadAnswer(std::string& json) {
  json.resize(json.size() + json::kParseRoom);
  FactsReader reader;
  if (!json::ParseInPlace(json, kLimits, reader)) return std::nullopt;
  return reader.Take();
}

}  // namespace sampleproc::loadtest
