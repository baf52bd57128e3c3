#include "history/snapshot_file.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "json/reader.h"
#include "json/writer.h"

namespace sampleproc::history {
namespace {

constexpr std::string_view kNameBegin = "event-";
constexpr std::string_view kNameEnd = ".jpg";
constexpr std::size_t kDigits = 16;

constexpr std::string_view kStart = "\xFF\xD8";
constexpr std::string_view kComment = "\xFF\xFE";
constexpr std::string_view kMagic = "sampleproc.snapshot/1 ";
constexpr std::size_t kLength = 2;
constexpr std::size_t kBeforeMagic = kStart.size() + kComment.size() + kLength;
static_assert(kBeforeMagic + kMagic.size() == kSnapshotSignature);
constexpr std::size_t kLongestComment = 65'535;  // with its length's own bytes

bool ReadNumber(std::string_view text, int base, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<SnapshotKey> KeyOf(std::string_view run, std::string_view track) {
  SnapshotKey key;
  if (run.size() != kDigits || !ReadNumber(run, 16, key.run)) return std::nullopt;
  if (!ReadNumber(track, 10, key.track)) return std::nullopt;
  return key;
}

double DoubleOf(const json::JsonNumber& number) {
  double value = 0;
  std::from_chars(number.text.data(), number.text.data() + number.text.size(), value);
  return value;
}

class Reader final : public json::JsonHandler {
 public:
  frame::Snapshot snapshot;

  void Key(std::string_view key) override { key_ = key; }
  void Number(const json::JsonNumber& value) override {
    frame::Detection& detection = snapshot.detection;
    if (key_ == "confidence") detection.confidence = DoubleOf(value);
    int* const sides[] = {&detection.bbox.x1, &detection.bbox.y1, &detection.bbox.x2,
                          &detection.bbox.y2};
    if (key_ == "bbox" && side_ < std::size(sides)) {
      *sides[side_++] = static_cast<int>(DoubleOf(value));
    }
  }
  void String(std::span<char> value) override {
    const std::string_view text(value.data(), value.size());
    if (key_ == "event_id") snapshot.event_id = text;
    if (key_ == "class") snapshot.detection.class_name = text;
  }

 private:
  std::string_view key_;
  std::size_t side_ = 0;
};

// The length that a file's comment says it has, its own two bytes included.
std::size_t CommentLength(std::string_view bytes) {
  const auto high = static_cast<unsigned char>(bytes[kBeforeMagic - 2]);
  const auto low = static_cast<unsigned char>(bytes[kBeforeMagic - 1]);
  return static_cast<std::size_t>(high) << 8 | low;
}

}  // namespace

std::optional<SnapshotKey> SnapshotKeyOf(std::string_view event_id) {
  const auto run = event_id.rfind('-');
  if (run == event_id.npos || run == 0) return std::nullopt;
  const auto track = event_id.rfind('-', run - 1);
  if (track == event_id.npos) return std::nullopt;
  return KeyOf(event_id.substr(run + 1), event_id.substr(track + 1, run - track - 1));
}

std::string SnapshotFileName(const SnapshotKey& key) {
  char digits[kDigits];
  const auto end = std::to_chars(digits, digits + kDigits, key.run, 16).ptr;
  std::string name(kNameBegin);
  name.append(kDigits - static_cast<std::size_t>(end - digits), '0').append(digits, end);
  return name.append("-").append(std::to_string(key.track)).append(kNameEnd);
}

std::optional<SnapshotKey> ReadSnapshotFileName(std::string_view name) {
  if (!name.starts_with(kNameBegin) || !name.ends_with(kNameEnd)) return std::nullopt;
  const std::string_view middle = name.substr(kNameBegin.size());
  if (middle.size() < kDigits + 1 + kNameEnd.size() || middle[kDigits] != '-') return std::nullopt;
  const auto key = KeyOf(middle.substr(0, kDigits),
                         middle.substr(kDigits + 1, middle.size() - kDigits - 1 - kNameEnd.size()));
  // Just as it is written: no capital digits, no zeros before a number.
  return key && SnapshotFileName(*key) == name ? key : std::nullopt;
}

base::Result<std::string> SnapshotHead(const frame::Snapshot& snapshot) {
  std::string comment(kMagic);
  json::JsonWriter writer(comment);
  const frame::Detection& detection = snapshot.detection;
  writer.BeginObject();
  writer.Member("event_id", snapshot.event_id);
  writer.Member("class", detection.class_name);
  writer.Member("confidence", json::RoundTo(detection.confidence, 6));
  writer.Key("bbox");
  writer.BeginArray();
  const frame::Bbox& box = detection.bbox;
  for (const int side : {box.x1, box.y1, box.x2, box.y2}) writer.Int(side);
  writer.EndArray();
  writer.EndObject();
  const std::size_t length = comment.size() + kLength;
  if (length > kLongestComment) {
    return base::Fail(base::ErrorCode::kTooLarge, "the event's id is too long for its picture");
  }
  std::string head;
  head.append(kStart).append(kComment);
  head += static_cast<char>(length >> 8);
  head += static_cast<char>(length & 0xFF);
  return head + comment;
}

bool BeginsAsSnapshot(std::string_view bytes) {
  const auto fits = [bytes](std::size_t at, std::string_view wanted) {
    if (bytes.size() <= at) return true;
    const std::string_view there = bytes.substr(at, wanted.size());
    return there == wanted.substr(0, there.size());
  };
  return fits(0, kStart) && fits(kStart.size(), kComment) && fits(kBeforeMagic, kMagic);
}

base::Result<SnapshotContent> ReadSnapshotFile(std::string bytes) {
  const auto failure = [] {
    return base::Fail(base::ErrorCode::kIo, "the picture's file is not as it was written");
  };
  if (bytes.size() < kSnapshotSignature || !BeginsAsSnapshot(bytes)) return failure();
  const std::size_t end = kStart.size() + kComment.size() + CommentLength(bytes);
  if (end < kSnapshotSignature || bytes.size() < end + kStart.size()) return failure();
  std::string json = bytes.substr(kSnapshotSignature, end - kSnapshotSignature);
  json.append(json::kParseRoom, '\0');
  Reader reader;
  if (!json::ParseInPlace(json, {}, reader) || reader.snapshot.event_id.empty()) return failure();
  bytes.erase(kStart.size(), end - kStart.size());
  return SnapshotContent{std::move(reader.snapshot), std::move(bytes)};
}

}  // namespace sampleproc::history
