#include "loadtest/head_text.h"

#include <algorithm>

#include "base/ascii.h"
#include "http/message.h"

namespace sampleproc::loadtest {
namespace {

bool IsNameCharacter(char c) {
  return base::IsAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

bool HasName(std::string_view field, std::string_view name) {
  return http::EqualsIgnoreCase(field.substr(0, field.find(':')), name);
}

bool IsField(std::string_view field) {
  const std::size_t colon = field.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  return std::ranges::all_of(field.substr(0, colon), IsNameCharacter) &&
         std::ranges::none_of(field, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string FixedFields(const HeadOptions& options) {
  std::string text;
  const auto add = [&options, &text](std::string_view name, std::string_view value) {
    const bool replaced = std::ranges::any_of(
        options.fields, [name](const std::string& field) { return HasName(field, name); });
    if (replaced || value.empty()) return;
    text.append(name).append(": ").append(value).append("\r\n");
  };
  add("Host", options.host);
  add("User-Agent", "sampleproc-loadtest");
  add("Accept", "*/*");
  add("Authorization", options.authorization);
  add("Connection", options.keep_alive ? "" : "close");
  for (const std::string& field : options.fields) text.append(field).append("\r\n");
  return text;
}

}  // namespace sampleproc::loadtest
