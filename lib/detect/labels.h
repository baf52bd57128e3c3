// The names of classes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "detect/options.h"

namespace sampleproc::detect {

// What layouts call what they look for, where that is faces alone.
inline constexpr std::string_view kFaceClass = "face";

// The names that DetectorOptions::labels stand for, read from the file where they name one. Fails
// with kConfig: the file cannot be read, or has an empty or overlong line or more than 10,000.
base::Result<std::vector<std::string>> LoadLabels(const DetectorOptions& options);

// The path of that file; "" when they name none.
std::string LabelsFile(const DetectorOptions& options);

// Whether so many labels name so many classes: one each, or COCO's 80 the 91 numbers that DETR has.
bool LabelsSuit(int classes, int labels);

// What class `index` of `classes` is called: DETR numbers the classes of COCO with gaps, 91 in all.
// A number beyond the labels is "class_N".
inline constexpr std::string_view kNumberedClass = "class_";
std::string ClassName(const std::vector<std::string>& labels, int classes, int index);

}  // namespace sampleproc::detect
