// What is done to masks against OpenCV's threshold, morphologyEx and connectedComponentsWithStats.
#include <algorithm>
#include <catch2/catch.hpp>
#include <opencv2/imgproc.hpp>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "process/steps/opencv/regions.h"

namespace sampleproc::process::opencv {
namespace {

auto Key(const Region& r) { return std::tuple(r.y, r.x, r.height, r.width, r.area); }

std::vector<Region> Sorted(std::vector<Region> regions) {
  std::ranges::sort(regions, {}, Key);
  return regions;
}

std::vector<Region> OpenCvs(const cv::Mat& mask) {
  cv::Mat labels, stats, centres;
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8, CV_32S);
  std::vector<Region> regions;
  for (int i = 1; i < count; ++i) {
    const auto at = [&](int which) { return stats.at<int>(i, which); };
    regions.push_back({at(cv::CC_STAT_LEFT), at(cv::CC_STAT_TOP), at(cv::CC_STAT_WIDTH),
                       at(cv::CC_STAT_HEIGHT), at(cv::CC_STAT_AREA)});
  }
  return regions;
}

BitMask Bits(const cv::Mat& mask) { return {mask.data, mask.step, mask.cols, mask.rows}; }

std::vector<Region> Ours(const cv::Mat& mask) { return FindRegions(Bits(mask)); }

bool Same(const BitMask& bits, const cv::Mat& mask) {
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      if ((bits.Row(y)[x / 64] >> x % 64 & 1) != (mask.at<std::uint8_t>(y, x) != 0)) return false;
    }
    if (mask.cols % 64 != 0 && bits.Row(y)[bits.words() - 1] >> mask.cols % 64 != 0) return false;
  }
  return bits.Count() == cv::countNonZero(mask);
}

cv::Mat OpenCvs(cv::MorphTypes operation, int columns, int rows, const cv::Mat& mask) {
  cv::Mat result;
  // OpenCV looks past the sides of a part, into the whole.
  cv::morphologyEx(mask.clone(), result, operation, cv::Mat::ones(rows, columns, CV_8U));
  return result;
}

void Compare(const cv::Mat& mask) {
  CHECK(Sorted(Ours(mask)) == Sorted(OpenCvs(mask)));
  const BitMask bits = Bits(mask);
  CHECK(Same(bits, mask));
  CHECK(Same(bits.Opened(), OpenCvs(cv::MORPH_OPEN, 2, 2, mask)));
  CHECK(Same(bits.Closed(), OpenCvs(cv::MORPH_CLOSE, 5, 9, mask)));
}

// '#' is foreground; all rows as long as the first.
cv::Mat Drawn(const std::vector<std::string>& rows) {
  cv::Mat mask(static_cast<int>(rows.size()), static_cast<int>(rows[0].size()), CV_8U);
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      mask.at<std::uint8_t>(y, x) =
          rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] == '#' ? 255 : 0;
    }
  }
  return mask;
}

// A line one pixel wide that winds to the middle, with a gap as wide between its turns.
cv::Mat Spiral(int side) {
  cv::Mat mask = cv::Mat::zeros(side, side, CV_8U);
  int x = 0, y = 0, dx = 1, dy = 0, length = side - 1;
  mask.at<std::uint8_t>(0, 0) = 255;
  for (int turn = 0; length > 0; ++turn) {
    for (int i = 0; i < length; ++i) {
      x += dx;
      y += dy;
      mask.at<std::uint8_t>(y, x) = 255;
    }
    std::tie(dx, dy) = std::pair(-dy, dx);
    if (turn >= 2 && turn % 2 == 0) length -= 2;
  }
  return mask;
}

TEST_CASE("what touches at a side or a corner is one region, in the order of first pixels") {
  const cv::Mat mask = Drawn({
      "##....#...",
      "..#..#....",
      "....#.....",
      "#.......##",
      "........##",
  });
  const std::vector<Region> expected = {
      {0, 0, 3, 2, 3}, {4, 0, 3, 3, 3}, {0, 3, 1, 1, 1}, {8, 3, 2, 2, 4}};
  CHECK(Ours(mask) == expected);
  Compare(mask);
}

TEST_CASE("what began apart and meets below is one region, where its first part began") {
  const cv::Mat mask = Drawn({
      "....#..#",
      "#.#.#..#",
      "#.#.#..#",
      "#####..#",
      ".......#",
      ".#######",
  });
  const std::vector<Region> expected = {{0, 0, 5, 4, 12}, {1, 0, 7, 6, 12}};
  CHECK(Ours(mask) == expected);
  Compare(mask);
}

TEST_CASE("empty, full and one pixel") {
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(7, 3), cv::Size(8, 8), cv::Size(1, 33),
                              cv::Size(33, 1), cv::Size(320, 240)}) {
    CAPTURE(size.width, size.height);
    cv::Mat mask = cv::Mat::zeros(size, CV_8U);
    CHECK(Ours(mask).empty());
    mask.at<std::uint8_t>(size.height - 1, size.width - 1) = 255;
    CHECK(Ours(mask) == std::vector<Region>{{size.width - 1, size.height - 1, 1, 1, 1}});
    mask = 255;
    CHECK(Ours(mask) == std::vector<Region>{{0, 0, size.width, size.height, size.area()}});
  }
}

TEST_CASE("spirals, combs, columns and chessboards are OpenCV's regions") {
  for (const int side : {1, 2, 5, 6, 9, 31, 64, 65}) {
    CAPTURE(side);
    const cv::Mat spiral = Spiral(side);
    CHECK(Ours(spiral).size() == 1);
    Compare(spiral);
    Compare(255 - spiral);

    cv::Mat columns = cv::Mat::zeros(side, side, CV_8U);
    for (int x = 0; x < side; x += 2) columns.col(x) = 255;
    CHECK(Ours(columns).size() == static_cast<std::size_t>((side + 1) / 2));
    Compare(columns);
    Compare(columns.t());
    cv::Mat comb = columns.clone();
    comb.row(side - 1) = 255;
    CHECK(Ours(comb).size() == 1);
    for (int turn = 0; turn < 4; ++turn) {
      Compare(comb);
      cv::rotate(comb.clone(), comb, cv::ROTATE_90_CLOCKWISE);
    }

    cv::Mat board = cv::Mat::zeros(side, side, CV_8U);
    cv::Mat dots = board.clone();
    for (int y = 0; y < side; ++y) {
      for (int x = y % 2; x < side; x += 2) board.at<std::uint8_t>(y, x) = 255;
      for (int x = 0; x < side && y % 2 == 0; x += 2) dots.at<std::uint8_t>(y, x) = 255;
    }
    CHECK(Ours(board).size() == 1);
    CHECK(Ours(dots).size() == static_cast<std::size_t>((side + 1) / 2 * ((side + 1) / 2)));
    Compare(board);
    Compare(dots);
  }
}

TEST_CASE("of MOG2's marks only the foreground counts") {
  cv::Mat marks(3, 200, CV_8U);
  cv::randu(marks, 0, 256);
  cv::Mat foreground;
  cv::threshold(marks, foreground, 127, 255, cv::THRESH_BINARY);
  CHECK(Same(Bits(marks), foreground));
}

TEST_CASE("masks of chance, at every width and as parts of wider ones, are OpenCV's regions") {
  std::mt19937 random(7);
  cv::Mat wide(70, 150, CV_8U);
  for (const int percent : {2, 20, 40, 60, 95}) {
    for (int width = 1; width <= 140; ++width) {
      CAPTURE(percent, width);
      std::uniform_int_distribution<int> hundred(0, 99);
      const cv::Mat mask = wide(cv::Rect(3, 2, width, 1 + width % 41));
      for (int y = 0; y < wide.rows; ++y) {
        for (int x = 0; x < wide.cols; ++x) {
          wide.ptr<std::uint8_t>(y)[x] = hundred(random) < percent ? 255 : 0;
        }
      }
      Compare(mask);
      cv::Mat blobs;
      cv::morphologyEx(mask, blobs, cv::MORPH_CLOSE, cv::Mat::ones(3, 3, CV_8U));
      Compare(blobs);
    }
  }
}

}  // namespace
}  // namespace sampleproc::process::opencv
