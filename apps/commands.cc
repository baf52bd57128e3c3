#include "apps/commands.h"

namespace sampleproc::apps {

std::vector<Command> Commands() {
  return {
      ValidateConfigCommand(),
  };
}

}  // namespace sampleproc::apps
