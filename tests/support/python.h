// Runs the system's python3, which sees the system's numpy, as an independent judge of what our own
// code produced.
#pragma once

#include <string>

namespace sampleproc::testing {

// What `script` (a Python program) prints. Fails the running test when it cannot be run or exits
// with another status than 0. `input` is given to it as standard input.
std::string RunPython(const std::string& script, const std::string& input);

}  // namespace sampleproc::testing
