// What can be seen of a detector's files without running its network.
#pragma once

#include <string>
#include <vector>

#include "detect/options.h"

namespace sampleproc::detect {

struct Fault {
  std::string key;  // of the detector's: "model", "labels", "classes"
  std::string message;
};

// What Detector::Open would refuse before it runs the network: a model that cannot be read, is none
// or another than the pinned one, labels that cannot be read, classes that neither the labels nor a
// layout have. Whether layout and labels suit the network's outputs is known only once it has run.
std::vector<Fault> FaultsOf(const DetectorOptions& options, const Places& places);

}  // namespace sampleproc::detect
