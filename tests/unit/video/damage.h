// What the tests of damaged videos have in common.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "support/ffmpeg.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/video/reading.h"

namespace sampleproc::video {

inline std::string Content(const std::filesystem::path& path) {
  const auto bytes = test::ReadFile(path);
  return std::string(base::AsText(bytes));
}

inline std::filesystem::path Make(const testing::TempDir& dir, const std::string& name,
                                  const std::string& arguments,
                                  const std::string& size = "192:144") {
  const auto path = dir.path() / name;
  testing::RunFfmpeg("-i " + testing::Quoted(test::SamplePath("vtest.avi")) +
                     " -frames:v 20 -vf scale=" + size + " " + arguments + " " +
                     testing::Quoted(path));
  return path;
}

struct Outcome {
  std::vector<ReadFrame> frames;
  std::vector<std::size_t> errors;  // how many frames came before each
  std::size_t encoded = 0;
  std::uint64_t left_out = 0;
  int orientation = 0;
};

// Reads on behind every error that lets it.
inline Outcome ReadOn(const std::filesystem::path& path, const Options& options = TestOptions()) {
  Outcome outcome;
  resources::MemoryBudget budget(std::size_t{1} << 30);
  auto reader = VideoReader::Open(path.string(), options, {}, budget);
  REQUIRE(reader);
  for (;;) {
    auto next = (*reader)->Next(frame::PixelFormat::kGray8, {});
    if (!next) {
      outcome.errors.push_back(outcome.frames.size());
      // Unsupported: nothing in it is video.
      CHECK((next.error().code == base::ErrorCode::kInvalidFrame ||
             next.error().code == base::ErrorCode::kUnsupportedFormat));
      if ((*reader)->CanGoOn()) continue;
    }
    outcome.left_out = (*reader)->left_out();
    if (!next || !*next) return outcome;
    const VideoFrame& frame = **next;
    outcome.orientation = frame.orientation;
    if (!frame.encoded.empty()) ++outcome.encoded;
    outcome.frames.push_back(
        {frame.index, frame.pts, frame.image.width, frame.image.height,
         frame.encoded.empty() ? Packed(frame.image) : std::string(base::AsText(frame.encoded))});
  }
}

// Whether all of them are frames of the whole video, in its order.
inline bool AreAmong(const std::vector<ReadFrame>& frames, const std::vector<ReadFrame>& whole) {
  auto next = whole.begin();
  for (const ReadFrame& frame : frames) {
    next = std::find_if(next, whole.end(),
                        [&](const ReadFrame& each) { return each.pixels == frame.pixels; });
    if (next == whole.end()) return false;
    ++next;
  }
  return true;
}

}  // namespace sampleproc::video
