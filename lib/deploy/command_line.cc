#include "deploy/command_line.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "config/convert.h"
#include "config/print.h"
#include "deploy/amounts.h"
#include "deploy/readers.h"

namespace sampleproc::deploy {
namespace {

using config::LoadRequest;
using config::Severity;

constexpr std::string_view kShells[] = {"sh", "bash", "dash", "ash", "ksh", "zsh"};
constexpr std::string_view kStarters[] = {"env", "tini", "dumb-init", "catatonit", "nice", "exec"};

bool IsOneOf(std::string_view program, const auto& names) {
  return std::ranges::find(names, BaseName(program)) != std::end(names);
}

// The line behind -c, -ec and the like.
const Fact* LineOf(const std::vector<Fact>& words) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string_view word = words[i].text;
    if (word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')) {
      return &words[i + 1];
    }
  }
  return nullptr;
}

// NAME=VALUE in front of a command.
bool TakeAssignment(const Fact& word, Deployment& deployment) {
  const std::size_t equals = word.text.find('=');
  if (equals == std::string::npos || equals == 0 || word.text.find_first_of("/-.") < equals) {
    return false;
  }
  Fact value = word;
  value.text.erase(0, equals + 1);
  deployment.variables.push_back({word.text.substr(0, equals), std::move(value)});
  return true;
}

void DropAssignments(std::vector<Fact>& words, Deployment& deployment) {
  std::size_t count = 0;
  while (count < words.size() && TakeAssignment(words[count], deployment)) ++count;
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count));
}

// False when its line cannot be told.
bool UnwrapShell(Deployment& deployment) {
  const Fact* line = LineOf(deployment.words);
  if (line == nullptr || line->text.find_first_of(";|&$`<>()*?#\\\n") != std::string::npos) {
    deployment.Report(
        Severity::kWarning, config::code::kDeployStart,
        line == nullptr ? deployment.words.front() : *line,
        "a shell's line starts the service, so that the options in it do not count in this check",
        "start \"sampleproc serve\" without a shell");
    return false;
  }
  std::vector<Fact> words;
  for (std::string& word : SplitWords(line->text)) {
    words.push_back(*line);
    words.back().text = std::move(word);
  }
  DropAssignments(words, deployment);
  if (!words.empty() && words.front().text == "exec") words.erase(words.begin());
  if (words.empty()) words.push_back(*line);
  deployment.words = std::move(words);
  return true;
}

// "$PORT" and "${PORT}" of a unit, "$(PORT)" of a manifest; nothing when it cannot be known.
std::optional<std::string> Expanded(const std::string& text, const Deployment& deployment) {
  if (text.find(kUnknownValue) != std::string::npos) return std::nullopt;
  const std::size_t begin = text.find('$');
  if (begin == std::string::npos) return text;
  std::string_view name = std::string_view(text).substr(begin + 1);
  if (name.starts_with('(') || name.starts_with('{')) {
    if (!name.ends_with(name.front() == '(' ? ')' : '}')) return std::nullopt;
    name = name.substr(1, name.size() - 2);
  }
  const Variable* variable = FindVariable(deployment, name);
  if (variable == nullptr) return std::nullopt;
  return text.substr(0, begin) + variable->value.text;
}

std::string FlagName(const Fact& word, const std::string& option) {
  return config::Where(word.origin) + ": " + option;
}

// The options one by one.
class Applier {
 public:
  Applier(const std::vector<StartOption>& options, LoadRequest& request, Deployment& deployment)
      : options_(options), request_(request), deployment_(deployment) {}

  void Apply(const std::vector<Fact>& words) {
    for (std::size_t at = 2; at < words.size(); ++at) {
      const Fact& word = words[at];
      std::string option = word.text;
      // Of a variable of its own that systemd or the kubelet puts in, there may be several words.
      if (option.starts_with('$') || option.starts_with(kUnknownValue)) continue;
      std::optional<std::string> value;
      const std::size_t equals = option.find('=');
      if (option.starts_with("--") && equals != std::string::npos) {
        value = option.substr(equals + 1);
        option.erase(equals);
      }
      const auto known = std::ranges::find_if(options_, [&option](const StartOption& each) {
        return option == each.long_name || option == each.short_name;
      });
      if (known == options_.end() || option.empty()) {
        Refuse(word,
               option.starts_with('-') ? "serve has no option " + config::Shown(option)
                                       : "serve takes no operand " + config::Shown(option),
               "\"sampleproc serve --help\" lists its options");
        // What follows is most likely its value.
        const bool has_more = at + 1 < words.size() && !words[at + 1].text.starts_with('-');
        if (option.starts_with('-') && !value && has_more) ++at;
        continue;
      }
      if (!known->takes_value) continue;
      if (!value && at + 1 < words.size()) value = words[++at].text;
      if (!value) {
        Refuse(word, known->long_name + " needs a value", "write it behind the option");
        continue;
      }
      Take(known->long_name, *value, words[at]);
    }
    request_.flags.insert(request_.flags.begin(), flags_.begin(), flags_.end());
  }

 private:
  void Refuse(const Fact& at, std::string message, std::string hint) {
    deployment_.Report(Severity::kError, config::code::kDeployStart, at, std::move(message),
                       std::move(hint));
  }

  void Take(const std::string& option, const std::string& written, const Fact& at) {
    const auto value = Expanded(written, deployment_);
    if (!value) {
      deployment_.Report(Severity::kWarning, config::code::kDeployStart, at,
                         "the value of " + option +
                             " is a variable that is not set here, so that it does not count in "
                             "this check",
                         "write the value, or check what comes out of it");
      return;
    }
    if (option == "--config") {
      if (!request_.file && IsHere(*value, at, deployment_)) request_.file = *value;
    } else if (option == "--host" || option == "--port") {
      flags_.push_back({"http." + option.substr(2), *value, FlagName(at, option)});
      if (option == "--port") deployment_.port_option = at;
    } else if (option == "--set") {
      const std::size_t middle = std::min(value->find('='), value->size());
      const std::string key = value->substr(0, middle);
      if (key == kPortKey) deployment_.port_option = at;
      flags_.push_back({key, value->substr(std::min(middle + 1, value->size())),
                        FlagName(at, "--set " + config::Shown(key))});
    }
  }

  const std::vector<StartOption>& options_;
  LoadRequest& request_;
  Deployment& deployment_;
  std::vector<config::Flag> flags_;
};

}  // namespace

const Variable* FindVariable(const Deployment& deployment, std::string_view name) {
  const auto found = std::ranges::find(deployment.variables.rbegin(), deployment.variables.rend(),
                                       name, &Variable::name);
  return found == deployment.variables.rend() ? nullptr : &*found;
}

bool IsHere(const std::string& path, const Fact& at, Deployment& deployment) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return true;
  deployment.Report(Severity::kWarning, config::code::kDeployFile, at,
                    config::Shown(path, 80) +
                        " is not on this machine, so that the defaults are "
                        "checked in its place",
                    "give a copy of it as FILE");
  return false;
}

void Unwrap(Deployment& deployment) {
  constexpr int kMaxLayers = 8;
  for (int layer = 0; layer < kMaxLayers && !deployment.words.empty(); ++layer) {
    std::vector<Fact>& words = deployment.words;
    if (IsOneOf(words.front().text, kShells)) {
      if (!UnwrapShell(deployment)) {
        words.clear();
        return;
      }
    } else if (IsOneOf(words.front().text, kStarters)) {
      const auto program = std::ranges::find_if(words, [](const Fact& word) {
        return IsOneOf(word.text, kNames) || IsOneOf(word.text, kShells);
      });
      if (program == words.end()) return;
      for (auto word = words.begin(); word != program; ++word) TakeAssignment(*word, deployment);
      words.erase(words.begin(), program);
    } else {
      return;
    }
  }
}

bool IsOtherCommand(const Deployment& deployment) {
  const std::vector<Fact>& words = deployment.words;
  return words.size() > 1 && IsOurs(words[0].text) && words[1].text != "serve";
}

std::optional<std::string> PortAmong(const std::vector<std::string>& words) {
  const std::string assignment = std::string(kPortKey) + "=";
  std::optional<std::string> port;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    const std::size_t equals = word.find('=');
    const std::string_view option = word.substr(0, equals);
    if (option != "--port" && option != "--set") continue;
    std::string_view value;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (at + 1 < words.size()) {
      value = words[++at];
    }
    if (option == "--port") {
      port = value;
    } else if (value.starts_with(assignment)) {
      port = value.substr(assignment.size());
    }
  }
  return port;
}

void ApplyWords(const std::vector<StartOption>& options, LoadRequest& request,
                Deployment& deployment) {
  const std::vector<Fact> words = deployment.words;
  if (words.empty()) return;
  const bool ours = IsOurs(words.front().text);
  if (!ours || words.size() < 2 || words[1].text != "serve") {
    deployment.Report(
        Severity::kError, config::code::kDeployStart, words.front(),
        ours ? "the command is not \"sampleproc serve\"" : "does not start sampleproc",
        "the service is started by \"sampleproc serve\"");
    return;
  }
  Applier(options, request, deployment).Apply(words);
}

}  // namespace sampleproc::deploy
