#include <algorithm>
#include <string_view>

#include "apps/commands.h"
#include "apps/docs/documents.h"
#include "apps/option_info.h"
#include "config/schema.h"
#include "config/version.h"

namespace sampleproc::apps {
namespace {

constexpr std::string_view kDate = "2026-11-23";

// Text for troff: no character is taken for a request or an escape.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escaped(text) + "\\fR"; }

std::string Sentence(std::string_view text) {
  return Escaped(text) + (text.ends_with('.') ? "\n" : ".\n");
}

// Lines of text of more than 80 bytes broken at blanks, as troff's writers are advised to.
std::string Wrapped(std::string_view page) {
  constexpr std::size_t kLongest = 80;
  std::string wrapped;
  bool is_tag = false;  // of .TP, which is the one line behind it
  while (!page.empty()) {
    std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    while (line.size() > kLongest && line.front() != '.' && !is_tag) {
      // No line may begin with what troff takes for a request.
      std::size_t blank = line.rfind(' ', kLongest);
      while (blank != std::string_view::npos && blank > 0 &&
             (line[blank - 1] == '\\' || line[blank - 1] == ' ' || line[blank + 1] == '.' ||
              line[blank + 1] == '\'' || line[blank + 1] == ' ')) {
        blank = line.rfind(' ', blank - 1);
      }
      if (blank == std::string_view::npos || blank == 0) break;
      wrapped += std::string(line.substr(0, blank)) + "\n";
      line.remove_prefix(blank + 1);
    }
    wrapped += std::string(line) + "\n";
    is_tag = line == ".TP";
  }
  return wrapped;
}

std::string UpperCase(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string Head(const std::string& name, char section, std::string_view summary) {
  return ".\\\" Made by generate_docs; do not edit.\n.TH " + UpperCase(name) + " " + section + " " +
         std::string(kDate) + " \"sampleproc " + std::string(config::kVersion) + "\"\n.SH NAME\n" +
         Escaped(name) + " \\- " + Escaped(summary) + "\n";
}

std::string Tagged(const std::string& tag, const std::string& body) {
  return ".TP\n" + tag + "\n" + body;
}

std::string OptionTag(const OptionInfo& option) {
  std::string tag = option.short_name.empty() ? "" : Bold(option.short_name) + ", ";
  tag += Bold(option.long_name);
  if (!option.value_name.empty()) tag += " " + Italic(option.value_name);
  return tag;
}

std::string Variables(const config::Key& key) {
  std::string text = Bold(config::VariableName(key.path));
  for (const config::OriginalName& original : key.original_names) {
    text += ", " + Bold(original.name);
    if (key.kind == config::Kind::kDuration) {
      text += original.plain_unit == 1 ? " (in milliseconds)" : " (in seconds)";
    } else if (key.kind == config::Kind::kSize) {
      text += " (in MiB)";
    }
  }
  if (config::MayBeInFile(key)) text += "; each also with " + Bold("_FILE") + " behind it";
  return text;
}

}  // namespace

std::string MainManPage() {
  std::string page = Head("sampleproc", '1', "frame processor: camera frames in, detections out");
  page += ".SH SYNOPSIS\n" + Bold("sampleproc") + " " + Italic("COMMAND") + " [" +
          Italic("OPTION") + "]...\n.SH DESCRIPTION\n";
  page += Sentence(
      "Decodes camera frames, runs a detection pipeline on their pixels and returns the results");
  page += ".SH COMMANDS\n";
  for (const Command& command : Commands()) {
    page += Tagged(Bold(command.name), Sentence(command.summary) + "See\n.BR sampleproc\\-" +
                                           Escaped(command.name) + " (1).\n");
  }
  page += Tagged(Bold("help") + " [" + Italic("COMMAND") + "]",
                 Sentence("Show this help, or the help of a command"));
  page += ".SH OPTIONS\n";
  page += Tagged(Bold("-h") + ", " + Bold("--help"), Sentence("Show the help"));
  page += Tagged(Bold("-V") + ", " + Bold("--version") + " [" + Bold("--verbose") + "]",
                 Sentence("Show the version; with --verbose also what runs networks on this "
                          "machine, and the detectors of the configuration, which are opened for "
                          "it"));
  page += ".SH EXIT STATUS\n";
  constexpr std::pair<std::string_view, std::string_view> kCodes[] = {
      {"0", "Success."},
      {"1", "Some inputs failed, or there were warnings under --strict."},
      {"2", "The command line is wrong."},
      {"65", "All inputs are bad, or the configuration checked is invalid."},
      {"69", "A peer cannot be reached, or an address cannot be listened on."},
      {"70", "A bug of sampleproc."},
      {"74", "Reading or writing failed."},
      {"78", "The configuration is invalid, so the service cannot start."},
      {"129, 130, 131, 143", "Interrupted by SIGHUP, SIGINT, SIGQUIT or SIGTERM."},
  };
  for (const auto& [code, meaning] : kCodes) page += Tagged(Bold(code), Sentence(meaning));
  page += ".SH ENVIRONMENT\n";
  page +=
      Tagged(Bold("SAMPLEPROC_CONFIG"), "The configuration file, unless an option names one.\n");
  page += Tagged(Bold("SAMPLEPROC_") + Italic("SECTION") + "_" + Italic("KEY"),
                 "A key of the configuration. See\n.BR sampleproc.toml (5).\n");
  page += Tagged(Bold("NO_COLOR"), "If set, messages have no colours.\n");
  page +=
      Tagged(Bold("TERM"),
             "With \"dumb\", messages have no colours and progress lines are not overwritten.\n");
  page += ".SH FILES\n";
  page += Tagged(Italic("/etc/sampleproc/sampleproc.toml"), "The system's configuration.\n");
  page += Tagged(Italic("/etc/sampleproc/conf.d/*.toml"),
                 "Read after it, in byte order of their names.\n");
  return Wrapped(page + ".SH SEE ALSO\n.BR sampleproc.toml (5)\n");
}

std::string CommandManPage(const Command& command) {
  const std::string name(command.name);
  std::string page = Head("sampleproc-" + name, '1', command.summary);
  page += ".SH SYNOPSIS\n" + Bold("sampleproc " + name) + " [" + Italic("OPTION") + "]...";
  if (!command.operands.empty()) page += " " + Italic(command.operands);
  page += "\n.SH DESCRIPTION\n" + Sentence(command.description) + ".SH OPTIONS\n";
  for (const OptionInfo& option : OptionsOf(command)) {
    page += Tagged(OptionTag(option), Sentence(option.help));
  }
  page += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : command.exit_codes) {
    page += Tagged(Bold(std::to_string(code)), Sentence(meaning));
  }
  if (!command.examples.empty()) page += ".SH EXAMPLES\n";
  for (const Example& example : command.examples) {
    page += Tagged(Bold(example.line), Sentence(example.says));
  }
  return Wrapped(page + ".SH SEE ALSO\n.BR sampleproc (1),\n.BR sampleproc.toml (5)\n");
}

std::string ConfigManPage() {
  std::string page = Head("sampleproc.toml", '5', "configuration of sampleproc");
  page += ".SH DESCRIPTION\n";
  page +=
      "A TOML file. A flag beats the environment, the environment beats files, files beat the\n"
      "defaults. Durations are written \"30s\", \"100ms\", \"2m\" or \"1h\", sizes \"64KiB\",\n"
      "\"10MiB\" or \"1GB\"; a plain number is seconds or bytes. A variable that is\n"
      "empty or has but blanks in it counts as unset, and blanks around a number or a word do not\n"
      "count. Of two older variable names that differ the first one listed here wins; they are\n"
      "read by the service, its health check and\n.BR sampleproc\\-validate\\-config (1).\n"
      "A variable whose name ends in\n.B _FILE\nnames a file with the value on its only line, for\n"
      "values that may have a secret in them.\n"
      ".PP\n"
      "Where no file is named (an operand, \\fB\\-\\-config\\fR, \\fBSAMPLEPROC_CONFIG\\fR), the "
      "files are\n"
      "\\fI/etc/sampleproc/sampleproc.toml\\fR and then each "
      "\\fI/etc/sampleproc/conf.d/*.toml\\fR, in\n"
      "byte order of their names; a later one beats those before it. A file that is named is read\n"
      "alone: nothing of \\fIconf.d\\fR is.\n"
      ".PP\n"
      "SIGHUP (\\fBsystemctl reload sampleproc\\fR) has the service read its configuration again.\n"
      "Keys that a reload applies say so below; the others wait for a restart, and the log names\n"
      "those that were changed. With a mistake in it nothing is applied, and the log says why.\n"
      "Certificates, tokens and passwords are read from their files again; one that cannot be "
      "used\n"
      "is such a mistake.\n";
  const config::Config defaults;
  std::string section;
  for (const config::Key& key : config::MakeManualSchema()) {
    const std::size_t dot = key.path.rfind('.');
    if (key.path.substr(0, dot) != section) {
      section = key.path.substr(0, dot);
      page += ".SH \"[" + section + "]\"\n";
    }
    std::string body = Sentence(key.help);
    body += "Allowed: " + Escaped(config::DescribeRange(key)) + ".\n";
    // Of cameras there are any number, so they are set in files and by flags.
    if (!section.starts_with(config::kCameras)) {
      body += ".br\nVariables: " + Variables(key) + ".\n";
    }
    if (key.reloadable) body += ".br\nA reload applies it.\n";
    page += Tagged(Bold(key.path.substr(dot + 1)) + " = " +
                       Escaped(config::FormatSetting(key, key.get(defaults))),
                   body);
  }
  return Wrapped(page +
                 ".SH SEE ALSO\n.BR sampleproc (1),\n.BR sampleproc\\-validate\\-config (1)\n");
}

}  // namespace sampleproc::apps
