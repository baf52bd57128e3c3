#include "apps/commands.h"

namespace sampleproc::apps {

std::vector<Command> Commands() {
  return {
      ServeCommand(),
      ProcessFileCommand(),
      ValidateConfigCommand(),
      HealthCommand(),
  };
}

}  // namespace sampleproc::apps
