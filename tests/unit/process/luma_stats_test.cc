#include "process/steps/luma_stats.h"

#include <unistd.h>

#include <cstdio>
#include <map>

#include "codec/decoder.h"
#include "support/places.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::process {
namespace {

using test::Bytes;

// What tests/unit/process/luma_stats_reference.py says of the picture.
std::map<std::string, double> Reference(const frame::Image& image) {
  const std::filesystem::path raw = std::filesystem::temp_directory_path() /
                                    ("sampleproc-luma-" + std::to_string(getpid()) + ".raw");
  {
    std::ofstream file(raw, std::ios::binary);
    for (int y = 0; y < image.height; ++y) {
      file.write(reinterpret_cast<const char*>(image.Row(y)), image.width);
    }
  }
  const std::string command = "/usr/bin/python3 " + std::string(testing::kSourceDir) +
                              "/tests/unit/process/luma_stats_reference.py " + raw.string() + " " +
                              std::to_string(image.width) + " " + std::to_string(image.height);
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::map<std::string, double> values;
  char name[32];
  double value = 0;
  while (fscanf(pipe, "%31s %la", name, &value) == 2) values[name] = value;
  INFO("the tests need the package python3-numpy");
  REQUIRE(pclose(pipe) == 0);
  std::filesystem::remove(raw);
  return values;
}

void CheckAgainstReference(const frame::Image& image) {
  const frame::LumaStats stats = ComputeLumaStats(image);
  auto expected = Reference(image);
  CAPTURE(image.width, image.height);
  CHECK(stats.mean == expected.at("mean"));
  CHECK(std::abs(stats.stddev - expected.at("stddev")) <= 1e-12 * expected.at("stddev"));
  CHECK(stats.sharpness == expected.at("sharpness"));
  CHECK(stats.min == expected.at("min"));
  CHECK(stats.max == expected.at("max"));
  CHECK(stats.underexposed == expected.at("underexposed"));
  CHECK(stats.overexposed == expected.at("overexposed"));
  for (int i = 0; i < frame::kHistogramBins; ++i) {
    CHECK(static_cast<double>(stats.histogram[static_cast<std::size_t>(i)]) ==
          expected.at("bin" + std::to_string(i)));
  }
}

frame::Image Gray(const Bytes& pixels, int width, int height, int stride) {
  return {pixels.data(), width, height, static_cast<std::size_t>(stride),
          frame::PixelFormat::kGray8};
}

TEST_CASE("statistics of real pictures equal an independent computation") {
  for (const char* name : {"messi5.jpg", "fruits.jpg", "basketball1.png", "HappyFish.jpg"}) {
    test::Door door;
    const auto decoded = door.Decode(test::Sample(name));
    REQUIRE(decoded);
    CheckAgainstReference(decoded->image);
  }
}

TEST_CASE("statistics of pictures of odd sizes equal an independent computation") {
  for (const auto& [width, height] : {std::pair{1, 1},
                                      {1, 2},
                                      {2, 1},
                                      {1, 17},
                                      {17, 1},
                                      {2, 2},
                                      {3, 3},
                                      {3, 5},
                                      {5, 3},
                                      {65, 33},
                                      {1025, 3},
                                      {1026, 2},
                                      {1027, 4},
                                      {2051, 2}}) {
    CheckAgainstReference(Gray(test::TestPixels(width, height, 1), width, height, width));
  }
}

TEST_CASE("the largest Laplacians do not overflow") {
  const int width = 5000;
  const int height = 7;
  Bytes board(static_cast<std::size_t>(width * height), 0);
  for (int i = 0; i < width * height; ++i) {
    board[static_cast<std::size_t>(i)] = (i % width + i / width) % 2 == 0 ? 255 : 0;
  }
  CheckAgainstReference(Gray(board, width, height, width));
}

TEST_CASE("wide registers give the same bytes as none: every width, alignment and stride") {
  constexpr int kHeight = 5;
  const Bytes pixels = test::TestPixels(64 + 67 + 40, kHeight + 1, 1);
  for (int width = 1; width <= 67; ++width) {
    for (std::size_t start = 0; start < 64; ++start) {
      for (const int stride : {width, width + 1, width + 32}) {
        const frame::Image image{pixels.data() + start, width, kHeight,
                                 static_cast<std::size_t>(stride), frame::PixelFormat::kGray8};
        if (ComputeLumaStats(image, LumaKernel::kBest) !=
            ComputeLumaStats(image, LumaKernel::kPlain)) {
          FAIL("width " << width << ", start " << start << ", stride " << stride);
        }
      }
    }
  }
  for (const int width : {1023, 1025, 4097}) {  // more than one block of sums, and the extremes
    Bytes board(static_cast<std::size_t>(width) * kHeight);
    for (std::size_t i = 0; i < board.size(); ++i) board[i] = i % 2 == 0 ? 255 : 0;
    const frame::Image image = Gray(board, width, kHeight, width);
    CHECK(ComputeLumaStats(image, LumaKernel::kBest) ==
          ComputeLumaStats(image, LumaKernel::kPlain));
  }
}

TEST_CASE("bytes between the rows are not looked at") {
  const Bytes packed = test::TestPixels(33, 21, 1);
  Bytes padded(40 * 21, 255);
  for (int y = 0; y < 21; ++y) {
    std::copy_n(packed.begin() + y * 33, 33, padded.begin() + y * 40);
  }
  CHECK(ComputeLumaStats(Gray(packed, 33, 21, 33)) == ComputeLumaStats(Gray(padded, 33, 21, 40)));
}

TEST_CASE("a flat picture has no spread and no sharpness, and lies in one bin") {
  const Bytes pixels(64 * 48, 16);
  const frame::LumaStats stats = ComputeLumaStats(Gray(pixels, 64, 48, 64));
  CHECK(stats.mean == 16);
  CHECK(stats.stddev == 0);
  CHECK(stats.sharpness == 0);
  CHECK(stats.underexposed == 0);
  CHECK(stats.overexposed == 0);
  CHECK(stats.min == 16);
  CHECK(stats.max == 16);
  CHECK(stats.histogram[4] == 64 * 48);
}

TEST_CASE("under 16 is underexposed, from 240 on is overexposed") {
  const Bytes pixels = {15, 16, 239, 240};
  const frame::LumaStats stats = ComputeLumaStats(Gray(pixels, 4, 1, 4));
  CHECK(stats.underexposed == 0.25);
  CHECK(stats.overexposed == 0.25);
}

}  // namespace
}  // namespace sampleproc::process
