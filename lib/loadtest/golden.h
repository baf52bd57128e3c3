// What process-file found in each frame: what the service must find, too.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "loadtest/frame_store.h"

namespace sampleproc::loadtest {

// Detections (as AnswerFacts has them) by the name of the file, without folders.
using Golden = std::map<std::string, std::string, std::less<>>;

// Reads records of process-file, one a line; those without detections are passed over. Fails with
// kUsage when a line is no record, and when none has detections of one of `frames`: then nothing
// would be compared.
base::Result<Golden> ParseGolden(std::string_view text, const std::vector<StoredFrame>& frames);

}  // namespace sampleproc::loadtest
