#include "loadtest/golden.h"

#include <algorithm>

#include "loadtest/answer_facts.h"

namespace sampleproc::loadtest {

base::Result<Golden> ParseGolden(std::string_view text, const std::vector<StoredFrame>& frames) {
  Golden golden;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    const auto facts = ReadAnswer(line);
    if (!facts || facts->source.empty()) {
      return base::Fail(base::ErrorCode::kUsage,
                        "line " + std::to_string(number) + " is no record of process-file");
    }
    if (!facts->has_detections) continue;
    golden[facts->source.substr(facts->source.rfind('/') + 1)] = facts->detections;
  }
  const bool has_any = std::ranges::any_of(
      frames, [&golden](const StoredFrame& frame) { return golden.contains(frame.name); });
  if (!has_any) {
    return base::Fail(base::ErrorCode::kUsage,
                      "there is no record with detections of any of the frames, so that nothing "
                      "would be compared; make it of the same files with process-file");
  }
  return golden;
}

}  // namespace sampleproc::loadtest
