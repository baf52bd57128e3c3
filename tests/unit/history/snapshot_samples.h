// Pictures of events, and a folder for them, for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "history/options.h"
#include "history/snapshot_file.h"
#include "support/temp_dir.h"

namespace sampleproc::history {

inline std::string EventId(int number) {
  char id[64];
  std::snprintf(id, sizeof id, "frame-%d-1-%016x", number, static_cast<unsigned>(number));
  return id;
}

inline frame::Snapshot SnapshotOf(int number, double confidence = 0.5) {
  return {
      EventId(number),
      {.class_name = "person", .confidence = confidence, .bbox = {1, 2, 30, 40}, .detector = {}}};
}

inline std::string FileName(int number) {
  return SnapshotFileName(SnapshotKeyOf(EventId(number)).value());
}

// Not one that a decoder would take; it is nobody's business here.
inline std::string JpegOf(int number, std::size_t bytes = 1000) {
  std::string jpeg = "\xFF\xD8\xFF\xE0 picture " + std::to_string(number);
  jpeg.resize(std::max(bytes, jpeg.size()), '.');
  return jpeg;
}

struct FolderFacts {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
};

// Of all that is in the folder.
inline FolderFacts FactsOf(const std::string& folder) {
  FolderFacts facts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ++facts.files;
    facts.bytes += entry.file_size();
  }
  return facts;
}

}  // namespace sampleproc::history
