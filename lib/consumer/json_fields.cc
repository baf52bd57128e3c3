#include "consumer/json_fields.h"

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

}  // namespace sampleproc::consumer
