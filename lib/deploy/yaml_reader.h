// YAML text to config::Values: the only place that knows the YAML library.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "config/toml_reader.h"
#include "config/value.h"

namespace sampleproc::deploy {

// The documents of `text`, each value with its place. A plain whole number is an integer, plain
// true and false are booleans, every other scalar is a string as it is written (null is "").
// Anchors are followed and merge keys ("<<") applied. The first mistake of the text is the error;
// so is what is nested more than 64 deep, is more than 20,000 values or, by aliases, more than 4
// MiB of text, or sets a key twice.
std::expected<std::vector<config::Value>, config::SyntaxError> ReadYaml(std::string_view text);

}  // namespace sampleproc::deploy
