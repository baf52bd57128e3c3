#include "loadtest/golden.h"

#include <fstream>

#include "loadtest/answer_facts.h"

namespace sampleproc::loadtest {

base::Result<Golden> LoadGolden(const std::string& path) {
  std::ifstream file(path);
  if (!file) return base::Fail(base::ErrorCode::kIo, "cannot read " + path);
  Golden golden;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const auto facts = ReadAnswer(line);
    if (!facts || facts->source.empty()) {
      return base::Fail(base::ErrorCode::kUsage, path + ": line " + std::to_string(number) +
                                                     " is no record of process-file");
    }
    if (!facts->has_detections) continue;
    golden[facts->source.substr(facts->source.rfind('/') + 1)] = facts->detections;
  }
  return golden;
}

}  // namespace sampleproc::loadtest
