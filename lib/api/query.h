// The parameters of a request's query, and all that is wrong with them: for endpoints that take no
// frame.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace sampleproc::api {

class Query {
 public:
  // `known` are the endpoint's parameters: any other one is wrong, and one that is there twice.
  // Both have to outlive the object.
  Query(std::string_view query, std::span<const std::string_view> known);

  // Nothing when it is not there, or is wrong.
  std::optional<std::string> Text(std::string_view name);

  // What `read` makes of it; nothing of that is wrong, by this rule.
  template <typename Read>
  auto Get(std::string_view name, const Read& read, std::string_view type, std::string_view rule)
      -> decltype(read(std::string_view())) {
    const std::optional<std::string> text = Text(name);
    if (!text) return std::nullopt;
    auto value = read(*text);
    if (!value) Wrong(name, type, rule);
    return value;
  }

  // Whether a parameter that is "1" or "0" is 1; without it, or empty, not.
  bool Switch(std::string_view name);

  void Wrong(std::string_view name, std::string_view type, std::string_view rule);

  // The rest when nothing is wrong; else kBadRequest, which names each parameter that is.
  template <typename T>
  base::Result<T> Or(T value) {
    if (problems_.empty()) return value;
    return base::Fail(base::ErrorCode::kBadRequest, std::move(problems_));
  }

 private:
  // As http::QueryParameter().
  std::optional<std::string> Value(std::string_view name);

  const std::string_view query_;
  std::vector<base::Problem> problems_;
};

}  // namespace sampleproc::api
