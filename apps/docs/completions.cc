#include "apps/commands.h"
#include "apps/docs/documents.h"
#include "apps/option_info.h"
#include "config/schema.h"

namespace sampleproc::apps {
namespace {

constexpr std::string_view kBanner = "# Made by generate_docs; do not edit.\n";

std::string CommandNames() {
  std::string names;
  for (const Command& command : Commands()) names += std::string(command.name) + " ";
  return names + "help";
}

std::string Keys(std::string_view separator, std::string_view suffix) {
  std::string keys;
  for (const config::Key& key : config::MakeSchema()) {
    if (!keys.empty()) keys += separator;
    keys += std::string(key.path) + std::string(suffix);
  }
  return keys;
}

// The steps that a pipeline may have without further detectors.
std::string Steps() {
  std::string steps;
  for (const std::string_view step : config::StepNames()) {
    steps += (steps.empty() ? "" : " ") + std::string(step);
  }
  return steps;
}

// Text within single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string WithoutBrackets(std::string text) {
  for (char& c : text) {
    if (c == '[' || c == ']' || c == ':') c = ' ';
  }
  return text;
}

// The words an option takes, "" for any.
std::string WordsOf(const OptionInfo& option) {
  if (!option.choices.empty()) return option.choices;
  if (option.long_name == "--pipeline") return Steps();
  if (option.long_name == "--probe") return "health live ready startup";
  return option.long_name == "--format" ? "text json github" : "";
}

// With commas between the words.
bool IsList(const OptionInfo& option) { return option.value_name.ends_with(",..."); }

// Also one that is mostly given a directory.
bool IsDirectory(const OptionInfo& option) { return option.value_name.starts_with("DIR"); }

bool IsFile(const OptionInfo& option) {
  return option.value_name == "FILE" || option.value_name == "OLD" || option.value_name == "STATE";
}

std::string ZshAction(const OptionInfo& option) {
  if (option.value_name.empty()) return "";
  if (option.long_name == "--set") return ":key:_sampleproc_keys";
  std::string text = ":";
  for (const char c : option.value_name) text += c == ':' ? std::string("\\:") : std::string(1, c);
  const std::string words = WordsOf(option);
  if (IsList(option)) return text + ":_values -s , step " + words;
  if (!words.empty()) return text + ":(" + words + ")";
  if (IsDirectory(option)) return text + ":_files -/";
  return text + (IsFile(option) ? ":_files" : ":");
}

// The option behind its command, by all of its names, as a pattern of a case.
std::string BashPattern(const Command& command, const OptionInfo& option) {
  const std::string begin = "'" + std::string(command.name) + " ";
  std::string pattern = begin + option.long_name + "'";
  if (!option.short_name.empty()) pattern += " | " + begin + option.short_name + "'";
  return pattern;
}

// What follows an option that takes a value other than a file, as branches of a case.
std::string BashValues() {
  std::string text;
  std::string unknown;  // whose values nobody knows
  for (const Command& command : Commands()) {
    for (const OptionInfo& option : OptionsOf(command)) {
      const std::string words = WordsOf(option);
      if (option.value_name.empty() || option.long_name == "--set" || IsFile(option)) continue;
      if (words.empty() && !IsDirectory(option)) {
        unknown += (unknown.empty() ? "    " : " | \\\n      ") + BashPattern(command, option);
        continue;
      }
      text += "    " + BashPattern(command, option) + ")\n";
      if (IsDirectory(option)) {
        text +=
            "      compopt -o filenames\n"
            "      _sampleproc_reply -d\n";
      } else if (IsList(option)) {
        text +=
            "      prefix+=${current%\"${current##*,}\"}\n"
            "      current=${current##*,}\n"
            "      _sampleproc_reply -W '" +
            words + "'\n";
      } else {
        text += "      _sampleproc_reply -W '" + words + "'\n";
      }
      text += "      return\n      ;;\n";
    }
  }
  return text + unknown + ")\n      return\n      ;;\n";
}

}  // namespace

std::string BashCompletion() {
  std::string text =
      "# bash completion for sampleproc\n" + std::string(kBanner) +
      "# What compgen makes of the current word; it fails when that is nothing.\n"
      "_sampleproc_reply() {\n"
      "  mapfile -t COMPREPLY < <(compgen \"$@\" -P \"${prefix}\" -- \"${current}\" || true)\n"
      "}\n"
      "_sampleproc() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous='' options='' prefix=''\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD <= 1)); then\n"
      "    _sampleproc_reply -W '" +
      CommandNames() +
      " --help --version'\n"
      "    return\n"
      "  fi\n"
      "  previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
      "  # --option=value is three words, and two while nothing follows the sign; one where\n"
      "  # COMP_WORDBREAKS has no such sign.\n"
      "  if [[ ${current} == '=' ]]; then\n"
      "    current=''\n"
      "  elif [[ ${previous} == '=' ]]; then\n"
      "    previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
      "  elif [[ ${current} == --*=* ]]; then\n"
      "    previous=${current%%=*}\n"
      "    prefix=\"${previous}=\"\n"
      "    current=${current#*=}\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n"
      "    help)\n"
      "      _sampleproc_reply -W '" +
      CommandNames() +
      "'\n"
      "      return\n"
      "      ;;\n";
  for (const Command& command : Commands()) {
    text += "    " + std::string(command.name) + ")\n      options='";
    std::string options;
    for (const OptionInfo& option : OptionsOf(command)) {
      if (!options.empty()) options += ' ';
      options += option.long_name;
      if (!option.short_name.empty()) options += " " + option.short_name;
    }
    text += options + "'\n      ;;\n";
  }
  return text +
         "    *) ;;\n"
         "  esac\n"
         "  case \"${COMP_WORDS[1]} ${previous}\" in\n" +
         BashValues() +
         "    *) ;;\n"
         "  esac\n"
         "  if [[ ${previous} == --set ]]; then\n"
         "    compopt -o nospace\n"
         "    _sampleproc_reply -W '" +
         Keys(" ", "=") +
         "'\n"
         "  elif [[ ${current} == -* ]]; then\n"
         "    _sampleproc_reply -W \"${options}\"\n"
         "  else\n"
         "    compopt -o filenames\n"
         "    _sampleproc_reply -f\n"
         "  fi\n"
         "}\n"
         "complete -F _sampleproc sampleproc\n";
}

std::string ZshCompletion() {
  std::string text = "#compdef sampleproc\n" + std::string(kBanner) +
                     "_sampleproc_keys() {\n"
                     "  local -a keys=(" +
                     Keys(" ", "") +
                     ")\n"
                     "  compadd -S '=' -a keys\n"
                     "}\n"
                     "_sampleproc() {\n"
                     "  local -a commands=(\n";
  for (const Command& command : Commands()) {
    text += "    " + Quoted(std::string(command.name) + ":" + std::string(command.summary)) + "\n";
  }
  text +=
      "    'help:Show this help, or that of a command'\n"
      "  )\n"
      "  if ((CURRENT == 2)); then\n"
      "    _describe command commands\n"
      "    _arguments '(-h --help)'{-h,--help}'[Show this help]' "
      "'(-V --version)'{-V,--version}'[Show the version]'\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  ((CURRENT--))\n"
      "  case $command in\n"
      "    help) _describe command commands ;;\n";
  for (const Command& command : Commands()) {
    text += "    " + std::string(command.name) + ")\n      _arguments";
    for (const OptionInfo& option : OptionsOf(command)) {
      const std::string rest = "[" + WithoutBrackets(option.help) + "]" + ZshAction(option);
      const std::string repeated = option.long_name == "--set" ? "*" : "";
      if (!option.short_name.empty()) {
        text += " \\\n        " + Quoted(repeated + option.short_name + rest);
      }
      const std::string equals = option.value_name.empty() ? "" : "=";
      text += " \\\n        " + Quoted(repeated + option.long_name + equals + rest);
    }
    if (!command.operands.empty()) text += " \\\n        '*:file:_files'";
    text += "\n      ;;\n";
  }
  return text + "  esac\n}\n_sampleproc \"$@\"\n";
}

std::string FishCompletion() {
  std::string text = "# fish completion for sampleproc\n" + std::string(kBanner);
  text +=
      "# The words behind what stands before the last comma.\n"
      "function __sampleproc_list\n"
      "  set -l typed (commandline -ct | string replace -r -- '^--[a-z-]+=' '')\n"
      "  set -l before (string replace -r -- '[^,]*$' '' $typed)\n"
      "  printf '%s\\n' $before$argv\n"
      "end\n";
  const std::string top = "complete -c sampleproc -n __fish_use_subcommand ";
  text += top + "-s h -l help -d 'Show this help'\n";
  text += top + "-s V -l version -d 'Show the version'\n";
  text += top + "-f -a help -d 'Show the help of a command'\n";
  for (const Command& command : Commands()) {
    const std::string name(command.name);
    text += top + "-f -a " + name + " -d " + Quoted(command.summary) + "\n";
    for (const OptionInfo& option : OptionsOf(command)) {
      text += "complete -c sampleproc -n '__fish_seen_subcommand_from " + name + "'";
      if (!option.short_name.empty()) text += " -s " + option.short_name.substr(1);
      text += " -l " + option.long_name.substr(2);
      if (option.long_name == "--set") {
        text += " -x -a '" + Keys(" ", "=") + "'";
      } else if (!option.value_name.empty()) {
        const std::string words = WordsOf(option);
        text += IsFile(option) ? " -r" : " -x";
        if (IsDirectory(option)) text += " -a '(__fish_complete_directories)'";
        if (IsList(option)) {
          text += " -a '(__sampleproc_list " + words + ")'";
        } else if (!words.empty()) {
          text += " -a '" + words + "'";
        }
      }
      text += " -d " + Quoted(option.help) + "\n";
    }
  }
  return text + "complete -c sampleproc -n '__fish_seen_subcommand_from help' -f -a '" +
         CommandNames() + "'\n";
}

}  // namespace sampleproc::apps
