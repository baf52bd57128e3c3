#include "files/box_words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "track/box.h"

namespace sampleproc::files {

std::string BoxText(const frame::Bbox& box) {
  return "[" + std::to_string(box.x1) + "," + std::to_string(box.y1) + "," +
         std::to_string(box.x2) + "," + std::to_string(box.y2) + "]";
}

std::string MoveText(const frame::Bbox& before, const frame::Bbox& after) {
  const track::Box a = track::Box::Of(before);
  const track::Box b = track::Box::Of(after);
  std::string text;
  const auto add = [&text](double by, const char* unit, const char* more, const char* less) {
    const double rounded = std::round(std::abs(by));
    if (rounded < 1) return;
    char number[32];
    std::snprintf(number, sizeof number, "%.0f", std::min(rounded, 1e12));
    if (!text.empty()) text += ", ";
    text += std::string(number) + unit + (by > 0 ? more : less);
  };
  add(b.x - a.x, " px ", "right", "left");
  add(b.y - a.y, " px ", "down", "up");
  if (a.area() > 0) add(100 * (b.area() / a.area() - 1), " % ", "larger", "smaller");
  return text.empty() ? "in the same place" : text;
}

std::string ConfidenceText(double confidence) {
  char text[16];
  std::snprintf(text, sizeof text, "%.2f", std::clamp(confidence, 0.0, 1.0));
  return text;
}

std::string SecondsText(double seconds) {
  char text[400];  // a double of 309 digits, and more
  std::snprintf(text, sizeof text, "%.2f", seconds);
  return text;
}

}  // namespace sampleproc::files
