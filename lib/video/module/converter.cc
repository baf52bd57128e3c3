#include "video/module/converter.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/pixdesc.h>
}

#include <string_view>

#include "video/module/luma.h"

namespace sampleproc::video {
namespace {

constexpr std::size_t kRowAlignment = 64;  // swscale's vector code writes whole registers
constexpr std::size_t kTail = 64;          // and may do so past the last row

// Formats with a luma sample of 8 to 16 bits for each pixel.
bool HasLuma(const AVPixFmtDescriptor& layout) {
  constexpr std::uint64_t kOthers = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL |
                                    AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
                                    AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BAYER;
  return (layout.flags & kOthers) == 0 && layout.comp[0].depth >= 8 && layout.comp[0].depth <= 16 &&
         !std::string_view(layout.name).starts_with("xyz");
}

bool IsFullRange(const AVFrame& frame, const AVPixFmtDescriptor& layout) {
  if (std::string_view(layout.name).starts_with("yuvj")) return true;
  if (frame.color_range != AVCOL_RANGE_UNSPECIFIED) return frame.color_range == AVCOL_RANGE_JPEG;
  return layout.nb_components <= 2;  // gray formats are full unless they say otherwise
}

const std::uint8_t* RowOf(const AVFrame& frame, int plane, int y) {
  return frame.data[plane] + static_cast<std::ptrdiff_t>(y) * frame.linesize[plane];
}

}  // namespace

std::uint8_t* Converter::Pixels(std::size_t bytes) {
  if (bytes > pixels_.size()) {
    pixels_ = {};  // before the new memory is taken, not after
    pixels_.resize(bytes);
  }
  return pixels_.data();
}

bool Converter::ToGray(const AVFrame& frame, ModulePicture* picture) {
  const AVPixFmtDescriptor* const layout =
      av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (layout == nullptr) return false;
  const auto width = static_cast<std::size_t>(frame.width);
  const auto height = static_cast<std::size_t>(frame.height);
  picture->width = frame.width;
  picture->height = frame.height;

  if (!HasLuma(*layout)) {
    ModulePicture colour{};
    if (!ToBgr(frame, &colour)) return false;
    // Gray needs a third of a row, so it is written over the colour that has been read.
    for (std::size_t y = 0; y < height; ++y) {
      const std::uint8_t* const from = colour.data + y * colour.stride;
      std::uint8_t* const row = pixels_.data() + y * colour.stride;
      for (std::size_t x = 0; x < width; ++x) BgrToLumaRow(from + 3 * x, row + x, 1);
    }
    picture->data = pixels_.data();
    picture->stride = colour.stride;
    return true;
  }

  const AVComponentDescriptor& luma = layout->comp[0];
  const bool bytes = luma.depth == 8 && luma.step == 1 && luma.shift == 0;
  const bool limited = !IsFullRange(frame, *layout);
  if (bytes && !limited && frame.linesize[luma.plane] > 0) {
    picture->data = frame.data[luma.plane] + luma.offset;
    picture->stride = static_cast<std::size_t>(frame.linesize[luma.plane]);
    return true;
  }
  std::uint8_t* const pixels = Pixels(width * height + kTail);
  picture->data = pixels;
  picture->stride = width;
  if (bytes) {
    for (std::size_t y = 0; y < height; ++y) {
      StretchLumaRow(RowOf(frame, luma.plane, static_cast<int>(y)) + luma.offset,
                     pixels + y * width, width);
    }
    return true;
  }
  if (scale_depth_ != luma.depth || scale_limited_ != limited) {
    scale_.resize(std::size_t{1} << luma.depth);
    for (std::size_t i = 0; i < scale_.size(); ++i) {
      scale_[i] = ScaleLuma(static_cast<std::uint32_t>(i), luma.depth, limited);
    }
    scale_depth_ = luma.depth;
    scale_limited_ = limited;
  }
  const bool wide = luma.depth + luma.shift > 8;
  const auto shift = static_cast<unsigned>(luma.shift);
  const bool big_endian = (layout->flags & AV_PIX_FMT_FLAG_BE) != 0;
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint8_t* from = RowOf(frame, luma.plane, static_cast<int>(y)) + luma.offset;
    for (std::size_t x = 0; x < width; ++x, from += luma.step) {
      const unsigned raw = !wide ? *from : big_endian ? AV_RB16(from) : AV_RL16(from);
      pixels[y * width + x] = scale_[(raw >> shift) & (scale_.size() - 1)];
    }
  }
  return true;
}

bool Converter::Prepare(const Kind& kind) {
  if (scaler_ != nullptr && kind == scaler_kind_) return true;
  // What OpenCV's VideoCapture asks for, so that its users find the same pixels here; at equal
  // sizes nothing is scaled, and each chroma sample serves the pixels it was taken from.
  // Interpolated chroma with exact rounding takes fifteen times as long.
  constexpr int kFlags = SWS_BICUBIC | SWS_BITEXACT;
  scaler_.reset(sws_getContext(kind.width, kind.height, static_cast<AVPixelFormat>(kind.format),
                               kind.width, kind.height, AV_PIX_FMT_BGR24, kFlags, nullptr, nullptr,
                               nullptr));
  if (scaler_ == nullptr) return false;
  // Refused for formats without a matrix of their own, which need none.
  constexpr int kOne = 1 << 16;
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(kind.colorspace), kind.full_range,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, kOne, kOne);
  scaler_kind_ = kind;
  return true;
}

bool Converter::ToBgr(const AVFrame& frame, ModulePicture* picture) {
  const AVPixFmtDescriptor* const layout =
      av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (layout == nullptr || !Prepare({frame.width, frame.height, frame.format, frame.colorspace,
                                     IsFullRange(frame, *layout)})) {
    return false;
  }
  const std::size_t stride = (static_cast<std::size_t>(frame.width) * 3 + kRowAlignment - 1) /
                             kRowAlignment * kRowAlignment;
  std::uint8_t* const pixels = Pixels(stride * static_cast<std::size_t>(frame.height) + kTail);
  std::uint8_t* const to[] = {pixels, nullptr, nullptr, nullptr};
  const int strides[] = {static_cast<int>(stride), 0, 0, 0};
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, to, strides) !=
      frame.height) {
    return false;
  }
  picture->data = pixels;
  picture->stride = stride;
  picture->width = frame.width;
  picture->height = frame.height;
  return true;
}

}  // namespace sampleproc::video
