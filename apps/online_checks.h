// What validate-config --online does beyond reading: it tries what the configuration names.
#pragma once

#include <string>
#include <vector>

#include "config/loader.h"

namespace sampleproc::apps {

// Opens the network of each detector in the pipeline and runs it on one gray picture; what fails is
// an error of `loaded` at the model's key. Returns a line for each that works:
//
//   detector.objects: yolox_nano.onnx (yolox, 416x416) by ONNX Runtime 1.28.2
//
// Looks at the history of events as history::Look does; likewise.
//
// `loaded` has no errors. Takes seconds, and the networks' memory while it does.
std::vector<std::string> CheckOnline(config::Loaded& loaded);

}  // namespace sampleproc::apps
