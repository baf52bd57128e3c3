// Limits on what a decoder may be made to do.
#pragma once

#include <chrono>
#include <cstddef>

namespace sampleproc::codec {

struct Options {
  // Largest decoded buffer, width * height * channels in bytes, that is handed to the steps.
  // Checked from the header, before memory for it is taken.
  std::size_t max_frame_bytes = 104'857'600;

  // Largest number of scans in a JPEG. A progressive camera frame has about ten; each further one
  // costs a pass over the whole picture, whatever its size in the file.
  int max_jpeg_scans = 100;

  // Most CPU time that decoding one frame may take: a bound on hostile files that a busy machine
  // does not turn against honest ones.
  std::chrono::milliseconds deadline{2000};
};

}  // namespace sampleproc::codec
