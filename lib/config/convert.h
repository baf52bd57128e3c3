// From a written value to a key's Setting, or the reason why not.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/value.h"

namespace sampleproc::config {

struct Refusal {
  std::string_view code;  // of config/diagnostic.h
  std::string message;
  std::string hint = {};
  std::optional<std::size_t> entry = {};  // of a list, from 0
  std::vector<Refusal> more = {};         // of the list's other entries that are wrong
  std::vector<std::string> texts = {};    // the list's entries, "" for those that are wrong
};

// A value of a TOML file: types are taken strictly (8099 is no string, "8099" no number), a number
// without a unit is seconds or bytes.
std::expected<Setting, Refusal> ConvertValue(const Key& key, const Value& value);

// Text of a variable or a flag: it is read as TOML, and as a plain string where that fails or where
// the key takes a string anyhow. Lists may be written a,b and truth values in the usual ways.
// A number without a unit counts in `plain_unit` milliseconds or bytes. Blanks around it do not
// count, except in a string, of which they would be a part.
std::expected<Setting, Refusal> ConvertText(const Key& key, std::string_view text,
                                            std::int64_t plain_unit);

// What a number without a unit counts in for this kind: seconds (1000) or bytes (1).
std::int64_t PlainUnit(Kind kind);

// `text` for a message: `longest` characters of it, whatever is not printable ASCII replaced by
// '?', and what is secret by stars.
std::string Shown(std::string_view text, std::size_t longest = 40);

// The same of text without secrets.
std::string Printable(std::string_view text, std::size_t longest);

}  // namespace sampleproc::config
