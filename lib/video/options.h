// Limits on what a video may make us do.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>

namespace sampleproc::video {

struct Options {
  // Largest picture, width * height * channels in bytes, that is handed out. Checked before memory
  // for it is taken, again whenever the video changes its size.
  std::size_t max_frame_bytes = 104'857'600;

  // Most CPU time of the calling thread that opening the video may take, and then each frame: a
  // bound on hostile files that a busy machine does not turn against honest ones.
  std::chrono::milliseconds deadline{2000};

  // How long opening or a larger frame waits for room in the memory budget.
  std::chrono::milliseconds budget_patience{500};

  // JPEG pictures of a video are handed out as they are in the file (VideoFrame::encoded), for the
  // decoder that pictures have outside of videos, so that both are judged alike.
  bool jpeg_packets = false;

  // The module with the decoders. Empty: looked for where the build and the installation put it,
  // see module_loader.h. Never taken from anything a stranger can write.
  std::filesystem::path module = {};
};

}  // namespace sampleproc::video
