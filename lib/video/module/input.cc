#include "video/module/input.h"

#include <cstdio>

namespace sampleproc::video {

constexpr int kBlock = 64 * 1024;

Input::Input(const ModuleHost& host, std::uint64_t size)
    : host_(host), size_(static_cast<std::int64_t>(size)) {
  auto* const block = static_cast<std::uint8_t*>(av_malloc(kBlock));
  if (block == nullptr) return;
  context_.reset(avio_alloc_context(block, kBlock, 0, this, &Input::Read, nullptr, &Input::Seek));
  if (context_ == nullptr) av_free(block);
}

bool Input::MayGoOn() {
  if (!stopped_ && !host_.may_go_on(host_.self)) stopped_ = true;
  return !stopped_;
}

int Input::Read(void* self, std::uint8_t* place, int size) {
  Input& input = *static_cast<Input*>(self);
  if (!input.MayGoOn()) return AVERROR_EXIT;
  const std::int64_t got =
      input.host_.read_at(input.host_.self, static_cast<std::uint64_t>(input.position_), place,
                          static_cast<std::size_t>(size));
  if (got < 0) {
    input.stopped_ = true;
    return AVERROR(EIO);
  }
  if (got == 0) return AVERROR_EOF;
  input.position_ += got;
  return static_cast<int>(got);
}

std::int64_t Input::Seek(void* self, std::int64_t offset, int whence) {
  Input& input = *static_cast<Input*>(self);
  std::int64_t from = 0;
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return input.size_;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      from = input.position_;
      break;
    case SEEK_END:
      from = input.size_;
      break;
    default:
      return AVERROR(EINVAL);
  }
  // Nothing lies beyond the end: what says otherwise is broken.
  if (offset < -from || offset > input.size_ - from) return AVERROR(EINVAL);
  return input.position_ = from + offset;
}

}  // namespace sampleproc::video
