#include "frame/frame_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/base64.h"
#include "frame/frame_json.h"
#include "frame/frame_names.h"
#include "frame/frame_text.h"

namespace sampleproc::frame {
namespace {

// What a member of `metadata` may be.
struct MemberRule {
  enum class Numbers { kNone, kIntegers, kAll, kSide };
  std::string_view name;
  std::size_t max_bytes;
  Numbers numbers;
  std::string_view type_rule;
};

constexpr std::array<MemberRule, kMembers> kRules = {{
    {"frame_id", kMaxIdBytes, MemberRule::Numbers::kIntegers, "must be a string or an integer"},
    {"camera_id", kMaxIdBytes, MemberRule::Numbers::kIntegers, "must be a string or an integer"},
    {"timestamp", kMaxTimestampBytes, MemberRule::Numbers::kAll, "must be a string or a number"},
    {"format", kMaxFormatBytes, MemberRule::Numbers::kNone, "must be a string"},
    {"width", 0, MemberRule::Numbers::kSide, kRawSideRule},
    {"height", 0, MemberRule::Numbers::kSide, kRawSideRule},
}};

constexpr std::string_view kFrameData = "frame_data";

// What other services call the pixels.
std::optional<std::string_view> MistakenFor(std::string_view key) {
  constexpr std::string_view kNames[] = {"frame", "frameData",      "image",    "image_data",
                                         "img",   "picture",        "photo",    "data",
                                         "file",  "frame_data_b64", "frame_url"};
  const auto found = std::ranges::find(kNames, key);
  if (found == std::end(kNames)) return std::nullopt;
  return *found;
}

std::string_view TypeOf(base::Base64Error::Kind kind) {
  switch (kind) {
    case base::Base64Error::Kind::kCharacter:
      return "base64_character";
    case base::Base64Error::Kind::kLength:
      return "base64_length";
    case base::Base64Error::Kind::kPadBits:
      return "base64_padding";
  }
  return "base64_character";
}

}  // namespace

std::string_view TypeOf(json::JsonError::Kind kind) {
  switch (kind) {
    case json::JsonError::Kind::kSyntax:
      return "json_invalid";
    case json::JsonError::Kind::kUnicode:
      return "unicode";
    case json::JsonError::Kind::kDepth:
      return "json_depth";
    case json::JsonError::Kind::kNodes:
      return "json_nodes";
    case json::JsonError::Kind::kDuplicateKey:
      return "duplicate_key";
  }
  return "json_invalid";
}

std::string Excess(std::size_t found, const char* unit, std::size_t limit) {
  return "has " + std::to_string(found) + " " + unit + "; at most " + std::to_string(limit) +
         " are allowed";
}

void AppendOurSteps(std::span<const json::JsonPathStep> path, bool from_metadata,
                    std::vector<std::string>& loc) {
  bool in_metadata = from_metadata;
  for (const json::JsonPathStep& step : path) {
    const bool ours =
        step.is_key && (in_metadata ? std::ranges::count(kRules, step.key, &MemberRule::name) > 0
                                    : step.key == kFrameData || step.key == kMetadata);
    if (!ours) return;
    loc.emplace_back(step.key);
    if (in_metadata || step.key != kMetadata) return;
    in_metadata = true;
  }
}

void FrameReader::Key(std::string_view key) {
  if (depth_ == 1) {
    top_ = key == kFrameData ? Top::kPayload : key == kMetadata ? Top::kDescription : Top::kOther;
    if (top_ == Top::kOther) NoteUnknown(key);
    return;
  }
  if (!in_metadata_) return;
  metadata_bytes_ += json::QuotedSize(key);
  if (depth_ != 2) return;
  const auto rule = std::ranges::find(kRules, key, &MemberRule::name);
  member_ = static_cast<std::size_t>(rule - kRules.begin());
  if (member_ < kMembers) return;
  const auto meant = std::ranges::find_if(
      kRules, [key](const MemberRule& each) { return IsSpellingOf(key, each.name); });
  if (meant != kRules.end()) {
    astray_[static_cast<std::size_t>(meant - kRules.begin())] = Astray::kOtherSpelling;
  }
}

// Of a member at the top that is not ours: what it was meant to be.
void FrameReader::NoteUnknown(std::string_view key) {
  const auto meant = std::ranges::find(kRules, MeantName(key), &MemberRule::name);
  if (meant != kRules.end()) {
    astray_[static_cast<std::size_t>(meant - kRules.begin())] = Astray::kBesideMetadata;
  } else if (const std::string_view setting = ConfiguredBy(key); !setting.empty()) {
    setting_ = setting;
  } else if (IsSpellingOf(key, kMetadata)) {
    metadata_astray_ = true;
  } else {
    other_name_ = MistakenFor(key).value_or(other_name_);
    ++unknown_;
  }
}

void FrameReader::WarnOfUnknown() {
  for (std::size_t i = 0; i < kMembers; ++i) {
    if (astray_[i] == Astray::kNo || members_[i]) continue;
    const std::string name(kRules[i].name);
    if (astray_[i] == Astray::kBesideMetadata) {
      warnings_.push_back({"misplaced_member", name + " was ignored: it belongs in metadata"});
    } else {
      warnings_.push_back(
          {"misspelled_member", "a member of metadata was ignored: " + name + " is its name"});
    }
  }
  if (metadata_astray_) {
    warnings_.push_back({"misspelled_member", "a member was ignored: metadata is its name"});
  }
  if (!setting_.empty()) {
    warnings_.push_back({"configured", "a member was ignored: it " + ConfiguredRule(setting_)});
  }
  if (unknown_ > 0) {
    warnings_.push_back({"unknown_member", "members beside frame_data and metadata were ignored: " +
                                               std::to_string(unknown_)});
  }
}

void FrameReader::Finish() {
  if (is_object_ && !has_frame_data_) {
    std::string text = "is required";
    if (other_name_ == "frame_url") {
      text += "; frame_url is of entries that the service pulls: fetch the picture and send it";
    } else if (!other_name_.empty()) {
      text += "; that is its name, not \"" + std::string(other_name_) + "\"";
    }
    Add("missing", {kFrameData}, std::move(text));
  }
  WarnOfUnknown();
  const auto format = members_[kFormat] ? FindRawFormat(*members_[kFormat]) : std::nullopt;
  if (!format) {
    const bool has_sides = members_[kWidth] && members_[kHeight];
    if (members_[kFormat] && has_sides) unknown_raw_ = *members_[kFormat];
    return;
  }
  raw_ = {*format, SideOf(kWidth), SideOf(kHeight)};
}

void FrameReader::AddTextError(const json::JsonError& error, std::vector<std::string> loc) {
  if (error.kind == json::JsonError::Kind::kSyntax) problems_.clear();
  problems_.push_back({std::string(TypeOf(error.kind)), std::move(loc), error.message});
}

void FrameReader::Add(std::string_view type, std::initializer_list<std::string_view> below,
                      std::string msg) {
  std::vector<std::string> loc = loc_;
  loc.insert(loc.end(), below.begin(), below.end());
  problems_.push_back({std::string(type), std::move(loc), std::move(msg)});
}

std::uint32_t FrameReader::SideOf(MetadataMember which) {
  if (!members_[which]) return 0;
  const auto side = ParseRawSide(*members_[which]);
  if (!side) {
    Add("side_range", {kMetadata, kRules[which].name}, std::string(kRawSideRule));
  }
  return side.value_or(0);
}

void FrameReader::OnValue(const Value& value) {
  if (depth_ == 0) {
    is_object_ = value.kind == Value::Kind::kObject;
    if (!is_object_) Add("object_type", {}, "must be an object");
  } else if (depth_ == 1) {
    if (top_ == Top::kPayload) OnFrameData(value);
    if (top_ == Top::kDescription) OnMetadata(value);
  } else if (in_metadata_) {
    metadata_bytes_ += value.kind == Value::Kind::kString
                           ? json::QuotedSize({value.text.data(), value.text.size()})
                           : value.size;
    if (depth_ == 2 && member_ < kMembers) OnMember(value);
  }
}

void FrameReader::OnFrameData(const Value& value) {
  has_frame_data_ = true;
  const auto add = [this](std::string_view type, std::string msg) {
    Add(type, {kFrameData}, std::move(msg));
  };
  if (value.kind != Value::Kind::kString) return add("string_type", "must be a string");
  if (value.text.empty()) return add("empty", "must not be empty");
  if (value.text.size() > options_.max_frame_data_chars) {
    return add("too_long", Excess(value.text.size(), "characters", options_.max_frame_data_chars));
  }
  auto* bytes = reinterpret_cast<std::uint8_t*>(value.text.data());
  const auto decoded = base::DecodeBase64InPlace({bytes, value.text.size()});
  if (!decoded) {
    return add(TypeOf(decoded.error().kind),
               base::DescribeBase64Error(decoded.error(), {value.text.data(), value.text.size()}));
  }
  payload_ = value.text.first(*decoded);
}

void FrameReader::OnMetadata(const Value& value) {
  in_metadata_ = value.kind == Value::Kind::kObject;
  metadata_bytes_ = 0;
  if (!in_metadata_) Add("object_type", {kMetadata}, "must be an object");
}

void FrameReader::OnMember(const Value& value) {
  const MemberRule& rule = kRules[member_];
  const auto add = [&](std::string_view type, std::string msg) {
    Add(type, {kMetadata, rule.name}, std::move(msg));
  };
  if (value.kind == Value::Kind::kNull) return;
  if (rule.numbers == MemberRule::Numbers::kSide) return OnSide(value);
  std::string_view text(value.text.data(), value.text.size());
  if (value.kind == Value::Kind::kNumber && rule.numbers != MemberRule::Numbers::kNone) {
    text = value.number.text;
    if (!value.number.is_integer && rule.numbers == MemberRule::Numbers::kIntegers) {
      return add("string_type", std::string(rule.type_rule));
    }
    if (value.number.is_integer && !value.number.IsSafeInteger()) {
      return add("number_range", "must be an integer of magnitude 2^53 or less, or a string");
    }
  } else if (value.kind != Value::Kind::kString) {
    return add("string_type", std::string(rule.type_rule));
  }
  auto problem = member_ == kCameraId ? CheckCameraId(text) : CheckText(text, rule.max_bytes);
  if (problem) {
    return add(problem->type, std::move(problem->msg));
  }
  if (!text.empty()) members_[member_] = text;
}

void FrameReader::OnSide(const Value& value) {
  const bool is_number = value.kind == Value::Kind::kNumber;
  members_[member_] = is_number ? value.number.text : std::string_view("not a number");
}

void FrameReader::EndContainer(std::size_t fixed, std::size_t entries) {
  --depth_;
  if (!in_metadata_) return;
  metadata_bytes_ += fixed + (entries > 1 ? entries - 1 : 0);
  if (depth_ > 1) return;
  in_metadata_ = false;
  if (metadata_bytes_ > options_.max_metadata_bytes) {
    Add("metadata_too_large", {kMetadata},
        Excess(metadata_bytes_, "bytes as compact JSON", options_.max_metadata_bytes));
  }
}

void FrameReader::EnterMetadata() {
  has_frame_data_ = true;
  StartObject();
  Key(kMetadata);
}

void TakeMetadata(FrameReader& reader, Frame& frame) {
  frame.frame_id = std::move(reader.member(kFrameId)).value_or("");
  frame.camera_id = std::move(reader.member(kCameraId));
  frame.timestamp = std::move(reader.member(kTimestamp));
  frame.declared_format = std::move(reader.member(kFormat));
  frame.raw = reader.raw();
  frame.unknown_raw = std::move(reader.unknown_raw());
  frame.warnings = std::move(reader.warnings());
}

Frame TakeFrame(FrameReader& reader) {
  Frame frame;
  frame.encoded = base::AsBytes({reader.payload().data(), reader.payload().size()});
  TakeMetadata(reader, frame);
  return frame;
}

std::span<char> WithRoom(base::ByteBuffer& body) {
  const std::size_t size = body.size();
  body.reserve(size + kJsonBodyRoom);  // no growth by half or more, which resize might choose
  body.resize(size + kJsonBodyRoom);
  return {reinterpret_cast<char*>(body.data()), body.size()};
}

}  // namespace sampleproc::frame
