#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/config_options.h"
#include "config/print.h"

namespace sampleproc::apps {
namespace {

struct Options {
  ConfigOptions config;
  std::vector<std::string> files;
  bool strict = false;
};

std::string Counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// "sampleproc.toml: ok (3 warnings)"
std::string Verdict(const std::string& subject, const config::Loaded& loaded) {
  const std::size_t errors = loaded.Count(config::Severity::kError);
  const std::size_t warnings = loaded.Count(config::Severity::kWarning);
  std::string text = subject + ": " + (errors > 0 ? "invalid" : "ok");
  if (errors + warnings == 0) return text;
  text += " (";
  if (errors > 0) text += Counted(errors, "error");
  if (errors > 0 && warnings > 0) text += ", ";
  if (warnings > 0) text += Counted(warnings, "warning");
  return text + ")";
}

ExitCode Check(config::LoadRequest request, const Options& options, CommandContext& context) {
  request.original_names = true;
  request.unknown_variable = config::Severity::kError;
  const config::Loaded loaded = config::Load(request);
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    context.err << config::FormatDiagnostic(diagnostic, context.colour);
  }
  std::string subject = request.file ? *request.file : config::DescribeSources(loaded);
  if (subject == "-") subject = "<stdin>";
  context.out << Verdict(subject, loaded) << "\n";
  if (loaded.HasErrors()) return ExitCode::kBadData;
  const bool warned = loaded.Count(config::Severity::kWarning) > 0;
  return warned && options.strict ? ExitCode::kSomeFailed : ExitCode::kOk;
}

ExitCode Run(const Options& options, CommandContext& context) {
  const auto request = options.config.Request(context.environment);
  if (!request) return UsageError(context.err, request.error(), "validate-config");
  if (options.files.empty()) return Check(*request, options, context);
  ExitCode worst = ExitCode::kOk;
  for (const std::string& file : options.files) {
    config::LoadRequest each = *request;
    each.file = file;
    worst = std::max(worst, Check(each, options, context));
  }
  return worst;
}

Action Declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->files, "Files to check; - is standard input");
  app.add_flag("--strict", options->strict, "Exit with 1 when there are warnings")
      ->group("Options");
  options->config.AddSet(app);
  return [options](CommandContext& context) { return Run(*options, context); };
}

}  // namespace

Command ValidateConfigCommand() {
  return {
      .name = "validate-config",
      .summary = "Check a configuration and say all that is wrong with it",
      .operands = "[FILE]...",
      .description =
          "Checks each FILE alone over the defaults, together with the environment and --set. "
          "Without FILE it checks what serve would use. Everything that is wrong is shown in one "
          "run on standard error, with file, line and column; one line for each file on standard "
          "output gives the verdict.",
      .examples = {{"sampleproc validate-config",
                    "Would serve start with what is configured here?"},
                   {"sampleproc validate-config --strict new.toml",
                    "Check a file before it is put in place; warnings count too."},
                   {"sampleproc validate-config --set process.workers=8 new.toml",
                    "Check it with one key changed."}},
      .exit_codes = {{0, "Valid."},
                     {1, "Valid, but there are warnings and --strict was given."},
                     {2, "The command line is wrong."},
                     {65, "Invalid."}},
      .declare = &Declare,
  };
}

}  // namespace sampleproc::apps
