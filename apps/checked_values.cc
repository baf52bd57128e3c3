#include "apps/checked_values.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/suggest.h"
#include "config/convert.h"

namespace sampleproc::apps {
namespace {

constexpr std::string_view kChoices = "choices:";

std::optional<std::size_t> ParseNumber(const std::string& text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// "-j,--jobs" -> "--jobs"
std::string LongName(const std::string& option) { return option.substr(option.find("--")); }

// The choice that has what was typed in it, such as ndjson for json, or is nearly that.
std::string Meant(std::string_view typed, const std::vector<std::string_view>& choices) {
  std::string_view meant = base::Suggest(typed, choices);
  for (const std::string_view choice : choices) {
    if (!typed.empty() && choice.find(typed) != std::string_view::npos) meant = choice;
  }
  return meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?";
}

[[noreturn]] void Refuse(const std::string& rule) { throw CLI::ValidationError(rule); }

}  // namespace

CLI::Option* AddNumber(CLI::App& app, const std::string& option, std::size_t& value,
                       std::size_t least, std::size_t most, const std::string& help) {
  const std::string rule = LongName(option) + " must be an integer from " + std::to_string(least) +
                           " to " + std::to_string(most) + ", not ";
  return app
      .add_option_function<std::string>(
          option,
          [&value, least, most, rule](const std::string& text) {
            const auto number = ParseNumber(text);
            if (!number || *number < least || *number > most) {
              Refuse(rule + "'" + config::Shown(text) + "'");
            }
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
  std::string joined(kChoices);
  for (const std::string_view choice : choices) joined += " " + std::string(choice);
  // It checks nothing: its name goes along with the option, to where completions are made.
  CLI::Validator names;
  names.name(joined);
  return app
      .add_option_function<std::string>(
          option,
          [&value, choices = std::move(choices), rule](const std::string& text) {
            if (std::ranges::find(choices, text) == choices.end()) {
              Refuse(rule + ", not '" + config::Shown(text) + "'" + Meant(text, choices));
            }
            value = text;
          },
          help)
      ->check(names);
}

std::string ChoicesOf(CLI::Option& option) {
  try {
    const std::string name = option.get_validator(0)->get_name();
    return name.starts_with(kChoices) ? name.substr(kChoices.size() + 1) : "";
  } catch (const CLI::OptionNotFound&) {
    return "";  // it has no validator
  }
}

}  // namespace sampleproc::apps
