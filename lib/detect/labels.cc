#include "detect/labels.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <sstream>
#include <string_view>

#include "base/text_file.h"

namespace sampleproc::detect {
namespace {

// clang-format off
constexpr std::array<std::string_view, 80> kCoco = {
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
    "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
    "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
};
// The 23 of Open Images that MediaPipe's SSD knows, written as COCO's are.
constexpr std::array<std::string_view, 23> kOpenImages = {
    "bicycle", "boot", "laptop", "person", "chair", "cattle", "desk", "cat", "computer mouse",
    "computer monitor", "box", "mug", "coffee cup", "stationary bicycle", "table", "bottle",
    "high heels", "vehicle", "footwear", "dog", "book", "camera", "car",
};
// clang-format on

// COCO's own numbers run from 1 to 90; these stand for nothing.
constexpr int kNumberedClasses = 91;
constexpr std::array kGaps = {0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83};

constexpr std::size_t kMostLabels = 10'000;
constexpr std::size_t kLongestLabel = 64;

// Until a pipe has to have handed out its labels.
constexpr std::chrono::seconds kPatience{10};

base::Result<std::vector<std::string>> ReadLabels(const std::string& path) {
  auto text = base::ReadTextFile(path, base::Reading::kFirst, {base::SystemClock(), kPatience});
  if (!text) {
    return base::Fail(base::ErrorCode::kConfig,
                      "the file of labels " + path + " cannot be read: " + text.error().message);
  }
  std::istringstream file(*std::move(text));
  std::vector<std::string> labels;
  for (std::string line; std::getline(file, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (line.empty() || line.size() > kLongestLabel || labels.size() == kMostLabels) {
      return base::Fail(
          base::ErrorCode::kConfig,
          "the file of labels " + path + " must have one label a line, each of 1 to " +
              std::to_string(kLongestLabel) + " bytes, and " + std::to_string(kMostLabels) +
              " at most; line " + std::to_string(labels.size() + 1) + " has not");
    }
    labels.push_back(line);
  }
  return labels;
}

}  // namespace

std::string LabelsFile(const DetectorOptions& options) {
  if (options.labels.size() != 1) return "";
  const std::string& only = options.labels.front();
  const bool is_file = only.find('/') != std::string::npos || only.ends_with(".txt");
  return is_file ? only : "";
}

base::Result<std::vector<std::string>> LoadLabels(const DetectorOptions& options) {
  if (options.labels.size() != 1) return options.labels;
  const std::string& only = options.labels.front();
  if (only == "coco") return std::vector<std::string>(kCoco.begin(), kCoco.end());
  if (only == "openimages") {
    return std::vector<std::string>(kOpenImages.begin(), kOpenImages.end());
  }
  const std::string file = LabelsFile(options);
  return file.empty() ? options.labels : ReadLabels(file);
}

bool LabelsSuit(int classes, int labels) {
  return classes == labels ||
         (classes == kNumberedClasses && labels == static_cast<int>(kCoco.size()));
}

std::string ClassName(const std::vector<std::string>& labels, int classes, int index) {
  auto at = static_cast<std::size_t>(index);
  if (classes == kNumberedClasses && labels.size() == kCoco.size()) {
    if (std::ranges::find(kGaps, index) != kGaps.end())
      return std::string(kNumberedClass) + std::to_string(index);
    at -= static_cast<std::size_t>(std::ranges::count_if(kGaps, [&](int g) { return g < index; }));
  }
  return at < labels.size() ? labels[at] : std::string(kNumberedClass) + std::to_string(index);
}

}  // namespace sampleproc::detect
