// Listens to the JSON of one frame, for the readers of single frames and of batches.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/options.h"
#include "json/reader.h"
#include "json/writer.h"

namespace sampleproc::frame {

inline constexpr std::string_view kMetadata = "metadata";

// The members of `metadata` that are looked at.
enum MetadataMember { kFrameId, kCameraId, kTimestamp, kFormat, kWidth, kHeight, kMembers };

// The type of a problem for an error of the text: "json_invalid", "duplicate_key"...
std::string_view TypeOf(json::JsonError::Kind kind);

// "has 3 frames; at most 2 are allowed".
std::string Excess(std::size_t found, const char* unit, std::size_t limit);

// Appends the steps of `path` as far as they are names of ours: of a frame, or of its metadata when
// the path begins there.
void AppendOurSteps(std::span<const json::JsonPathStep> path, bool from_metadata,
                    std::vector<std::string>& loc);

// Listens to one frame; keeps what a Frame needs and notes all that is wrong. `loc` is where the
// frame stands.
class FrameReader final : public json::JsonHandler {
 public:
  FrameReader(const Options& options, std::vector<std::string> loc)
      : options_(options), loc_(std::move(loc)) {}

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

  void Key(std::string_view key) override;

  // After a sound parse.
  void Finish();

  // What follows is the value of `metadata` alone.
  void EnterMetadata();

  // After a failed parse.
  void AddTextError(const json::JsonError& error, std::vector<std::string> loc);

  std::vector<base::Problem>& problems() { return problems_; }
  std::span<const char> payload() const { return payload_; }
  const std::optional<RawDescription>& raw() const { return raw_; }
  std::string& unknown_raw() { return unknown_raw_; }  // Frame's
  std::optional<std::string>& member(MetadataMember which) { return members_[which]; }

  // Of members that were passed over, after Finish.
  std::vector<Warning>& warnings() { return warnings_; }

 private:
  struct Value {
    enum class Kind { kNull, kNumber, kString, kObject, kOther };
    Kind kind;
    std::size_t size = 0;  // as compact JSON; containers add theirs at their end, strings later
    std::span<char> text = {};
    json::JsonNumber number = {};
  };
  enum class Top { kPayload, kDescription, kOther };

  // Where a member was seen that was meant to be one of those of `metadata`.
  enum class Astray { kNo, kBesideMetadata, kOtherSpelling };

  void Add(std::string_view type, std::initializer_list<std::string_view> below, std::string msg);
  void NoteUnknown(std::string_view key);
  void WarnOfUnknown();
  std::uint32_t SideOf(MetadataMember which);
  void OnValue(const Value& value);
  void OnFrameData(const Value& value);
  void OnMetadata(const Value& value);
  void OnMember(const Value& value);

  // Whether a bad side is a problem is known at the end: the format may follow.
  void OnSide(const Value& value);
  void EndContainer(std::size_t fixed, std::size_t entries);

  const Options& options_;
  const std::vector<std::string> loc_;
  std::vector<base::Problem> problems_;
  std::span<const char> payload_;
  std::array<std::optional<std::string>, kMembers> members_;
  std::optional<RawDescription> raw_;
  std::string unknown_raw_;
  bool is_object_ = false;
  bool has_frame_data_ = false;
  int depth_ = 0;  // objects and arrays open now
  Top top_ = Top::kOther;
  std::string_view other_name_;  // a member that was perhaps meant to be frame_data
  std::vector<Warning> warnings_;
  std::array<Astray, kMembers> astray_{};
  std::string_view setting_;      // the key of one that is configured
  bool metadata_astray_ = false;  // a member was "Metadata"
  std::size_t unknown_ = 0;       // members at the top of no known name
  bool in_metadata_ = false;
  std::size_t metadata_bytes_ = 0;
  std::size_t member_ = kMembers;  // which; kMembers for a name that is not ours
};

// What a reader without problems has read of the metadata.
void TakeMetadata(FrameReader& reader, Frame& frame);

// The frame that a reader without problems has read; its storage is the caller's to set.
Frame TakeFrame(FrameReader& reader);

// Room for the JSON reader behind a text, which ends with the text's last byte.
std::span<char> WithRoom(base::ByteBuffer& body);

}  // namespace sampleproc::frame
