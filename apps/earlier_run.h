// What --compare compares with.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "files/comparison.h"
#include "files/event_comparison.h"
#include "files/stop_descriptor.h"

namespace sampleproc::apps {

// One of the two, or neither.
struct EarlierRun {
  std::optional<files::Comparison> records;
  std::optional<files::EventComparison> events;
};

// Reads what an earlier run has written to `path`: its records or, as --events writes them, its
// events; neither when `path` is "". An empty file is one of a run without events where frames may
// be tracked (`may_track`). Fails as files::ReadInput and the comparisons do, and with kUsage for
// events where no frame is tracked.
base::Result<EarlierRun> LoadEarlierRun(const std::string& path, bool may_track,
                                        const files::StopDescriptor& stop);

// That no input of this run, which is over, is one of the earlier one's by its name; "" otherwise.
std::string DescribeStrangers(const EarlierRun& earlier);

}  // namespace sampleproc::apps
