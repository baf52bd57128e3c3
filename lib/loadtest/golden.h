// What process-file found in each frame: what the service must find, too.
#pragma once

#include <map>
#include <string>

#include "base/error.h"

namespace sampleproc::loadtest {

// Detections (as AnswerFacts has them) by the name of the file, without folders.
using Golden = std::map<std::string, std::string, std::less<>>;

// Reads records of process-file, one a line; those without detections are passed over. Fails with
// kIo when the file cannot be read, with kUsage when a line is no record.
base::Result<Golden> LoadGolden(const std::string& path);

}  // namespace sampleproc::loadtest
