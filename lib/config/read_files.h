// The files that a configuration names for reading.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/schema.h"

namespace sampleproc::config {

struct NamedFile {
  std::string key;
  std::string path;
  bool is_secret = false;  // only the service should be able to read it
  bool is_needed = true;   // without it the service does not start
};

// Whether some pipeline has the step.
bool IsStep(const std::string& name, const Config& config);

// The key of ONNX Runtime's library, and whether a detector that a pipeline has may be run by it;
// or by it alone.
inline constexpr std::string_view kOnnxruntimeKey = "process.onnxruntime";
bool RunsOnnx(const Config& config, bool alone = false);

// Those of the keys of `schema`, of the detectors and of the cameras; also the folder of a camera
// that has one. A detector needs its files where a pipeline has it as a step.
std::vector<NamedFile> FilesRead(const std::vector<Key>& schema, const Config& config);

// Why the file `path` holds no password, which is its only line; "" when it does, and when it can
// be read but once and is left to the start.
std::string PasswordFault(const std::string& path);

// What is wrong with the files of passwords that `config` names, each with its key; "" when nothing
// is.
std::string PasswordFaults(const Config& config);

}  // namespace sampleproc::config
