// The command line that starts the service, as units, manifests and compose files write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"
#include "deploy/deployment.h"

namespace sampleproc::deploy {

// An option that `sampleproc serve` has.
struct StartOption {
  std::string short_name;  // "-c", or ""
  std::string long_name;   // "--config"
  bool takes_value = true;
};

// The last one of each name, as they count; nullptr when there is none.
const Variable* FindVariable(const Deployment& deployment, std::string_view name);

// Whether a configuration that the deployment names is on this machine too; it is reported if not.
bool IsHere(const std::string& path, const Fact& at, Deployment& deployment);

// Takes away what starts the program of ours: a shell with a plain line, env, tini. Variables that
// they set are added. A shell's line that is more than a command is reported; no words are left.
void Unwrap(Deployment& deployment);

// Whether the words start another command of ours than serve, such as validate-config.
bool IsOtherCommand(const Deployment& deployment);

inline constexpr std::string_view kPortKey = "http.port";

// What `words` give --port, or the key of the port with --set; nothing when they do not.
std::optional<std::string> PortAmong(const std::vector<std::string>& words);

// Puts the options of serve among the words into `request`: a file that is named is read unless
// another one was given. What serve would refuse is reported.
void ApplyWords(const std::vector<StartOption>& options, config::LoadRequest& request,
                Deployment& deployment);

}  // namespace sampleproc::deploy
