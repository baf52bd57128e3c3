// What the tests of the video reader have in common.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/places.h"
#include "video/video_reader.h"

namespace sampleproc::video {

// The module of this build.
inline Options TestOptions() {
  Options options;
  options.module = testing::kVideoModule;
  // Sanitizers and a loaded machine make everything slow; the limit has a test of its own.
  options.deadline = std::chrono::minutes(5);
  return options;
}

struct ReadFrame {
  std::uint64_t index = 0;
  std::optional<double> pts;
  int width = 0;
  int height = 0;
  std::string pixels;  // rows packed
};

struct ReadVideo {
  std::vector<ReadFrame> frames;
  std::optional<base::Error> error;  // of opening or of the frame after the last one
};

inline std::string Packed(const frame::Image& image) {
  const auto row = static_cast<std::size_t>(image.width * frame::Channels(image.format));
  std::string pixels;
  pixels.reserve(row * static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    pixels.append(reinterpret_cast<const char*>(image.Row(y)), row);
  }
  return pixels;
}

// Compares in a function, so that a failing test does not print the pictures.
inline bool Same(std::string_view pixels, std::string_view others) { return pixels == others; }

// Reads to the end or the first error. Every pixel is read.
inline ReadVideo ReadAll(const std::filesystem::path& path, frame::PixelFormat wanted,
                         const Options& options = TestOptions()) {
  ReadVideo video;
  resources::MemoryBudget budget(std::size_t{1} << 30);
  auto reader = VideoReader::Open(path.string(), options, {}, budget);
  if (!reader) {
    video.error = reader.error();
    return video;
  }
  for (;;) {
    auto next = (*reader)->Next(wanted, {});
    if (!next) {
      video.error = next.error();
      return video;
    }
    if (!*next) return video;
    const VideoFrame& frame = **next;
    video.frames.push_back(
        {frame.index, frame.pts, frame.image.width, frame.image.height, Packed(frame.image)});
  }
}

}  // namespace sampleproc::video
