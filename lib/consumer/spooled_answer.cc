#include "consumer/spooled_answer.h"

#include <sys/stat.h>

namespace sampleproc::consumer {

bool SpooledAnswer::IsThere() const {
  struct stat status{};
  return ::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

}  // namespace sampleproc::consumer
