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

Size ShrunkTo(int width, int height, int most) {
  const int longer = std::max(width, height);
  if (longer <= most) return {width, height};
  const double scale = static_cast<double>(most) / longer;
  const auto side = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
  };
  return {side(width), side(height)};
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
  for (frame::Detection& each : scaled) {
    each.bbox = ScaledBox(each.bbox, result.width, result.height, size.width, size.height);
  }
  return scaled;
}

base::Result<std::string> Encoded(const frame::Image& image, int quality) {
  const auto jpeg = codec::EncodeJpeg(image, quality);
  if (!jpeg) return std::unexpected(jpeg.error());
  return std::string(base::AsText(*jpeg));
}

// In colour, in memory of its own.
struct Shrunk {
  base::ByteBuffer pixels;
  frame::Image image;
};

Shrunk ShrunkPicture(const frame::Image& picture, const Size& size) {
  const std::size_t stride = static_cast<std::size_t>(size.width) * kChannels;
  Shrunk shrunk{base::ByteBuffer(stride * static_cast<std::size_t>(size.height)), {}};
  if (size.width == picture.width && size.height == picture.height) {
    Copy(picture, shrunk.pixels.data());
  } else {
    Shrink(picture, size, shrunk.pixels.data());
  }
  shrunk.image = {shrunk.pixels.data(), size.width, size.height, stride,
                  frame::PixelFormat::kBgr24};
  return shrunk;
}

}  // namespace

std::size_t StillBytes(const frame::Image& picture, int side) {
  const Size size = ShrunkTo(picture.width, picture.height, side);
  // The pixels, and a JPEG while it is written: never near the pixels' own size.
  return 2 * kChannels * static_cast<std::size_t>(size.width) *
         static_cast<std::size_t>(size.height);
}

std::pair<int, int> ShrunkSize(int width, int height, int side) {
  const Size size = ShrunkTo(width, height, side);
  return {size.width, size.height};
}

frame::Bbox ScaledBox(const frame::Bbox& box, int from_width, int from_height, int to_width,
                      int to_height) {
  const auto at = [](int value, int to, int from) {
    return static_cast<int>(std::int64_t{value} * to / std::max(from, 1));
  };
  return {at(box.x1, to_width, from_width), at(box.y1, to_height, from_height),
          at(box.x2, to_width, from_width), at(box.y2, to_height, from_height)};
}

base::Result<std::string> ShrunkJpeg(const frame::Image& picture, int side, int quality) {
  const Size size = ShrunkTo(picture.width, picture.height, side);
  if (size.width == picture.width && size.height == picture.height) {
    return Encoded(picture, quality);
  }
  return Encoded(ShrunkPicture(picture, size).image, quality);
}

base::Result<MadeStills> MakeStills(const frame::Image& picture, const frame::FrameResult& result,
                                    bool plain, bool annotated) {
  const Size size = ShrunkTo(picture.width, picture.height, kStillSide);
  Shrunk shrunk = ShrunkPicture(picture, size);
  MadeStills made;
  if (plain) {
    auto jpeg = Encoded(shrunk.image, kQuality);
    if (!jpeg) return std::unexpected(jpeg.error());
    made.plain = std::move(*jpeg);
  }
  if (annotated) {
    DrawDetections(shrunk.pixels.data(), shrunk.image, Scaled(result, size));
    auto jpeg = Encoded(shrunk.image, kQuality);
    if (!jpeg) return std::unexpected(jpeg.error());
    made.annotated = std::move(*jpeg);
  }
  return made;
}

}  // namespace sampleproc::process
