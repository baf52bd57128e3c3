#include "video/module/frame_count.h"

extern "C" {
#include <libavutil/buffer.h>
#include <libavutil/error.h>
}

#include <new>

namespace sampleproc::video {
namespace {

struct Counted {
  AVBufferRef* own;
  std::shared_ptr<std::uint64_t> now;
};

void LetGo(void* self, std::uint8_t*) {
  const std::unique_ptr<Counted> counted(static_cast<Counted*>(self));
  av_buffer_unref(&counted->own);
  --*counted->now;
}

}  // namespace

// Its first buffer is put into one that tells when it goes.
int FrameCount::Add(AVFrame* frame) noexcept {
  AVBufferRef*& first = frame->buf[0];
  std::unique_ptr<Counted> counted(new (std::nothrow) Counted{first, now_});
  if (counted == nullptr) return AVERROR(ENOMEM);
  AVBufferRef* const outer = av_buffer_create(first->data, first->size, &LetGo, counted.get(), 0);
  if (outer == nullptr) return AVERROR(ENOMEM);
  static_cast<void>(counted.release());
  first = outer;
  ++*now_;
  return 0;
}

}  // namespace sampleproc::video
