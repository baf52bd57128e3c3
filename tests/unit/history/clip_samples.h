// Clips of events for tests: what they are of, what is in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "history/clip_layout.h"
#include "unit/history/snapshot_samples.h"

namespace sampleproc::history {

inline SnapshotKey KeyOf(int number) { return SnapshotKeyOf(EventId(number)).value(); }

// By the frames' clock: the time of picture `number`, five a second.
inline ClipTime TimeOfPicture(int number) {
  return std::chrono::seconds(1'753'787'696) + number * std::chrono::milliseconds(200);
}

inline ClipFacts FactsOfClip(int number) {
  return {.event_id = EventId(number), .begin = TimeOfPicture(0), .width = 160, .height = 120};
}

struct PictureInClip {
  ClipTime since{};
  std::string jpeg;

  bool operator==(const PictureInClip&) const = default;
};

// The pictures of a whole file, by our own reader.
inline std::vector<PictureInClip> PicturesOf(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  std::vector<PictureInClip> pictures;
  auto index = ClipIndex::Read(bytes);
  while (index) {
    const std::string_view rest = std::string_view(bytes).substr(index->size());
    const auto cluster = ReadClusterHead(rest);
    if (!cluster) break;
    pictures.push_back(
        {cluster->since, std::string(rest.substr(kClusterHead, cluster->jpeg_bytes))});
    index->Add(cluster->since, cluster->jpeg_bytes);
  }
  return pictures;
}

}  // namespace sampleproc::history
