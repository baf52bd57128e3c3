#include "apps/unknown_words.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/ascii.h"
#include "base/suggest.h"
#include "config/convert.h"
#include "config/schema.h"
#include "frame/frame_names.h"

namespace sampleproc::apps {
namespace {

// What other programs call our commands and what they do.
struct Synonym {
  std::string_view word;
  std::string_view ours;
};
constexpr Synonym kSynonyms[] = {
    {"version", "--version"},      {"run", "serve"},          {"start", "serve"},
    {"server", "serve"},           {"daemon", "serve"},       {"predict", "process-file"},
    {"detect", "process-file"},    {"infer", "process-file"}, {"check", "validate-config"},
    {"config", "validate-config"}, {"status", "health"},      {"ping", "health"},
    {"bench", "loadtest"},         {"benchmark", "loadtest"}, {"stress", "loadtest"}};

std::string DidYouMean(std::string_view meant) {
  return "; did you mean '" + std::string(meant) + "'?";
}

// The nearest of `words`; else the first that `typed` begins ("--out" of "--output") or that begins
// it ("--output-file").
std::string_view WordMeant(std::string_view typed, const std::vector<std::string_view>& words) {
  if (const std::string_view near = base::Suggest(typed, words); !near.empty()) return near;
  if (typed.size() < 3) return "";
  const auto begun = std::ranges::find_if(
      words, [typed](std::string_view word) { return word.starts_with(typed); });
  if (begun != words.end()) return *begun;
  const auto longer = std::ranges::find_if(words, [typed](std::string_view word) {
    return typed.starts_with(word) && typed.substr(word.size()).starts_with('-');
  });
  return longer == words.end() ? "" : *longer;
}

// The paths of the keys that an option called `name` may stand for: "--workers" for
// process.workers, "--log-level" for telemetry.log_level.
std::vector<std::string> KeysCalled(std::string_view name) {
  if (const auto key = frame::ConfiguredBy(name); !key.empty()) return {std::string(key)};
  std::string last(name);
  std::ranges::replace(last, '-', '_');
  std::vector<std::string> paths;
  for (const config::Key& key : config::MakeSchema()) {
    if (key.path.ends_with(last) && key.path.size() > last.size() &&
        key.path[key.path.size() - last.size() - 1] == '.') {
      paths.emplace_back(key.path);
    }
  }
  return paths;
}

std::string SetInstead(const CLI::App& app, std::string_view typed) {
  constexpr std::size_t kMostKeys = 3;  // more are no help
  if (!typed.starts_with("--") || typed.size() < 4 || app.get_option_no_throw("--set") == nullptr)
    return "";
  const std::vector<std::string> paths = KeysCalled(typed.substr(2));
  if (paths.empty() || paths.size() > kMostKeys) return "";
  std::string text = "; did you mean ";
  for (const std::string& path : paths) {
    text += (&path == &paths.front() ? "--set " : " or --set ") + path + "=...";
  }
  return text + "?";
}

std::vector<std::string> LongNamesOf(const CLI::App& app) {
  std::vector<std::string> names{"--help"};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What was typed as an option without what may be its value, which may be secret: "--set:a=b" and
// "-pSECRET".
std::string NameOf(std::string_view typed) {
  std::size_t length = 0;
  while (length < typed.size() && (base::IsAlnum(typed[length]) || typed[length] == '-')) ++length;
  if (!typed.starts_with("--")) length = std::min<std::size_t>(length, 2);
  return config::Shown(typed.substr(0, length));
}

constexpr std::string_view kWhereToAsk = "; did you mean --host ADDRESS --port PORT?";

bool AsksAService(const CLI::App& app) { return app.get_option_no_throw("--probe") != nullptr; }

}  // namespace

std::string UnknownOption(const CLI::App& app, std::string_view typed) {
  const std::string name = NameOf(typed);
  const std::vector<std::string> known = LongNamesOf(app);
  const std::string_view meant = WordMeant(name, {known.begin(), known.end()});
  const std::string unknown = "unknown option '" + name + "'";
  if (!meant.empty()) return unknown + DidYouMean(meant);
  if (AsksAService(app) &&
      (name == "--timeout" || name == "--deadline" || name == "--retry" || name == "--retries")) {
    return unknown + DidYouMean("--wait");
  }
  if (AsksAService(app) && (name == "--url" || name == "--endpoint" || name == "--address")) {
    return unknown + std::string(kWhereToAsk);
  }
  if ((name == "--config" || name == "-c") && app.get_option_no_throw("FILE") != nullptr) {
    return unknown + "; the file is named by itself: validate-config FILE";
  }
  return unknown + SetInstead(app, name);
}

std::string UnexpectedArgument(const CLI::App& app, std::string_view typed) {
  // Behind a name there may be a secret, as in REDIS_AUTH=word.
  const std::size_t equals = typed.find('=');
  const bool is_setting = equals != typed.npos && !typed.contains("://");
  std::string text = "unexpected argument '" +
                     config::Shown(is_setting ? typed.substr(0, equals) : typed) +
                     (is_setting ? "=...'; settings are given as --set KEY=VALUE" : "'");
  for (const auto& [option, is_meant] : {std::pair{"--target", typed.contains("://")},
                                         std::pair{"--config", typed.ends_with(".toml")}}) {
    if (is_meant && app.get_option_no_throw(option) != nullptr) {
      text += "; did you mean " + std::string(option) + " " + config::Shown(typed) + "?";
    }
  }
  if (AsksAService(app) && typed.contains("://")) text += kWhereToAsk;
  return text;
}

std::string UnknownCommand(const std::vector<std::string>& words, std::string_view typed,
                           const std::vector<Command>& commands) {
  const std::string shown = config::Shown(typed);
  if (typed == "--") return "'--' stands behind the command, before names that begin with -";
  if (typed.starts_with('-')) {
    const std::string name = NameOf(typed);
    std::string unknown = "unknown option '" + name + "'";
    if (typed == "-v") return unknown + DidYouMean("-V");
    const std::string_view meant = WordMeant(name, {"--help", "--version"});
    if (!meant.empty()) return unknown + DidYouMean(meant);
    // Only the words behind it can be commands.
    const auto command = std::ranges::find_first_of(words, commands, {}, {}, &Command::name);
    if (command == words.end()) return unknown;
    return unknown + " here; options stand behind the command: sampleproc " + *command + " " + name;
  }
  std::vector<std::string_view> names{"help"};
  for (const Command& command : commands) names.push_back(command.name);
  std::string_view meant = WordMeant(typed, names);
  if (meant.empty()) {
    const auto synonym = std::ranges::find(kSynonyms, base::Lowercase(typed), &Synonym::word);
    if (synonym != std::end(kSynonyms)) meant = synonym->ours;
  }
  std::string text = "unknown command '" + shown + "'";
  if (!meant.empty()) return text + DidYouMean(meant);
  std::error_code ignored;
  if (!typed.empty() && std::filesystem::exists(typed, ignored)) {
    text += "; a file is read by: sampleproc process-file " + shown;
  }
  return text;
}

}  // namespace sampleproc::apps
