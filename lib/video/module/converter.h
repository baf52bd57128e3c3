// Decoded frames in whatever layout a codec has, to gray or BGR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "video/module/handles.h"
#include "video/module_abi.h"

namespace sampleproc::video {

// Keeps its memory from frame to frame. Each function fills data, stride, width and height of the
// picture, which points into the frame or into the converter's memory, and returns false when there
// is no way from the frame's pixel format.
class Converter {
 public:
  bool ToGray(const AVFrame& frame, ModulePicture* picture);
  bool ToBgr(const AVFrame& frame, ModulePicture* picture);

 private:
  // What a prepared conversion depends on.
  struct Kind {
    int width = 0;
    int height = 0;
    int format = AV_PIX_FMT_NONE;
    int colorspace = AVCOL_SPC_UNSPECIFIED;
    bool full_range = false;
    bool operator==(const Kind&) const = default;
  };

  std::uint8_t* Pixels(std::size_t bytes);
  bool Prepare(const Kind& kind);

  base::ByteBuffer pixels_;
  Handle<SwsContext> scaler_;
  Kind scaler_kind_;
  std::vector<std::uint8_t> scale_;  // gray of each sample value, for samples of scale_depth_ bits
  int scale_depth_ = 0;
  bool scale_limited_ = false;
};

}  // namespace sampleproc::video
