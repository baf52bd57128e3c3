// What a neural detector costs beside its network's bare run.
//
//   detectors MODEL.onnx onnxruntime|opencv LIBONNXRUNTIME|'' PAIRS PICTURE.jpg
//     A session's run on a prepared input, and the detector's look at the decoded picture: scaling,
//     the same run, decoding and choosing among the boxes; in turn. Prints CPU time:
//     [[bare_ns, ours_ns], ..]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include "codec/decoder.h"
#include "detect/detector.h"
#include "detect/model_file.h"
#include "detect/onnx_file.h"

namespace {

using namespace sampleproc;  // NOLINT(google-build-using-namespace): a program of one file

double CpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "detectors: %s\n", why.c_str());
  std::exit(1);
}

template <typename T>
T Must(base::Result<T> result) {
  if (!result) Die(result.error().message);
  return std::move(*result);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) Die("usage: detectors MODEL RUNTIME LIBRARY PAIRS PICTURE");
  const bool ort = std::string(argv[2]) == "onnxruntime";
  detect::DetectorOptions options;
  options.model = argv[1];
  options.runtime = ort ? detect::RuntimeChoice::kOnnxRuntime : detect::RuntimeChoice::kOpencv;
  detect::Places places;
  places.onnxruntime = argv[3];
  places.opencv_module = SAMPLEPROC_DNN_MODULE;
  resources::MemoryBudget budget(std::size_t{1} << 30);

  std::ifstream file(argv[5], std::ios::binary);
  const std::string jpeg{std::istreambuf_iterator<char>(file), {}};
  codec::Scratch scratch;
  const auto picture =
      Must(codec::Decode({base::AsBytes(jpeg)}, frame::PixelFormat::kBgr24, codec::Options{}, {},
                         budget, scratch, std::chrono::milliseconds(0)));

  const auto detector = Must(detect::Detector::Open(options, places, budget));
  const auto model = Must(detect::ReadModel(options, places));
  const auto facts = Must(detect::ReadOnnxFile(model));
  const auto bare = Must(ort ? detect::OpenOnnxRuntime(model, facts, places, budget.capacity())
                             : detect::OpenOpencv(model, facts, places));
  const std::vector<float> input(detector->input_shape().Numbers(), 114.0f);
  detect::Detector::Scratch own;
  std::printf("[");
  const int pairs = std::atoi(argv[4]);
  for (int pair = -3; pair < pairs; ++pair) {  // the first ones are not counted
    const double begin = CpuNanoseconds();
    if (!bare->Run(input, {}, [](auto) {})) Die("the bare run failed");
    const double between = CpuNanoseconds();
    if (!detector->Find(picture.image, {0.5, 0.45, {}}, {}, own)) Die("the detector failed");
    const double end = CpuNanoseconds();
    if (pair < 0) continue;
    std::printf("%s[%.0f, %.0f]", pair == 0 ? "" : ", ", between - begin, end - between);
  }
  std::printf("]\n");
  return 0;
}
