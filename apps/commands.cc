#include "apps/commands.h"

namespace sampleproc::apps {

std::vector<Command> Commands() {
  return {
      ServeCommand(),    ProcessFileCommand(), ValidateConfigCommand(),
      LoadtestCommand(), HealthCommand(),
  };
}

}  // namespace sampleproc::apps
