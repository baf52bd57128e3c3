// Goes through TOML text by its characters, strings and comments, before anybody knows whether it
// is TOML.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/value.h"

namespace sampleproc::config {

// Used by one thread. The text must outlive it.
class TomlScanner {
 public:
  explicit TomlScanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }

  // The next character; '\0' at the end.
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }

  // Of the next character.
  Place place() const { return {line_, column_, 1}; }

  // kOpenString: a string over several lines that is never closed, so that all the rest is in it.
  enum class Passed { kCharacter, kString, kComment, kOpenString };

  // Passes the next string or comment as a whole, or else one character. A string on one line ends
  // with the line; a comment's line end stays. Call it before the end only.
  Passed Next();

 private:
  bool OpensLines(char quote) const;
  void Step();
  bool PassLines(char quote);
  void PassOneLine(char quote);

  const std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;  // of characters, not of bytes
};

// Tables and lists that stand in each other so deep are more than anybody writes.
inline constexpr std::size_t kMostNested = 64;

// Where something first stands more than kMostNested deep, each part of a dotted key and each
// bracket being one level; nothing where all is less deep. The TOML library and what reads its
// tables go down by recursion, and dotted keys have no bound there: 3.3 ends in a stack overflow.
std::optional<Place> FindTooDeep(std::string_view text);

}  // namespace sampleproc::config
