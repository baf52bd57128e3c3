// When it is tried again, for the reason of a condition.
#pragma once

#include <chrono>
#include <string>

namespace sampleproc::resilience {

// ", the next try is in 4 s", or ", it is tried again at once".
inline std::string NextTry(std::chrono::milliseconds pause) {
  if (pause == std::chrono::milliseconds(0)) return ", it is tried again at once";
  const bool long_one = pause >= std::chrono::seconds(2);
  return ", the next try is in " + (long_one ? std::to_string((pause.count() + 500) / 1000) + " s"
                                             : std::to_string(pause.count()) + " ms");
}

}  // namespace sampleproc::resilience
