#include "frame/frame_names.h"

#include <cstddef>

namespace sampleproc::frame {
namespace {

struct Word {
  std::string_view typed;
  std::string_view meant;
};

constexpr std::string_view kOurs[] = {"frame_id", "camera_id", "timestamp", "format",
                                      "width",    "height",    "annotate"};

constexpr Word kWords[] = {
    {"camera", "camera_id"},
    {"cam", "camera_id"},
    {"cam_id", "camera_id"},
    {"camera_name", "camera_id"},
    {"image_id", "frame_id"},
    {"picture_id", "frame_id"},
    {"ts", "timestamp"},
    {"time", "timestamp"},
    {"datetime", "timestamp"},
    {"fmt", "format"},
    {"image_format", "format"},
    {"pixel_format", "format"},
    {"w", "width"},
    {"h", "height"},
    {"annotated", "annotate"},
    {"draw", "annotate"},
    {"draw_boxes", "annotate"},
};

constexpr Word kSettings[] = {
    {"pipeline", "process.pipeline"},
    {"step", "process.pipeline"},
    {"steps", "process.pipeline"},
    {"detector", "process.pipeline"},
    {"detectors", "process.pipeline"},
    {"model", "detector.objects.model"},
    {"classes", "detector.objects.classes"},
    {"threshold", "process.detection_threshold"},
    {"detection_threshold", "process.detection_threshold"},
    {"confidence", "process.detection_threshold"},
    {"confidence_threshold", "process.detection_threshold"},
    {"min_confidence", "process.detection_threshold"},
    {"deadline", "process.deadline"},
    {"timeout", "process.deadline"},
};

char Plain(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// The next character that counts, 0 behind the last one.
char Next(std::string_view& text) {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '_' && c != '-') return Plain(c);
  }
  return 0;
}

template <std::size_t kSize>
std::string_view Find(std::string_view typed, const Word (&words)[kSize]) {
  for (const Word& word : words) {
    if (IsSpellingOf(typed, word.typed)) return word.meant;
  }
  return {};
}

}  // namespace

bool IsSpellingOf(std::string_view typed, std::string_view ours) {
  while (true) {
    const char a = Next(typed);
    const char b = Next(ours);
    if (a != b) return false;
    if (a == 0) return typed.empty() && ours.empty();
  }
}

std::string_view MeantName(std::string_view typed) {
  for (const std::string_view ours : kOurs) {
    if (IsSpellingOf(typed, ours)) return ours;
  }
  return Find(typed, kWords);
}

std::string_view ConfiguredBy(std::string_view typed) { return Find(typed, kSettings); }

std::string ConfiguredRule(std::string_view key) {
  return "is configured (" + std::string(key) + ") and the same for every request";
}

}  // namespace sampleproc::frame
