// TOML text to Values: the only place that knows the TOML library.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "config/value.h"

namespace sampleproc::config {

struct SyntaxError {
  std::string message;
  Place place;
  bool is_too_deep = false;  // it may be TOML, but nobody writes it so
};

// Reads a whole document (TOML 1.0, UTF-8). A parser stops at the first mistake, so there is one
// error at most; what is nested more than kMostNested deep (toml_scanner.h) is one. Keys come out
// in the order of their places in the text.
std::expected<Table, SyntaxError> ReadToml(std::string_view text);

// Reads `text` as the right-hand side of one `key = value` line; nothing when it is not one.
std::optional<Value> ReadTomlValue(std::string_view text);

}  // namespace sampleproc::config
