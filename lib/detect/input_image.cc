#include "detect/input_image.h"

#include <algorithm>
#include <cmath>

namespace sampleproc::detect {
namespace {

constexpr int kChannels = 3;

// Channel by channel, so that the compiler sees numbers in a row.
void Blend(const std::uint8_t* upper, const std::uint8_t* lower, float share, std::size_t count,
           float* into) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(upper[i]);
    into[i] = value + (static_cast<float>(lower[i]) - value) * share;
  }
}

}  // namespace

Placement Place(int width, int height, const InputShape& shape, InputSpec::Fit fit) {
  Placement placed;
  placed.width = shape.width;
  placed.height = shape.height;
  if (fit != InputSpec::Fit::kStretch) {
    const double scale = std::min(static_cast<double>(shape.width) / width,
                                  static_cast<double>(shape.height) / height);
    const auto side = [scale](int length, int most) {
      return std::clamp(static_cast<int>(std::lround(length * scale)), 1, most);
    };
    placed.width = side(width, shape.width);
    placed.height = side(height, shape.height);
  }
  if (fit == InputSpec::Fit::kCentre) {
    placed.x = (shape.width - placed.width) / 2;
    placed.y = (shape.height - placed.height) / 2;
  }
  placed.scale_x = static_cast<double>(placed.width) / width;
  placed.scale_y = static_cast<double>(placed.height) / height;
  return placed;
}

frame::Bbox ToPicture(const Candidate& candidate, const Placement& placement, int width,
                      int height) {
  const auto side = [](float at, int offset, double scale, int limit) {
    const double value = (static_cast<double>(at) - offset) / scale;
    if (std::isnan(value)) return -1;
    return static_cast<int>(std::lround(std::clamp(value, 0.0, static_cast<double>(limit))));
  };
  const frame::Bbox box{side(candidate.x1, placement.x, placement.scale_x, width),
                        side(candidate.y1, placement.y, placement.scale_y, height),
                        side(candidate.x2, placement.x, placement.scale_x, width),
                        side(candidate.y2, placement.y, placement.scale_y, height)};
  return box.x1 < 0 || box.y1 < 0 ? frame::Bbox{} : box;
}

void InputMaker::MakeSamples(int from, int to, std::vector<Sample>& samples) {
  samples.resize(static_cast<std::size_t>(to));
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double at = std::clamp((i + 0.5) * scale - 0.5, 0.0, static_cast<double>(from - 1));
    const int first = static_cast<int>(at);
    samples[static_cast<std::size_t>(i)] = {first, std::min(first + 1, from - 1),
                                            static_cast<float>(at - first)};
  }
}

void InputMaker::Fill(const frame::Image& bgr, const Placement& placement, const InputShape& shape,
                      const InputSpec& spec, std::span<float> input) {
  MakeSamples(bgr.width, placement.width, columns_);
  MakeSamples(bgr.height, placement.height, rows_);
  const std::size_t row_numbers = static_cast<std::size_t>(bgr.width) * kChannels;
  row_.resize(row_numbers);
  const std::size_t plane =
      static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
  const std::size_t step = shape.channels_last ? kChannels : 1;
  for (std::size_t channel = 0; channel < kChannels; ++channel) {
    const float mean = spec.mean[channel];
    const float scale = spec.scale[channel];
    float* const into = input.data() + (shape.channels_last ? channel : channel * plane);
    const bool whole = placement.width == shape.width && placement.height == shape.height;
    const float around = (spec.fill - mean) * scale;
    for (std::size_t i = 0; !whole && i < plane; ++i) into[i * step] = around;
  }
  for (int y = 0; y < placement.height; ++y) {
    const Sample& row = rows_[static_cast<std::size_t>(y)];
    Blend(bgr.Row(row.first), bgr.Row(row.second), row.share, row_numbers, row_.data());
    const std::size_t begin =
        static_cast<std::size_t>(placement.y + y) * static_cast<std::size_t>(shape.width) +
        static_cast<std::size_t>(placement.x);
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      const std::size_t from = spec.order == InputSpec::Order::kBgr ? channel : 2 - channel;
      const float mean = spec.mean[channel];
      const float scale = spec.scale[channel];
      const float* const pixels = row_.data() + from;
      float* const into =
          input.data() + begin * step + (shape.channels_last ? channel : channel * plane);
      for (std::size_t x = 0; x < columns_.size(); ++x) {
        const Sample& column = columns_[x];
        const float left = pixels[static_cast<std::ptrdiff_t>(column.first) * kChannels];
        const float right = pixels[static_cast<std::ptrdiff_t>(column.second) * kChannels];
        into[x * step] = (left + (right - left) * column.share - mean) * scale;
      }
    }
  }
}

std::uint64_t InputMaker::ScratchBytes(int picture_width, const InputShape& shape) {
  const auto sides =
      static_cast<std::uint64_t>(shape.width) + static_cast<std::uint64_t>(shape.height);
  return static_cast<std::uint64_t>(picture_width) * kChannels * sizeof(float) +
         sides * sizeof(Sample);
}

}  // namespace sampleproc::detect
