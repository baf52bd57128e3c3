// One video that is written: pictures to FFmpeg's encoder, its packets to a muxer, the muxer's
// bytes to the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "video/module/handles.h"
#include "video/module_abi.h"

namespace sampleproc::video {

// In the caller's thread alone, and without what depends on the machine or the time: the same
// pictures give the same bytes. Colours are BT.601 in limited range, as the stream says.
class Encoder {
 public:
  explicit Encoder(const ModuleSink& sink) : sink_(sink) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // The functions of Module.
  ModuleStatus Begin(const ModuleVideoRequest& request, const char** what);
  ModuleStatus Add(const ModulePixels& pixels, std::int64_t ticks, const char** what);
  ModuleStatus Finish(const char** what);

 private:
  struct FreedMuxer {
    void operator()(AVFormatContext* context) const { avformat_free_context(context); }
  };

  static int OnWrite(void* self, std::uint8_t* data, int size);
  static std::int64_t OnSeek(void* self, std::int64_t offset, int whence);

  bool OpenEncoder(const ModuleVideoRequest& request, const char* name);
  bool Take(const ModulePixels& pixels);
  bool Fill(const ModulePixels& pixels);
  ModuleStatus WritePackets(const char** what);
  ModuleStatus Failure(const char* sentence, const char** what) const;

  const ModuleSink& sink_;
  std::uint64_t place_ = 0;  // where the muxer writes next
  std::uint64_t size_ = 0;   // of all that it wrote
  bool refused_ = false;     // by the sink

  // In the order of their use; the muxer is freed before what it writes to.
  Handle<AVIOContext> output_;
  std::unique_ptr<AVFormatContext, FreedMuxer> muxer_;
  Handle<AVCodecContext> encoder_;
  Handle<AVFrame> picture_;  // as it came
  Handle<AVFrame> frame_;    // what the encoder takes, with even sides
  Handle<AVPacket> packet_;
  Handle<SwsContext> scaler_;

  int width_ = 0;  // of what is scaled into the frame; the rest is its edge
  int height_ = 0;
  std::optional<std::int64_t> last_ticks_;
  std::int64_t ticks_per_frame_ = 0;  // of the last two
};

}  // namespace sampleproc::video
