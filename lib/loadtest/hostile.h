// Frames that a service must refuse, and go on.
#pragma once

#include <string>
#include <vector>

#include "loadtest/frame_store.h"

namespace sampleproc::loadtest {

// Made of a good frame: cut in the middle, with its first bytes overwritten, empty. The same frame
// gives the same ones.
std::vector<StoredFrame> HostileFrames(const StoredFrame& frame);

// Bodies that are wrong as JSON: cut short, nested too deep, not base64, no frame at all.
std::vector<std::string> HostileJson();

}  // namespace sampleproc::loadtest
