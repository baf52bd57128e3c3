#include "frame/event_reader.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "json/reader.h"

namespace sampleproc::frame {
namespace {

template <typename T>
T NumberOf(const json::JsonNumber& number) {
  T value{};
  std::from_chars(number.text.data(), number.text.data() + number.text.size(), value);
  return value;
}

std::chrono::microseconds TimeOf(const json::JsonNumber& seconds) {
  return std::chrono::microseconds(std::llround(NumberOf<double>(seconds) * 1e6));
}

Event::Type TypeOf(std::string_view name) {
  if (name == EventTypeName(Event::Type::kNew)) return Event::Type::kNew;
  return name == EventTypeName(Event::Type::kEnd) ? Event::Type::kEnd : Event::Type::kUpdate;
}

std::string_view ReasonOf(std::string_view name) {
  for (const std::string_view known :
       {Event::kLost, Event::kSourceEnd, Event::kShutdown, Event::kRestart}) {
    if (name == known) return known;
  }
  return {};
}

// Objects stand in objects and arrays only as event.schema.json has it, so the outermost key says
// what a value is.
class Reader final : public json::JsonHandler {
 public:
  Event event;

  void Key(std::string_view key) override { (objects_ == 1 ? key_ : inner_key_) = key; }
  void StartObject() override {
    if (++objects_ == 2 && key_ == "crossed") event.crossed.emplace_back();
  }
  void EndObject(std::size_t) override { --objects_; }
  void StartArray() override {
    if (++arrays_ == 2 && key_ == "path") event.path.emplace_back();
    place_ = 0;
  }
  void EndArray(std::size_t) override { --arrays_; }

  void Bool(bool value) override {
    if (key_ == "stationary") event.stationary = value;
  }

  void Number(const json::JsonNumber& value) override {
    if (key_ == "confidence") event.confidence = NumberOf<double>(value);
    if (key_ == "start") event.start = TimeOf(value);
    if (key_ == "time") event.time = TimeOf(value);
    if (key_ == "end") event.end = TimeOf(value);
    if (key_ == "track_id") event.track_id = NumberOf<std::uint64_t>(value);
    if (key_ == "bbox" && place_ < 4) {
      int* const sides[] = {&event.bbox.x1, &event.bbox.y1, &event.bbox.x2, &event.bbox.y2};
      *sides[place_++] = NumberOf<int>(value);
    }
    if (key_ == "path" && !event.path.empty() && place_ < 2) {
      PathPoint& point = event.path.back();
      (place_++ == 0 ? point.x : point.y) = NumberOf<int>(value);
    }
  }

  void String(std::span<char> value) override {
    const std::string_view text(value.data(), value.size());
    if (objects_ == 2 && key_ == "crossed" && !event.crossed.empty()) {
      if (inner_key_ == "line") event.crossed.back().line = text;
      if (inner_key_ == "direction") event.crossed.back().to_right = text == "right";
    }
    if (objects_ != 1) return;
    if (key_ == "event_id") event.event_id = text;
    if (key_ == "type") event.type = TypeOf(text);
    if (key_ == "camera_id") event.camera_id = text;
    if (key_ == "class") event.class_name = text;
    if (key_ == "frame_id") event.frame_id = text;
    if (key_ == "zones") event.zones.emplace_back(text);
    if (key_ == "entered") event.entered.emplace_back(text);
    if (key_ == "left") event.left.emplace_back(text);
    if (key_ == "snapshot") event.has_snapshot = true;
    if (key_ == "clip") event.has_clip = true;
    if (key_ == "reason") event.reason = ReasonOf(text);
  }

 private:
  int objects_ = 0;
  int arrays_ = 0;
  std::size_t place_ = 0;  // in the innermost array of numbers
  std::string_view key_;
  std::string_view inner_key_;
};

}  // namespace

base::Result<Event> ReadEvent(std::string json) {
  json.append(json::kParseRoom, '\0');
  Reader reader;
  const auto parsed = json::ParseInPlace(json, {}, reader);
  if (!parsed || reader.event.event_id.empty()) {
    return base::Fail(base::ErrorCode::kIo,
                      "an event is not JSON as it was written: " +
                          (parsed ? std::string("it has no event_id") : parsed.error().message));
  }
  return std::move(reader.event);
}

}  // namespace sampleproc::frame
