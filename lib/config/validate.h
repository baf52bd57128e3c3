// The rules that tie one key to another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"

namespace sampleproc::config {

struct Finding {
  Severity severity;
  std::string_view code;
  std::string key;  // the key to blame: where the caret goes
  std::string message;
  std::string hint;
  std::optional<std::size_t> entry = {};  // of a list, from 0: the one to blame
};

// Every broken rule. `config` holds values that are each within their own range.
std::vector<Finding> Validate(const Config& config);

}  // namespace sampleproc::config
