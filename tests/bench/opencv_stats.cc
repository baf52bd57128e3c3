// The luma kernel and what OpenCV needs for the same numbers (mean and spread, the Laplacian, its
// spread, a histogram), measured in turn on the same pixels. Prints [[opencv_ns, ours_ns], ..].
//
//   opencv_stats FRAME.jpg PAIRS
//
// Only this program of the repository's bench links OpenCV for such a purpose.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "codec/decoder.h"
#include "process/steps/luma_stats.h"

namespace {

using namespace sampleproc;  // NOLINT(google-build-using-namespace): a program of one file

double CpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double OpenCv(const cv::Mat& gray) {
  cv::Scalar mean, spread, laplacian_mean, laplacian_spread;
  cv::meanStdDev(gray, mean, spread);
  cv::Mat laplacian;
  cv::Laplacian(gray, laplacian, CV_16S, 1);
  cv::meanStdDev(laplacian, laplacian_mean, laplacian_spread);
  cv::Mat histogram;
  const int channels = 0, bins = 64;
  const float range[] = {0, 256};
  const float* ranges[] = {range};
  cv::calcHist(&gray, 1, &channels, cv::Mat(), histogram, 1, &bins, ranges);
  return mean[0] + laplacian_spread[0] + static_cast<double>(histogram.at<float>(0));
}

template <typename Work>
double Time(int repeats, Work work) {
  const double start = CpuNanoseconds();
  for (int i = 0; i < repeats; ++i) work();
  return (CpuNanoseconds() - start) / repeats;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: opencv_stats FRAME.jpg PAIRS\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  base::ByteBuffer jpeg;
  for (auto byte = std::istreambuf_iterator<char>(file); byte != std::istreambuf_iterator<char>();
       ++byte) {
    jpeg.push_back(static_cast<std::uint8_t>(*byte));
  }
  codec::Scratch scratch;
  resources::MemoryBudget budget(std::size_t{1} << 30);
  const auto decoded =
      codec::Decode({jpeg}, frame::PixelFormat::kGray8, codec::Options{}, {}, budget, scratch);
  if (!decoded) {
    std::fprintf(stderr, "opencv_stats: %s\n", decoded.error().message.c_str());
    return 1;
  }
  const frame::Image& luma = decoded->image;
  cv::setNumThreads(1);
  const cv::Mat gray(luma.height, luma.width, CV_8UC1, scratch.Pixels(), luma.stride);
  const int repeats = 1 + 20'000'000 / (luma.width * luma.height);
  double sink = 0;
  std::printf("[");
  for (int pair = -1; pair < std::atoi(argv[2]); ++pair) {  // the first one is not counted
    const double theirs = Time(repeats, [&] { sink += OpenCv(gray); });
    const double ours = Time(repeats, [&] { sink += process::ComputeLumaStats(luma).mean; });
    if (pair >= 0) std::printf("%s[%.0f, %.0f]", pair == 0 ? "" : ", ", theirs, ours);
  }
  std::printf("]\n");
  return sink > 0 ? 0 : 1;
}
