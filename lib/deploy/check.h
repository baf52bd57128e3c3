// Holds a unit, a manifest or a compose file against the configuration of what it starts.
#pragma once

#include <string>
#include <vector>

#include "config/loader.h"
#include "config/report.h"
#include "deploy/command_line.h"
#include "deploy/deployment.h"

namespace sampleproc::deploy {

// What will not work, or not as meant: ports, probes, the time for a stop, memory, credentials. The
// configuration has no errors.
std::vector<config::Diagnostic> CheckDeployment(Deployment deployment,
                                                const config::Config& config);

// Reads `files` (a unit and its drop-ins, manifests, a kustomization, or one compose file), loads
// `request` with the variables and the command line that they set in place of the environment it
// came with, and checks one against the other: once for each container that runs the service, one
// at least. `options` are those of serve. All that is wrong is in the diagnostics, each with file
// and line. Reads files; no other side effects.
std::vector<config::Checked> LoadWith(const std::vector<std::string>& files,
                                      const config::LoadRequest& request,
                                      const std::vector<StartOption>& options);

}  // namespace sampleproc::deploy
