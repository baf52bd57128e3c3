// Writes JSON by appending to a string. Its output is always valid UTF-8 on one line.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::json {

// Appends `text` in double quotes. The quote, the backslash and control characters are escaped in
// their shortest form; each byte that is not part of well-formed UTF-8 becomes U+FFFD.
void AppendQuoted(std::string_view text, std::string& out);

// What AppendQuoted would append for well-formed `text`, in bytes.
std::size_t QuotedSize(std::string_view text);

// `value` rounded to `decimals` places, half away from zero. For results of functions whose last
// bits differ from one mathematics library to the next.
double RoundTo(double value, int decimals);

// Commas and colons are put in by the writer; that objects and arrays are opened and closed in
// order and that each member has a key is the caller's duty. Used by one thread at a time; `out`
// must outlive it.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view key);

  void String(std::string_view text);
  void Bool(bool value);
  void Null();

  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void Int(T value) {
    if constexpr (std::signed_integral<T>) {
      Signed(value);
    } else {
      Unsigned(value);
    }
  }

  // The shortest text that reads back as the same double. JSON has no NaN and no infinity: a value
  // that is not finite is a bug of the caller and throws std::invalid_argument.
  void Double(double value);

  // Already JSON.
  void Raw(std::string_view json);

  // Key and value in one call.
  void Member(std::string_view key, std::string_view text) { Key(key), String(text); }
  void Member(std::string_view key, const char* text) { Key(key), String(text); }
  void Member(std::string_view key, bool value) { Key(key), Bool(value); }
  void Member(std::string_view key, double value) { Key(key), Double(value); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void Member(std::string_view key, T value) {
    Key(key);
    Int(value);
  }

 private:
  void BeforeValue();
  void Open(char bracket);
  void Close(char bracket);
  void Signed(std::int64_t value);
  void Unsigned(std::uint64_t value);

  std::string& out_;
  std::vector<bool> has_entries_;  // one for each open object and array
  bool after_key_ = false;
};

}  // namespace sampleproc::json
