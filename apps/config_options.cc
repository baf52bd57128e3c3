#include "apps/config_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "config/convert.h"
#include "config/print.h"

namespace sampleproc::apps {
namespace {

constexpr const char* kGroup = "Configuration";

// A warning of a key that is in order, beside errors of others: `validate-config` tells it. What
// has no key, as a misspelt variable, may be the reason of an error.
bool IsBesideThePoint(const config::Diagnostic& diagnostic, const config::Loaded& loaded) {
  if (diagnostic.severity == config::Severity::kError || diagnostic.key.empty()) return false;
  return loaded.HasErrors() &&
         std::ranges::none_of(loaded.diagnostics, [&](const config::Diagnostic& other) {
           return other.severity == config::Severity::kError && other.key == diagnostic.key;
         });
}

}  // namespace

void ConfigOptions::AddFile(CLI::App& app, const std::string& names) {
  app.add_option_function<std::string>(
         names,
         [this](const std::string& file) {
           file_ = file;
           file_given_ = true;
         },
         "Read FILE instead of $SAMPLEPROC_CONFIG or /etc/sampleproc/sampleproc.toml")
      ->type_name("FILE")
      ->group(kGroup);
}

void ConfigOptions::AddSet(CLI::App& app) {
  app.add_option("--set", sets_,
                 "Set one key, as in the file: --set http.port=9000; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(kGroup);
}

void ConfigOptions::AddKey(CLI::App& app, const std::string& option, const std::string& value_name,
                           const std::string& path, const std::string& help) {
  keys_.push_back(std::make_unique<KeyOption>(KeyOption{option, path, "", false}));
  KeyOption* key = keys_.back().get();
  app.add_option_function<std::string>(
         option,
         [key](const std::string& text) {
           key->text = text;
           key->given = true;
         },
         help)
      ->type_name(value_name)
      ->group(kGroup);
}

std::expected<config::LoadRequest, std::string> ConfigOptions::Request(
    const config::Environment& environment) const {
  config::LoadRequest request;
  request.environment = environment;
  if (file_given_) request.file = file_;
  for (const std::string& set : sets_) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      return std::unexpected("--set needs KEY=VALUE, such as --set http.port=9000, and got '" +
                             config::Shown(set.substr(0, set.find_first_of(": ;"))) + "'");
    }
    const std::string path = set.substr(0, equals);
    request.flags.push_back({path, set.substr(equals + 1), "--set " + config::Shown(path)});
  }
  for (const std::unique_ptr<KeyOption>& key : keys_) {
    if (key->given) request.flags.push_back({key->path, key->text, key->option});
  }
  return request;
}

std::expected<config::Loaded, ExitCode> LoadConfig(const ConfigOptions& options,
                                                   OriginalNames original_names,
                                                   CommandContext& context, base::Reading reading) {
  std::expected<config::LoadRequest, std::string> request = options.Request(context.environment);
  if (!request) return std::unexpected(UsageError(context.err, request.error(), ""));
  request->reading = reading;
  request->original_names = original_names == OriginalNames::kRead;
  config::Loaded loaded = config::Load(*request);
  bool flag_to_blame = false;
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if (IsBesideThePoint(diagnostic, loaded)) continue;
    context.err << config::FormatDiagnostic(diagnostic, context.colour);
    flag_to_blame = flag_to_blame || (diagnostic.severity == config::Severity::kError &&
                                      diagnostic.origin.kind == config::Origin::Kind::kFlag);
  }
  if (!loaded.HasErrors()) return loaded;
  return std::unexpected(flag_to_blame ? ExitCode::kUsage : ExitCode::kConfig);
}

ExitCode UsageError(std::ostream& err, std::string_view text, std::string_view command) {
  err << "sampleproc: " << text << "\nTry 'sampleproc " << command << (command.empty() ? "" : " ")
      << "--help'.\n";
  return ExitCode::kUsage;
}

}  // namespace sampleproc::apps
