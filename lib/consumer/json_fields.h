// A JSON object as fields of text, for upstreams that write one thing now as fields, now as JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "consumer/entry_fields.h"
#include "frame/options.h"
#include "json/writer.h"

namespace sampleproc::consumer {

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

// `text` is an object, or a string that contains one. Fails with kInvalidFrame, saying what is
// wrong and at which byte. Thread-safe.
base::Result<std::vector<EntryField>> ReadJsonFields(std::string text,
                                                     const frame::Options& options);

}  // namespace sampleproc::consumer
