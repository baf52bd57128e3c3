#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/config_options.h"
#include "apps/help.h"
#include "apps/online_checks.h"
#include "apps/option_info.h"
#include "config/changes.h"
#include "config/codes.h"
#include "config/convert.h"
#include "config/effective.h"
#include "config/print.h"
#include "config/production.h"
#include "config/report.h"
#include "deploy/check.h"
#include "files/url_input.h"

namespace sampleproc::apps {
namespace {

struct Options {
  ConfigOptions config;
  std::vector<std::string> files;
  bool strict = false;
  bool offline = false;
  bool online = false;
  bool production = false;
  bool print_effective = false;
  bool diff = false;
  std::vector<std::string> with;
  std::string from_env;
  std::string format = "text";
  std::string explain;

  bool PrintsToml() const { return print_effective || !from_env.empty(); }
};

std::string Counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// "sampleproc.toml: ok (3 warnings)"
std::string Verdict(const config::Checked& checked) {
  const std::size_t errors = checked.loaded.Count(config::Severity::kError);
  const std::size_t warnings = checked.loaded.Count(config::Severity::kWarning);
  std::string text = checked.subject + ": " + (errors > 0 ? "invalid" : "ok");
  if (errors + warnings == 0) return text;
  text += " (";
  if (errors > 0) text += Counted(errors, "error");
  if (errors > 0 && warnings > 0) text += ", ";
  if (warnings > 0) text += Counted(warnings, "warning");
  return text + ")";
}

ExitCode Judge(const config::Checked& checked, bool strict) {
  const config::Loaded& loaded = checked.loaded;
  if (loaded.HasErrors()) return ExitCode::kBadData;
  const bool warned = loaded.Count(config::Severity::kWarning) > 0;
  const bool failed =
      checked.production &&
      std::ranges::find(*checked.production, config::Verdict::kFailed,
                        &config::ChecklistItem::verdict) != checked.production->end();
  return failed || (warned && strict) ? ExitCode::kSomeFailed : ExitCode::kOk;
}

// What contradicts itself on the command line; "" when nothing does.
std::string Misuse(const Options& options) {
  if (options.format != "text" && options.format != "json" && options.format != "github") {
    return "--format takes text, json or github, not '" + config::Shown(options.format) + "'";
  }
  if (options.PrintsToml() && options.format != "text") {
    return "--print-effective and --from-env print TOML; they go with --format text only";
  }
  if (options.production && options.PrintsToml()) {
    return "--production prints its checklist; it does not go with --print-effective or --from-env";
  }
  if (options.online && options.offline) return "--online and --offline cannot go together";
  if (options.print_effective && !options.from_env.empty()) {
    return "--print-effective and --from-env cannot go together";
  }
  if (options.print_effective && options.files.size() > 1) {
    return "--print-effective takes one FILE at most";
  }
  if (options.diff && options.files.size() != 2) {
    return "--diff takes two FILEs, the old one and the new one";
  }
  if (options.diff && (options.PrintsToml() || options.production || !options.with.empty())) {
    return "--diff only compares; it does not go with --production, --with or what prints TOML";
  }
  if (!options.with.empty() && (options.PrintsToml() || options.files.size() > 1)) {
    return "--with goes with one FILE at most, and not with what prints TOML";
  }
  if (!options.from_env.empty() && (!options.files.empty() || options.config.AnySet())) {
    return "--from-env looks at its file alone; it goes with no other FILE and no --set";
  }
  return {};
}

ExitCode Explain(std::string_view code, CommandContext& context) {
  const config::CodeText* text = config::FindCode(code);
  if (text == nullptr) {
    return UsageError(context.err,
                      "'" + config::Shown(code) + "' is no code of a diagnostic; they run from " +
                          std::string(config::CodeTexts().front().code) + " to " +
                          std::string(config::CodeTexts().back().code),
                      "validate-config");
  }
  context.out << text->code << ": " << text->title << "\n\n"
              << Wrapped(text->text, 0, TerminalWidth());
  return ExitCode::kOk;
}

std::vector<config::Checked> CheckAll(const config::LoadRequest& request, const Options& options) {
  std::vector<config::Checked> checked;
  if (!options.from_env.empty()) {
    config::Loaded loaded = config::LoadEnvironmentFile(options.from_env);
    std::string subject =
        loaded.files.empty() ? files::ShownName(options.from_env) : loaded.files.front();
    checked.push_back({std::move(subject), std::move(loaded)});
    return checked;
  }
  if (!options.with.empty()) {
    config::LoadRequest each = request;
    if (!options.files.empty()) each.file = options.files.front();
    std::vector<deploy::StartOption> start;
    for (const OptionInfo& info : OptionsOf(ServeCommand())) {
      start.push_back({info.short_name, info.long_name, !info.value_name.empty()});
    }
    return deploy::LoadWith(options.with, each, start);
  }
  for (const std::string& file : options.files) {
    config::LoadRequest each = request;
    each.file = file;
    checked.push_back({file == "-" ? "<stdin>" : files::ShownName(file), config::Load(each)});
  }
  if (options.files.empty()) {
    config::Loaded loaded = config::Load(request);
    std::string subject = config::DescribeSources(loaded);
    checked.push_back({std::move(subject), std::move(loaded)});
  }
  return checked;
}

void Print(const std::vector<config::Checked>& all,
           const std::optional<std::vector<config::Change>>& changes, const Options& options,
           CommandContext& context) {
  if (options.format == "json") {
    context.out << config::FormatJson(all, changes ? &*changes : nullptr);
  }
  for (const config::Checked& checked : all) {
    for (const config::Diagnostic& diagnostic : checked.loaded.diagnostics) {
      if (options.format == "github") context.out << config::FormatGithub(diagnostic);
      if (options.format == "text") {
        context.err << config::FormatDiagnostic(diagnostic, context.colour);
      }
    }
    if (checked.production && options.format == "github") {
      for (const config::ChecklistItem& item : *checked.production) {
        if (item.verdict == config::Verdict::kFailed) {
          context.out << config::FormatGithub(config::ToDiagnostic(item));
        }
      }
    }
    if (options.PrintsToml()) {
      const auto which = options.print_effective ? config::Which::kAll : config::Which::kFromFiles;
      if (!checked.loaded.HasErrors()) context.out << config::EffectiveToml(checked.loaded, which);
    } else if (options.format != "json") {
      if (!changes) context.out << Verdict(checked) << "\n";
      if (checked.production) context.out << config::FormatChecklist(*checked.production);
    }
  }
  if (changes && options.format != "json") {
    context.out << config::FormatChanges(all.front().subject, all.back().subject, *changes);
  }
}

ExitCode Run(const Options& options, CommandContext& context) {
  if (!options.explain.empty()) return Explain(options.explain, context);
  auto request = options.config.Request(context.environment);
  if (!request) return UsageError(context.err, request.error(), "validate-config");
  if (const std::string misuse = Misuse(options); !misuse.empty()) {
    return UsageError(context.err, misuse, "validate-config");
  }
  request->original_names = true;
  request->unknown_variable = config::Severity::kError;
  if (options.offline) {
    request->files = config::Files::kNamed;
    request->value_files = false;
  } else {
    request->machine = resources::ReadMachineLimits();
    request->looks_for_modules = true;
  }
  std::vector<config::Checked> all = CheckAll(*request, options);
  std::vector<std::string> works;
  for (config::Checked& checked : all) {
    if (!options.online || checked.loaded.HasErrors()) continue;
    std::ranges::move(CheckOnline(checked.loaded), std::back_inserter(works));
  }
  if (options.production) {
    const bool memory_limited = request->machine && request->machine->memory_limit;
    for (config::Checked& checked : all) {
      if (checked.loaded.HasErrors()) continue;
      checked.production = config::CheckProduction(checked.loaded, memory_limited);
    }
  }
  std::optional<std::vector<config::Change>> changes;
  if (options.diff && !all.front().loaded.HasErrors() && !all.back().loaded.HasErrors()) {
    changes = config::Changes(all.front().loaded, all.back().loaded);
  }
  Print(all, changes, options, context);
  if (options.format == "text" && !options.PrintsToml()) {
    for (const std::string& line : works) context.out << line << "\n";
  }
  ExitCode worst =
      changes && config::NeedsRestart(*changes) ? ExitCode::kSomeFailed : ExitCode::kOk;
  for (const config::Checked& checked : all) {
    worst = std::max(worst, Judge(checked, options.strict));
  }
  return worst;
}

Action DeclareValidateConfigCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->files, "Files to check; - is standard input");
  const auto flag = [&app](const char* name, bool& into, const char* help) {
    app.add_flag(name, into, help)->group("Options");
  };
  const auto option = [&app](const char* name, std::string& into, const char* value,
                             const char* help) {
    app.add_option(name, into, help)->type_name(value)->group("Options");
  };
  flag("--strict", options->strict, "Exit with 1 when there are warnings");
  flag("--production", options->production,
       "Go through the production security checklist as well; exit with 1 when an item fails");
  flag("--online", options->online,
       "Try what the configuration names as well: open the network of each detector in the "
       "pipeline and run it once; look whether the history of events can be written");
  option("--format", options->format, "FORMAT",
         "text for people; json, one line; github, annotations for a workflow's log");
  option("--explain", options->explain, "CODE",
         "Say what a diagnostic's code (SP1004) means, and check nothing");
  flag("--print-effective", options->print_effective,
       "Print every key as TOML with where its value came from; secrets are masked, and what "
       "nobody set and follows from other keys or variables is a comment");
  flag("--diff", options->diff,
       "Compare two FILEs: what a reload applies and what needs a restart; exit with 1 when "
       "something needs one");
  app.add_option("--with", options->with,
                 "Check against a systemd unit, Kubernetes manifests or a compose file: ports, "
                 "probes, the time for a stop, memory, credentials; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group("Options");
  option("--from-env", options->from_env, "FILE",
         "Print the TOML that an environment file (NAME=VALUE lines) amounts to; - is standard "
         "input");
  flag("--offline", options->offline,
       "Look at the FILEs and the environment only: not at the system's files, nor at this "
       "machine");
  options->config.AddSet(app);
  return [options](CommandContext& context) { return Run(*options, context); };
}

}  // namespace

Command ValidateConfigCommand() {
  return {
      .name = "validate-config",
      .summary = "Check a configuration and report every problem",
      .operands = "[FILE]...",
      .description =
          "Checks each FILE on its own, together with the defaults, the environment and --set. "
          "Without FILE it checks the configuration that serve would use. One run reports every "
          "problem on standard error, with file, line and column; standard output has one line "
          "with the verdict for each file.",
      .examples = {{"sampleproc validate-config",
                    "Check whether serve would start with this machine's configuration."},
                   {"sampleproc validate-config --print-effective > new.toml",
                    "Write the effective configuration, with the origin of each key, to a file to "
                    "start from."},
                   {"sampleproc validate-config --strict new.toml",
                    "Check a file before you install it; warnings count as errors."},
                   {"sampleproc validate-config --online",
                    "Check that the networks load here and the history of events can be written."},
                   {"sampleproc validate-config --set process.workers=8 new.toml",
                    "Check a file with one key changed."},
                   {"sampleproc validate-config --production",
                    "Go through the production checklist, item by item."},
                   {"echo REDIS_URL=redis://redis:6379/0 | sampleproc validate-config --from-env -",
                    "Convert the variables of an older deployment to TOML."},
                   {"sampleproc validate-config --print-effective --set http.port=9000 > a.toml",
                    "The same with one key changed."},
                   {"sampleproc validate-config --diff new.toml a.toml",
                    "Show whether a reload is enough or a restart is needed."},
                   {"sampleproc validate-config --with packaging/compose/compose.yaml new.toml",
                    "Check that the ports, probes, limits and timeouts of a deployment fit this "
                    "configuration; this one's is in the source tree."},
                   {"sampleproc validate-config --format github new.toml",
                    "Annotate the changed lines in a workflow with their problems."}},
      .exit_codes = {{0, "Valid."},
                     {1,
                      "Valid, but there are warnings and --strict was given, an item of the "
                      "checklist failed, or a difference needs a restart."},
                     {2, "The command line is wrong."},
                     {65, "Invalid."}},
      .declare = &DeclareValidateConfigCommand,
  };
}

}  // namespace sampleproc::apps
