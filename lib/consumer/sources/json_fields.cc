#include "consumer/sources/json_fields.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "json/reader.h"
#include "json/writer.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;

// As whose limits count for those of a whole array, however many it has.
constexpr int kObjectsOfLimit = 100;

// Collects the members of one object from a reader's events: Key and value by value, from the first
// Key to the object's end. The value of a member that is itself an object or array is its compact
// JSON; null members are left out.
class FieldCollector {
 public:
  void Key(std::string_view key);
  void Text(std::string_view value);   // a string, unescaped
  void Plain(std::string_view value);  // a number, true or false as JSON writes it
  void Null();
  void Open(char bracket);
  void Close();

  std::vector<EntryField> Take() { return std::exchange(fields_, {}); }

 private:
  void Add(std::string_view value);

  std::vector<EntryField> fields_;
  std::string name_;
  std::string nested_;
  std::optional<json::JsonWriter> writer_;  // of nested_, while an object or array is open
  std::vector<char> open_;
};

void FieldCollector::Key(std::string_view key) {
  if (writer_) return writer_->Key(key);
  name_ = key;
}

void FieldCollector::Text(std::string_view value) {
  if (writer_) return writer_->String(value);
  Add(value);
}

void FieldCollector::Plain(std::string_view value) {
  if (writer_) return writer_->Raw(value);
  Add(value);
}

void FieldCollector::Null() {
  if (writer_) writer_->Null();
}

void FieldCollector::Open(char bracket) {
  if (!writer_) {
    nested_.clear();
    writer_.emplace(nested_);
  }
  open_.push_back(bracket);
  bracket == '{' ? writer_->BeginObject() : writer_->BeginArray();
}

void FieldCollector::Close() {
  open_.back() == '{' ? writer_->EndObject() : writer_->EndArray();
  open_.pop_back();
  if (!open_.empty()) return;
  writer_.reset();
  Add(nested_);
}

void FieldCollector::Add(std::string_view value) {
  fields_.push_back({std::move(name_), std::string(value)});
}

// The outermost value: an object's members, or a string.
class OutermostHandler final : public json::JsonHandler {
 public:
  void Null() override {
    if (depth_ > 0) fields_.Null();
  }
  void Bool(bool value) override {
    if (depth_ > 0) fields_.Plain(value ? "true" : "false");
  }
  void Number(const json::JsonNumber& value) override {
    if (depth_ > 0) fields_.Plain(value.text);
  }
  void String(std::span<char> value) override {
    const std::string_view text(value.data(), value.size());
    if (depth_ > 0) return fields_.Text(text);
    text_ = text;
  }
  void Key(std::string_view key) override { fields_.Key(key); }
  void StartObject() override {
    if (depth_++ > 0) return fields_.Open('{');
    is_object_ = true;
  }
  void StartArray() override {
    if (depth_++ > 0) fields_.Open('[');
  }
  void EndObject(std::size_t /*members*/) override { End(); }
  void EndArray(std::size_t /*elements*/) override { End(); }

  bool is_object() const { return is_object_; }
  std::optional<std::string>& text() { return text_; }
  std::vector<EntryField> Take() { return fields_.Take(); }

 private:
  void End() {
    if (--depth_ > 0) fields_.Close();
  }

  FieldCollector fields_;
  int depth_ = 0;
  bool is_object_ = false;
  std::optional<std::string> text_;
};

// The elements of one member of the outermost object.
class ElementsHandler final : public json::JsonHandler {
 public:
  using Fields = std::vector<EntryField>;

  ElementsHandler(std::string_view member, std::size_t most) : member_(member), most_(most) {}

  void Null() override {
    if (InElement()) return fields_.Null();
    Other();
  }
  void Bool(bool value) override {
    if (InElement()) return fields_.Plain(value ? "true" : "false");
    Other();
  }
  void Number(const json::JsonNumber& value) override {
    if (InElement()) return fields_.Plain(value.text);
    Other();
  }
  void String(std::span<char> value) override {
    if (InElement()) return fields_.Text({value.data(), value.size()});
    Other();
  }
  void Key(std::string_view key) override {
    if (depth_ == 1) at_member_ = key == member_;
    if (InElement()) fields_.Key(key);
  }
  void StartObject() override {
    if (InElement()) {
      fields_.Open('{');
    } else if (depth_ == kElement) {
      is_object_ = true;
    }
    ++depth_;
  }
  void StartArray() override {
    if (InElement()) {
      fields_.Open('[');
    } else if (depth_ == 1 && at_member_) {
      in_member_ = found_ = true;
    }
    ++depth_;
  }
  void EndObject(std::size_t /*members*/) override { End(); }
  void EndArray(std::size_t /*elements*/) override { End(); }

  bool found() const { return found_; }
  bool has_more() const { return has_more_; }
  std::vector<std::optional<Fields>> Take() { return std::move(elements_); }

 private:
  // Objects and arrays that are open around an element.
  static constexpr int kElement = 2;

  // Inside of an element that is an object.
  bool InElement() const { return in_member_ && is_object_ && depth_ > kElement; }

  // A value that is no element's: itself one, perhaps.
  void Other() {
    if (in_member_ && depth_ == kElement) Add(std::nullopt);
  }

  void End() {
    --depth_;
    if (InElement()) return fields_.Close();
    if (in_member_ && depth_ == kElement) {
      if (is_object_) {
        Add(fields_.Take());
      } else {
        Add(std::nullopt);
      }
      is_object_ = false;
    }
    if (depth_ == 1) in_member_ = false;
  }

  void Add(std::optional<Fields> element) {
    has_more_ |= elements_.size() >= most_;
    if (!has_more_) elements_.push_back(std::move(element));
  }

  const std::string_view member_;
  const std::size_t most_;
  FieldCollector fields_;
  std::vector<std::optional<Fields>> elements_;
  int depth_ = 0;
  bool at_member_ = false;  // its value comes next or is open
  bool in_member_ = false;  // its array is open
  bool is_object_ = false;  // the element that is open
  bool found_ = false;
  bool has_more_ = false;  // than are taken
};

}  // namespace

Result<std::vector<EntryField>> ReadJsonFields(std::string text, const frame::Options& options) {
  // Once for the text, and once more for a text in the text.
  for (int pass = 0; pass < 2; ++pass) {
    text.resize(text.size() + json::kParseRoom);
    OutermostHandler handler;
    if (auto parsed =
            json::ParseInPlace(text, {options.max_json_depth, options.max_json_nodes}, handler);
        !parsed) {
      return base::Fail(ErrorCode::kInvalidFrame, std::move(parsed.error().message));
    }
    if (handler.is_object()) return handler.Take();
    if (!handler.text()) break;
    text = std::move(*handler.text());
  }
  return base::Fail(ErrorCode::kInvalidFrame, "must be a JSON object");
}

Result<std::vector<std::optional<std::vector<EntryField>>>> ReadJsonFieldsOfEach(
    std::string text, std::string_view member, std::size_t most, const frame::Options& options) {
  text.resize(text.size() + json::kParseRoom);
  ElementsHandler handler(member, most);
  const int nodes = options.max_json_nodes * kObjectsOfLimit;
  auto parsed = json::ParseInPlace(text, {options.max_json_depth + 2, nodes}, handler);
  if (!parsed && parsed.error().kind != json::JsonError::Kind::kDuplicateKey) {
    return base::Fail(ErrorCode::kInvalidFrame, std::move(parsed.error().message));
  }
  if (!handler.found()) {
    return base::Fail(ErrorCode::kInvalidFrame, "has no array \"" + std::string(member) + "\"");
  }
  if (handler.has_more()) {
    return base::Fail(ErrorCode::kInvalidFrame, "\"" + std::string(member) + "\" has more than " +
                                                    std::to_string(most) + " elements");
  }
  return handler.Take();
}

}  // namespace sampleproc::consumer
