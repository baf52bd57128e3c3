// How many frames a decoder really keeps. What it may keep by its codec is in stream_facts.h, and a
// stream can make it keep more: nothing in FFmpeg holds HEVC to the bounds of its level.
#pragma once

extern "C" {
#include <libavutil/frame.h>
}

#include <cstdint>
#include <memory>

namespace sampleproc::video {

// Of one decoder, in its thread. Frames may outlive it.
class FrameCount {
 public:
  // Counts the frame until the last one who has it lets it go. Returns 0, or FFmpeg's error.
  int Add(AVFrame* frame) noexcept;

  std::uint64_t now() const { return *now_; }

 private:
  std::shared_ptr<std::uint64_t> now_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace sampleproc::video
