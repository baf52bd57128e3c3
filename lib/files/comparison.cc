#include "files/comparison.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "files/url_input.h"
#include "json/reader.h"
#include "json/writer.h"
#include "track/box.h"

namespace sampleproc::files {
namespace {

using frame::Bbox;

constexpr double kSameObject = 0.5;  // least intersection over union of what has moved
constexpr json::JsonLimits kLimits{.depth = 16, .nodes = 1'000'000};

// Listens to one record and keeps what is compared:
//   {"source": s, "index": n, "camera_id": s, ..., "detections": [{"class": c, "bbox": [n, n, n,
//   n]}], "error": {}}
class RecordReader final : public json::JsonHandler {
 public:
  std::string source;
  std::string camera_id;
  std::optional<std::uint64_t> index;
  bool failed = false;
  bool has_source = false;
  bool has_detections = false;
  bool sound = true;
  std::vector<std::pair<std::string, Bbox>> detections;

  void Key(std::string_view key) override {
    if (depth_ == 1) top_ = key;
    if (depth_ == 3 && top_ == "detections") member_ = key;
  }
  void StartObject() override {
    ++depth_;
    if (depth_ == 2 && top_ == "error") failed = true;
    if (depth_ == 3 && top_ == "detections") {
      detections.emplace_back();
      corners_ = 0;
    }
  }
  void EndObject(std::size_t) override {
    if (depth_ == 3 && top_ == "detections") {
      sound = sound && corners_ == 4 && !detections.back().first.empty();
    }
    --depth_;
  }
  void StartArray() override {
    ++depth_;
    if (depth_ == 2 && top_ == "detections") has_detections = true;
  }
  void EndArray(std::size_t) override { --depth_; }
  void String(std::span<char> text) override {
    const std::string_view value(text.data(), text.size());
    if (depth_ == 1 && top_ == "source") {
      source = value;
      has_source = true;
    }
    if (depth_ == 1 && top_ == "camera_id") camera_id = value;
    if (depth_ == 3 && top_ == "detections" && member_ == "class") {
      detections.back().first = value;
    }
  }
  void Number(const json::JsonNumber& number) override {
    if (depth_ == 1 && top_ == "index") index = ToNumber<std::uint64_t>(number);
    if (depth_ == 4 && top_ == "detections" && member_ == "bbox") {
      Bbox& box = detections.back().second;
      int* const corners[] = {&box.x1, &box.y1, &box.x2, &box.y2};
      if (corners_ < 4) *corners[corners_] = ToNumber<int>(number);
      ++corners_;
    }
  }

  bool IsRecord() const { return sound && has_source && index && failed != has_detections; }

 private:
  template <typename T>
  T ToNumber(const json::JsonNumber& number) {
    T value = 0;
    const char* const end = number.text.data() + number.text.size();
    const auto [stop, error] = std::from_chars(number.text.data(), end, value);
    sound = sound && error == std::errc() && stop == end;
    return value;
  }

  int depth_ = 0;
  int corners_ = 0;
  std::string_view top_;
  std::string_view member_;
};

void AppendBbox(const Bbox& box, std::string& out) {
  out += '[';
  for (const int corner : {box.x1, box.y1, box.x2}) {
    out += std::to_string(corner) + ",";
  }
  out += std::to_string(box.y2) + "]";
}

bool HasBefore(Change::Kind kind) {
  return kind == Change::Kind::kLost || kind == Change::Kind::kMoved;
}
bool HasAfter(Change::Kind kind) {
  return kind == Change::Kind::kGained || kind == Change::Kind::kMoved;
}

}  // namespace

std::string_view ChangeName(Change::Kind kind) {
  constexpr std::string_view kNames[] = {"gained",   "lost",   "moved",    "appeared",
                                         "vanished", "failed", "recovered"};
  return kNames[static_cast<std::size_t>(kind)];
}

void AppendChangeJson(const Change& change, std::string& out) {
  json::JsonWriter json(out);
  json.BeginObject();
  json.Member("change", ChangeName(change.kind));
  json.Member("source", change.source.source);
  json.Member("index", change.source.index);
  if (!change.class_name.empty()) json.Member("class", change.class_name);
  std::string box;
  if (HasBefore(change.kind)) {
    AppendBbox(change.before, box);
    json.Key("before");
    json.Raw(box);
  }
  box.clear();
  if (HasAfter(change.kind)) {
    AppendBbox(change.after, box);
    json.Key("after");
    json.Raw(box);
  }
  json.EndObject();
}

void AppendChangeText(const Change& change, std::string& out) {
  std::string name(ChangeName(change.kind));
  name.resize(10, ' ');
  out += name + change.source.source + "#" + std::to_string(change.source.index);
  if (!change.class_name.empty()) out += "  " + change.class_name + " ";
  if (HasBefore(change.kind)) AppendBbox(change.before, out);
  if (change.kind == Change::Kind::kMoved) out += " -> ";
  if (HasAfter(change.kind)) AppendBbox(change.after, out);
}

base::Result<Comparison> Comparison::Parse(std::string_view text, const std::string& path) {
  Comparison comparison;
  std::vector<char> line;
  std::size_t number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    line.assign(text.begin() + static_cast<std::ptrdiff_t>(start),
                text.begin() + static_cast<std::ptrdiff_t>(end));
    start = end + 1;
    ++number;
    line.resize(line.size() + json::kParseRoom);
    RecordReader reader;
    if (!json::ParseInPlace(line, kLimits, reader) || !reader.IsRecord()) {
      return base::Fail(base::ErrorCode::kInvalidFrame,
                        "line " + std::to_string(number) + " of " + ShownName(path) +
                            ", given to --compare, is not a record of process-file");
    }
    comparison.frames_[{std::move(reader.source), *reader.index}] = {
        reader.failed, false, std::move(reader.detections),
        &*comparison.cameras_.insert(std::move(reader.camera_id)).first};
  }
  return comparison;
}

std::vector<Change> Comparison::Compare(const Record& record) {
  const frame::FrameResult* const result = record.result ? &*record.result : nullptr;
  std::string camera_id = record.camera_id.value_or("");
  if (result != nullptr) camera_id = result->camera_id.value_or("");
  if (!first_source_) first_source_ = record.source.source;
  if (!has_common_source_) {
    const auto same = frames_.lower_bound({record.source.source, 0});
    has_common_source_ = same != frames_.end() && same->first.first == record.source.source;
  }
  std::vector<Change> changes;
  const auto found = frames_.find({record.source.source, record.source.index});
  if (found == frames_.end()) {
    changes.push_back({Change::Kind::kAppeared, record.source, "", {}, {}});
  } else {
    found->second.met = true;
    if (camera_id.empty()) camera_id = *found->second.camera_id;
    changes = Differences(found->second, record.source, result);
  }
  for (Change& each : changes) each.camera_id = camera_id;
  return changes;
}

// Reads nothing that Compare writes.
bool Comparison::Differs(const std::string& source, std::uint64_t index,
                         const frame::FrameResult& result) const {
  const auto found = frames_.find({source, index});
  return found == frames_.end() || !Differences(found->second, {source, index}, &result).empty();
}

// `result` is null for a frame that failed.
std::vector<Change> Comparison::Differences(const Entry& old, const frame::SourceRef& source,
                                            const frame::FrameResult* result) {
  if (old.failed != (result == nullptr)) {
    const auto kind = old.failed ? Change::Kind::kRecovered : Change::Kind::kFailed;
    return {{kind, source, "", {}, {}}};
  }
  if (result == nullptr) return {};

  Detections before = old.detections;
  Detections after;
  for (const frame::Detection& detection : result->detections) {
    const std::pair<std::string, Bbox> entry(detection.class_name, detection.bbox);
    const auto same = std::ranges::find(before, entry);
    if (same != before.end()) {
      before.erase(same);
    } else {
      after.push_back(entry);
    }
  }
  std::vector<Change> changes;
  for (const auto& [class_name, box] : after) {
    auto best = before.end();
    double best_overlap = kSameObject;
    for (auto candidate = before.begin(); candidate != before.end(); ++candidate) {
      const double overlap = track::Overlap(track::Box::Of(candidate->second), track::Box::Of(box));
      if (candidate->first == class_name && overlap >= best_overlap) {
        best = candidate;
        best_overlap = overlap;
      }
    }
    if (best == before.end()) {
      changes.push_back({Change::Kind::kGained, source, class_name, {}, box});
    } else {
      changes.push_back({Change::Kind::kMoved, source, class_name, best->second, box});
      before.erase(best);
    }
  }
  for (const auto& [class_name, box] : before) {
    changes.push_back({Change::Kind::kLost, source, class_name, box, {}});
  }
  return changes;
}

std::vector<Change> Comparison::Rest() const {
  std::vector<Change> changes;
  for (const auto& [place, entry] : frames_) {
    if (entry.met) continue;
    changes.push_back(
        {Change::Kind::kVanished, {place.first, place.second}, "", {}, {}, *entry.camera_id});
  }
  return changes;
}

std::optional<std::pair<std::string, std::string>> Comparison::Strangers() const {
  if (frames_.empty() || !first_source_ || has_common_source_) return std::nullopt;
  return std::pair(frames_.begin()->first.first, *first_source_);
}

}  // namespace sampleproc::files
