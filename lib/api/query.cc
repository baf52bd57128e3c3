#include "api/query.h"

#include <algorithm>
#include <iterator>

#include "http/message.h"

namespace sampleproc::api {
namespace {

std::string Joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace

Query::Query(std::string_view query, std::span<const std::string_view> known) : query_(query) {
  std::vector<std::string> seen;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::string name = http::ParameterName(pair.substr(0, pair.find('=')));
    if (name.empty()) continue;
    if (std::ranges::find(known, name) == known.end()) {
      problems_.push_back({"unknown_parameter",
                           {"query"},
                           "has a parameter that is none of this endpoint's" +
                               (known.empty() ? ", which has none" : ": " + Joined(known))});
    } else if (std::ranges::find(seen, name) != seen.end()) {
      Wrong(name, "repeated", "must be there once at most");
    }
    seen.push_back(name);
  }
}

std::optional<std::string> Query::Value(std::string_view name) {
  auto value = http::QueryParameter(query_, name);
  if (value) return std::move(*value);
  std::ranges::move(value.error().problems, std::back_inserter(problems_));
  return std::nullopt;
}

std::optional<std::string> Query::Text(std::string_view name) {
  auto value = Value(name);
  if (value && value->empty()) {
    Wrong(name, "empty", "must have a value, or not be there");
    return std::nullopt;
  }
  return value;
}

bool Query::Switch(std::string_view name) {
  const std::string wanted = Value(name).value_or("");
  if (!wanted.empty() && wanted != "0" && wanted != "1") Wrong(name, "choice", "must be 1 or 0");
  return wanted == "1";
}

void Query::Wrong(std::string_view name, std::string_view type, std::string_view rule) {
  problems_.push_back({std::string(type), {"query", std::string(name)}, std::string(rule)});
}

}  // namespace sampleproc::api
