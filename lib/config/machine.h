// What a configuration asks of the machine that it is to run on.
#pragma once

#include "config/assembly.h"
#include "resources/cpu_limits.h"

namespace sampleproc::config {

// Reports files that the configuration names and that the service would not start with, because
// they cannot be read or are no certificate or list of tokens; secrets that everybody can read;
// cameras' paths that were meant to be URLs; and more memory or workers than `machine` has. Looks
// at those files; opens nothing else.
void CheckMachine(const resources::MachineLimits& machine, Assembly& assembly);

// Looks for the parts of the program that are files of their own and that a step, a camera or MQTT
// needs: a package may not be installed.
void CheckModules(Assembly& assembly);

}  // namespace sampleproc::config
