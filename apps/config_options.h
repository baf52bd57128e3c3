// The options that set configuration keys, the same on every command that takes them.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/command.h"
#include "config/loader.h"

namespace sampleproc::apps {

// Adds options to one command and collects what they were given. A command makes it with
// std::make_shared and keeps it in its Action.
class ConfigOptions {
 public:
  // -c, --config FILE, or under the names that are given
  void AddFile(CLI::App& app, const std::string& names = "-c,--config");
  // --set KEY=VALUE
  void AddSet(CLI::App& app);
  // An option of its own for one key: AddKey(app, "--port", "PORT", "http.port", "..."). It beats
  // --set, and messages name it as it was typed.
  void AddKey(CLI::App& app, const std::string& option, const std::string& value_name,
              const std::string& path, const std::string& help);

  // The file and the flags of the command line as a request. A --set without '=' is an error text.
  std::expected<config::LoadRequest, std::string> Request(
      const config::Environment& environment) const;

  // Whether a --set was given.
  bool AnySet() const { return !sets_.empty(); }

  bool AnyGiven() const { return file_given_ || !sets_.empty(); }

 private:
  struct KeyOption {
    std::string option;
    std::string path;
    std::string text;
    bool given = false;
  };

  std::string file_;
  bool file_given_ = false;
  std::vector<std::string> sets_;
  std::vector<std::unique_ptr<KeyOption>> keys_;
};

// Who reads the original service's variables.
enum class OriginalNames { kRead, kIgnore };

// Loads the configuration a command is to run with. Diagnostics go to context.err, warnings
// included. A reload is `reading` kAgain. On errors the code to exit with comes back: kUsage when a
// flag is to blame, else kConfig.
std::expected<config::Loaded, ExitCode> LoadConfig(const ConfigOptions& options,
                                                   OriginalNames original_names,
                                                   CommandContext& context,
                                                   base::Reading reading = base::Reading::kFirst);

// "sampleproc: <text>" and where to read on, to `err`.
ExitCode UsageError(std::ostream& err, std::string_view text, std::string_view command);

}  // namespace sampleproc::apps
