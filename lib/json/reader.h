// Reads JSON (RFC 8259) from strangers as a stream of events. Nothing is built: memory is bounded
// by the limits, never by the text, and depth costs no stack.
//
// Stricter than many readers, so that no two of them can see different things in one text: no
// duplicate keys in an object, no byte order mark, only well-formed UTF-8 (escapes included, so no
// lone surrogates), no numbers beyond the range of a double, nothing after the value but white
// space.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::json {

// Bytes that must follow the text in its buffer. They are overwritten with zeros: one ends the
// text, the rest lets strings be scanned sixteen bytes at a time.
constexpr std::size_t kParseRoom = 16;

struct JsonLimits {
  int depth = 32;      // nested objects and arrays, the outermost is 1
  int nodes = 10'000;  // values of every kind, keys not counted
};

// A number as the sender wrote it; well-formed and within the range of a double.
struct JsonNumber {
  std::string_view text;
  bool is_integer = false;  // without fraction and exponent; it may exceed 64 bits

  // Whether it is an integer of magnitude 2^53 or less, which every reader reads alike.
  bool IsSafeInteger() const;
};

// Receives the events in the text's order. The views point into the text's buffer and stay valid
// as long as it does. What is not overridden is ignored.
class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual void Null() {}
  virtual void Bool(bool /*value*/) {}
  virtual void Number(const JsonNumber& /*value*/) {}
  virtual void String(std::span<char> /*value*/) {}  // unescaped; the handler may overwrite it
  virtual void Key(std::string_view /*key*/) {}
  virtual void StartObject() {}
  virtual void EndObject(std::size_t /*members*/) {}
  virtual void StartArray() {}
  virtual void EndArray(std::size_t /*elements*/) {}
};

// A step on the way from the outermost value inwards.
struct JsonPathStep {
  bool is_key = false;
  std::string_view key;   // points into the text's buffer
  std::size_t index = 0;  // of an array's element
};

struct JsonError {
  enum class Kind {
    kSyntax,        // not JSON, or a number beyond the range of a double
    kUnicode,       // a string or key is not well-formed Unicode
    kDepth,         // more nesting than the limit
    kNodes,         // more values than the limit
    kDuplicateKey,  // two members of one object have the same name
  };
  Kind kind = Kind::kSyntax;
  std::size_t offset = 0;          // in bytes from the start of the text
  std::string message;             // what is wrong and at which byte; never the text itself
  std::vector<JsonPathStep> path;  // to the value, or the member, that is wrong
};

// Parses all but the last kParseRoom bytes of `text_with_room`, destroying them. Limits are
// enforced at the value that exceeds them. A duplicate key is reported when the rest is sound; so
// the handler has then seen every event. After any other error the handler has seen the events
// before it. A text of 4 GiB or more is refused.
//
// Precondition: text_with_room.size() >= kParseRoom. Thread-safe.
std::expected<void, JsonError> ParseInPlace(std::span<char> text_with_room,
                                            const JsonLimits& limits, JsonHandler& handler);

}  // namespace sampleproc::json
