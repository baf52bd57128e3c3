// The pixels of one frame as the steps see them.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"
#include "frame/image.h"

namespace sampleproc::process {

// Used by one thread, for the duration of one frame.
class Picture {
 public:
  // Makes the colour picture; called once at most.
  using MakeBgr = std::move_only_function<base::Result<frame::Image>()>;

  // `luma` is the whole picture, perhaps reduced; `width` and `height` are the oriented source's.
  Picture(const frame::Image& luma, int width, int height, MakeBgr make_bgr)
      : luma_(luma), width_(width), height_(height), make_bgr_(std::move(make_bgr)) {}

  // Of the oriented source: what boxes are given in.
  int width() const { return width_; }
  int height() const { return height_; }

  // kGray8. At the source's size, unless every step of the pipeline is content with less
  // (StepNeeds::luma_width): then it may be a half, a quarter or an eighth of it, rounded up.
  const frame::Image& luma() const { return luma_; }

  // Whether Bgr() costs nothing any more.
  bool HasBgr() const { return bgr_ && bgr_->has_value(); }

  // kBgr24 at the source's size. The first call decodes it (memory from the budget), later ones
  // give the same picture or the same failure. Valid until the frame is done.
  base::Result<frame::Image> Bgr() {
    if (!bgr_) bgr_ = make_bgr_();
    return *bgr_;
  }

 private:
  frame::Image luma_;
  int width_;
  int height_;
  MakeBgr make_bgr_;
  std::optional<base::Result<frame::Image>> bgr_;
};

}  // namespace sampleproc::process
