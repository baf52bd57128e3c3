#include "frame/frame_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "frame/frame_text.h"
#include "json/writer.h"

namespace sampleproc::frame {
namespace {

using base::Problem;

// What a member of `metadata` may be.
struct MemberRule {
  enum class Numbers { kNone, kIntegers, kAll, kSide };
  std::string_view name;
  std::size_t max_bytes;
  Numbers numbers;
  std::string_view type_rule;
};

enum Member { kFrameId, kCameraId, kTimestamp, kFormat, kWidth, kHeight, kMembers };

constexpr std::array<MemberRule, kMembers> kRules = {{
    {"frame_id", kMaxIdBytes, MemberRule::Numbers::kIntegers, "must be a string or an integer"},
    {"camera_id", kMaxIdBytes, MemberRule::Numbers::kIntegers, "must be a string or an integer"},
    {"timestamp", kMaxTimestampBytes, MemberRule::Numbers::kAll, "must be a string or a number"},
    {"format", kMaxFormatBytes, MemberRule::Numbers::kNone, "must be a string"},
    {"width", 0, MemberRule::Numbers::kSide, kRawSideRule},
    {"height", 0, MemberRule::Numbers::kSide, kRawSideRule},
}};

constexpr std::string_view kFrameData = "frame_data";
constexpr std::string_view kMetadata = "metadata";

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

// Listens to the whole body; keeps what a Frame needs and notes all that is wrong.
class BodyReader final : public json::JsonHandler {
 public:
  explicit BodyReader(const Options& options) : options_(options) {}

  void Null() override { OnValue({.kind = Value::Kind::kNull, .size = 4}); }
  void Bool(bool value) override {
    OnValue({.kind = Value::Kind::kOther, .size = value ? std::size_t{4} : std::size_t{5}});
  }
  void Number(const json::JsonNumber& number) override {
    OnValue({.kind = Value::Kind::kNumber, .size = number.text.size(), .number = number});
  }
  void String(std::span<char> text) override {
    OnValue({.kind = Value::Kind::kString, .text = text});
  }
  void StartObject() override {
    OnValue({.kind = Value::Kind::kObject, .size = 0});
    ++depth_;
  }
  void StartArray() override {
    OnValue({.kind = Value::Kind::kOther, .size = 0});
    ++depth_;
  }
  // Brackets, commas, and a colon for each member.
  void EndObject(std::size_t members) override { EndContainer(2 + members, members); }
  void EndArray(std::size_t elements) override { EndContainer(2, elements); }

  void Key(std::string_view key) override {
    if (depth_ == 1) {
      top_ = key == kFrameData ? Top::kPayload : key == kMetadata ? Top::kDescription : Top::kOther;
      return;
    }
    if (!in_metadata_) return;
    metadata_bytes_ += json::QuotedSize(key);
    if (depth_ != 2) return;
    const auto rule = std::ranges::find(kRules, key, &MemberRule::name);
    member_ = static_cast<std::size_t>(rule - kRules.begin());
  }

  // After a sound parse.
  void Finish() {
    if (is_object_ && !has_frame_data_) {
      Add("missing", {"body", std::string(kFrameData)}, "is required");
    }
    const auto format = members_[kFormat] ? FindRawFormat(*members_[kFormat]) : std::nullopt;
    if (!format) return;
    raw_ = {*format, SideOf(kWidth), SideOf(kHeight)};
  }

  // After a failed one. The steps to the place are followed as far as they are names of ours.
  void AddTextError(const json::JsonError& error) {
    if (error.kind == json::JsonError::Kind::kSyntax) problems_.clear();
    std::vector<std::string> loc = {"body"};
    for (const json::JsonPathStep& step : error.path) {
      const bool ours =
          loc.size() == 1 ? step.key == kFrameData || step.key == kMetadata
          : loc.size() == 2
              ? loc[1] == kMetadata && std::ranges::count(kRules, step.key, &MemberRule::name) > 0
              : false;
      if (!step.is_key || !ours) break;
      loc.emplace_back(step.key);
    }
    Add(TypeOf(error.kind), std::move(loc), error.message);
  }

  std::vector<Problem>& problems() { return problems_; }
  std::span<const char> payload() const { return payload_; }
  const std::optional<RawDescription>& raw() const { return raw_; }
  std::optional<std::string>& member(Member which) { return members_[which]; }

 private:
  struct Value {
    enum class Kind { kNull, kNumber, kString, kObject, kOther };
    Kind kind;
    std::size_t size = 0;  // as compact JSON; containers add theirs at their end, strings later
    std::span<char> text = {};
    json::JsonNumber number = {};
  };
  enum class Top { kPayload, kDescription, kOther };

  void Add(std::string_view type, std::vector<std::string> loc, std::string msg) {
    problems_.push_back({std::string(type), std::move(loc), std::move(msg)});
  }

  std::uint32_t SideOf(Member which) {
    if (!members_[which]) return 0;
    const auto side = ParseRawSide(*members_[which]);
    if (!side) {
      Add("side_range", {"body", std::string(kMetadata), std::string(kRules[which].name)},
          std::string(kRawSideRule));
    }
    return side.value_or(0);
  }

  void OnValue(const Value& value) {
    if (depth_ == 0) {
      is_object_ = value.kind == Value::Kind::kObject;
      if (!is_object_) Add("object_type", {"body"}, "must be an object");
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

  void OnFrameData(const Value& value) {
    has_frame_data_ = true;
    const auto add = [this](std::string_view type, std::string msg) {
      Add(type, {"body", std::string(kFrameData)}, std::move(msg));
    };
    if (value.kind != Value::Kind::kString) return add("string_type", "must be a string");
    if (value.text.empty()) return add("empty", "must not be empty");
    if (value.text.size() > options_.max_frame_data_chars) {
      return add("too_long",
                 Excess(value.text.size(), "characters", options_.max_frame_data_chars));
    }
    auto* bytes = reinterpret_cast<std::uint8_t*>(value.text.data());
    const auto decoded = base::DecodeBase64InPlace({bytes, value.text.size()});
    if (!decoded) {
      return add(TypeOf(decoded.error().kind), base::DescribeBase64Error(decoded.error()));
    }
    payload_ = value.text.first(*decoded);
  }

  void OnMetadata(const Value& value) {
    in_metadata_ = value.kind == Value::Kind::kObject;
    metadata_bytes_ = 0;
    if (!in_metadata_) Add("object_type", {"body", std::string(kMetadata)}, "must be an object");
  }

  void OnMember(const Value& value) {
    const MemberRule& rule = kRules[member_];
    const auto add = [&](std::string_view type, std::string msg) {
      Add(type, {"body", std::string(kMetadata), std::string(rule.name)}, std::move(msg));
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
    if (auto problem = CheckText(text, rule.max_bytes)) {
      return add(problem->type, std::move(problem->msg));
    }
    if (!text.empty()) members_[member_] = text;
  }

  // Whether a bad side is a problem is known at the end: the format may follow.
  void OnSide(const Value& value) {
    const bool is_number = value.kind == Value::Kind::kNumber;
    members_[member_] = is_number ? value.number.text : std::string_view("not a number");
  }

  void EndContainer(std::size_t fixed, std::size_t entries) {
    --depth_;
    if (!in_metadata_) return;
    metadata_bytes_ += fixed + (entries > 1 ? entries - 1 : 0);
    if (depth_ > 1) return;
    in_metadata_ = false;
    if (metadata_bytes_ > options_.max_metadata_bytes) {
      Add("metadata_too_large", {"body", std::string(kMetadata)},
          Excess(metadata_bytes_, "bytes as compact JSON", options_.max_metadata_bytes));
    }
  }

  const Options& options_;
  std::vector<Problem> problems_;
  std::span<const char> payload_;
  std::array<std::optional<std::string>, kMembers> members_;
  std::optional<RawDescription> raw_;
  bool is_object_ = false;
  bool has_frame_data_ = false;
  int depth_ = 0;  // objects and arrays open now
  Top top_ = Top::kOther;
  bool in_metadata_ = false;
  std::size_t metadata_bytes_ = 0;
  std::size_t member_ = kMembers;  // of kRules; kMembers for a name that is not ours
};

}  // namespace

base::Result<Frame> ParseFrameJson(base::ByteBuffer body, const Options& options) {
  const std::size_t size = body.size();
  body.reserve(size + kJsonBodyRoom);  // no growth by half or more, which resize might choose
  body.resize(size + kJsonBodyRoom);

  BodyReader reader(options);
  const auto parsed = json::ParseInPlace({reinterpret_cast<char*>(body.data()), body.size()},
                                         {options.max_json_depth, options.max_json_nodes}, reader);
  if (parsed) {
    reader.Finish();
  } else {
    if (parsed.error().kind == json::JsonError::Kind::kDuplicateKey) reader.Finish();
    reader.AddTextError(parsed.error());
  }
  if (!reader.problems().empty()) {
    return base::Fail(base::ErrorCode::kInvalidFrame, std::move(reader.problems()));
  }

  Frame frame;
  frame.encoded = base::AsBytes({reader.payload().data(), reader.payload().size()});
  frame.storage = std::move(body);
  frame.frame_id = std::move(reader.member(kFrameId)).value_or("");
  frame.camera_id = std::move(reader.member(kCameraId));
  frame.timestamp = std::move(reader.member(kTimestamp));
  frame.declared_format = std::move(reader.member(kFormat));
  frame.raw = reader.raw();
  return frame;
}

}  // namespace sampleproc::frame
