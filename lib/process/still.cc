#include "process/still.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "codec/jpeg_encoder.h"
#include "process/annotate.h"

namespace sampleproc::process {
namespace {

constexpr int kQuality = 75;
constexpr std::size_t kChannels = 3;

struct Size {
  int width;
  int height;
};

Size StillSize(const frame::Image& picture) {
  const int longer = std::max(picture.width, picture.height);
  if (longer <= kStillSide) return {picture.width, picture.height};
  const double scale = static_cast<double>(kStillSide) / longer;
  const auto side = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
  };
  return {side(picture.width), side(picture.height)};
}

// Of one row or column of the small picture: the first of the large one that it covers, and how
// much of each it covers, the sum of which is 1.
struct Cover {
  int first;
  std::vector<float> shares;
};

std::vector<Cover> Covers(int from, int to) {
  std::vector<Cover> covers(static_cast<std::size_t>(to));
  const double step = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double begin = i * step;
    const double end = std::min((i + 1) * step, static_cast<double>(from));
    Cover& cover = covers[static_cast<std::size_t>(i)];
    cover.first = std::min(static_cast<int>(begin), from - 1);
    for (int at = cover.first; at < end && at < from; ++at) {
      const double part = std::min(end, at + 1.0) - std::max(begin, static_cast<double>(at));
      cover.shares.push_back(static_cast<float>(part / (end - begin)));
    }
  }
  return covers;
}

// The mean of the pixels under each of the small picture's.
void Shrink(const frame::Image& picture, const Size& size, std::uint8_t* out) {
  const auto channels = static_cast<std::size_t>(frame::Channels(picture.format));
  const std::size_t numbers = static_cast<std::size_t>(picture.width) * channels;
  const std::vector<Cover> columns = Covers(picture.width, size.width);
  std::vector<float> sums(numbers);
  for (const Cover& rows : Covers(picture.height, size.height)) {
    std::ranges::fill(sums, 0.0F);
    for (std::size_t i = 0; i < rows.shares.size(); ++i) {
      const std::uint8_t* const row = picture.Row(rows.first + static_cast<int>(i));
      const float share = rows.shares[i];
      for (std::size_t x = 0; x < numbers; ++x) sums[x] += share * static_cast<float>(row[x]);
    }
    for (const Cover& column : columns) {
      const float* pixel = sums.data() + static_cast<std::size_t>(column.first) * channels;
      float mean[kChannels] = {};
      for (const float share : column.shares) {
        for (std::size_t c = 0; c < channels; ++c) mean[c] += share * pixel[c];
        pixel += channels;
      }
      for (std::size_t c = 0; c < kChannels; ++c) {
        *out++ =
            static_cast<std::uint8_t>(std::clamp(mean[channels == 1 ? 0 : c] + 0.5F, 0.0F, 255.0F));
      }
    }
  }
}

void Copy(const frame::Image& picture, std::uint8_t* out) {
  for (int y = 0; y < picture.height; ++y) {
    const std::uint8_t* const row = picture.Row(y);
    const auto width = static_cast<std::size_t>(picture.width);
    if (picture.format == frame::PixelFormat::kBgr24) {
      std::memcpy(out, row, width * kChannels);
      out += width * kChannels;
      continue;
    }
    for (std::size_t x = 0; x < width; ++x, out += kChannels) std::memset(out, row[x], kChannels);
  }
}

std::vector<frame::Detection> Scaled(const frame::FrameResult& result, const Size& size) {
  std::vector<frame::Detection> scaled = result.detections;
  const auto at = [](int value, int to, int from) {
    return static_cast<int>(std::int64_t{value} * to / std::max(from, 1));
  };
  for (frame::Detection& each : scaled) {
    each.bbox = {
        at(each.bbox.x1, size.width, result.width), at(each.bbox.y1, size.height, result.height),
        at(each.bbox.x2, size.width, result.width), at(each.bbox.y2, size.height, result.height)};
  }
  return scaled;
}

base::Result<std::string> Encoded(const frame::Image& image) {
  const auto jpeg = codec::EncodeJpeg(image, kQuality);
  if (!jpeg) return std::unexpected(jpeg.error());
  return std::string(base::AsText(*jpeg));
}

}  // namespace

std::size_t StillBytes(const frame::Image& picture) {
  const Size size = StillSize(picture);
  // The pixels, and a JPEG while it is written: never near the pixels' own size.
  return 2 * kChannels * static_cast<std::size_t>(size.width) *
         static_cast<std::size_t>(size.height);
}

base::Result<MadeStills> MakeStills(const frame::Image& picture, const frame::FrameResult& result,
                                    bool plain, bool annotated) {
  const Size size = StillSize(picture);
  const std::size_t stride = static_cast<std::size_t>(size.width) * kChannels;
  base::ByteBuffer pixels(stride * static_cast<std::size_t>(size.height));
  if (size.width == picture.width && size.height == picture.height) {
    Copy(picture, pixels.data());
  } else {
    Shrink(picture, size, pixels.data());
  }
  const frame::Image image{pixels.data(), size.width, size.height, stride,
                           frame::PixelFormat::kBgr24};
  MadeStills made;
  if (plain) {
    auto jpeg = Encoded(image);
    if (!jpeg) return std::unexpected(jpeg.error());
    made.plain = std::move(*jpeg);
  }
  if (annotated) {
    DrawDetections(pixels.data(), image, Scaled(result, size));
    auto jpeg = Encoded(image);
    if (!jpeg) return std::unexpected(jpeg.error());
    made.annotated = std::move(*jpeg);
  }
  return made;
}

}  // namespace sampleproc::process
