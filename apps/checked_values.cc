#include "apps/checked_values.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>

namespace sampleproc::apps {
namespace {

std::optional<std::size_t> ParseNumber(const std::string& text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// "-j,--jobs" -> "--jobs"
std::string LongName(const std::string& option) { return option.substr(option.find("--")); }

[[noreturn]] void Refuse(const std::string& rule) { throw CLI::ValidationError(rule); }

}  // namespace

CLI::Option* AddNumber(CLI::App& app, const std::string& option, std::size_t& value,
                       std::size_t least, std::size_t most, const std::string& help) {
  const std::string rule = LongName(option) + " must be an integer from " + std::to_string(least) +
                           " to " + std::to_string(most);
  return app
      .add_option_function<std::string>(
          option,
          [&value, least, most, rule](const std::string& text) {
            const auto number = ParseNumber(text);
            if (!number || *number < least || *number > most) Refuse(rule);
            value = *number;
          },
          help)
      ->type_name("N");
}

CLI::Option* AddChoice(CLI::App& app, const std::string& option, std::string& value,
                       std::vector<std::string_view> choices, const std::string& help) {
  std::string rule = LongName(option) + " must be ";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) rule += i + 1 < choices.size() ? ", " : " or ";
    rule += choices[i];
  }
  return app.add_option_function<std::string>(
      option,
      [&value, choices = std::move(choices), rule](const std::string& text) {
        if (std::ranges::find(choices, text) == choices.end()) Refuse(rule);
        value = text;
      },
      help);
}

}  // namespace sampleproc::apps
