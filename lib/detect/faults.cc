#include "detect/faults.h"

#include <algorithm>
#include <string_view>

#include "detect/labels.h"
#include "detect/model_file.h"
#include "detect/onnx_file.h"

namespace sampleproc::detect {

std::vector<Fault> FaultsOf(const DetectorOptions& options, const Places& places) {
  std::vector<Fault> faults;
  if (const auto bytes = ReadModel(options, places); !bytes) {
    faults.push_back({"model", bytes.error().message});
  } else if (const auto file = ReadOnnxFile(*bytes); !file) {
    faults.push_back({"model", ModelPath(options, places).string() + " " + file.error().message});
  }
  const auto labels = LoadLabels(options);
  if (!labels) {
    faults.push_back({"labels", labels.error().message});
    return faults;
  }
  const bool named = options.labels != DetectorOptions{}.labels;
  for (const std::string& wanted : options.classes) {
    // Numbers beyond the labels are classes as well, and a layout for faces has its own.
    const bool may_be = wanted.starts_with(kNumberedClass) || (!named && wanted == kFaceClass) ||
                        std::ranges::find(*labels, wanted) != labels->end();
    if (!may_be)
      faults.push_back({"classes", "there is no class \"" + wanted + "\" in its labels"});
  }
  return faults;
}

}  // namespace sampleproc::detect
