// CPU time of the kernels that one POST /process with the `stats` step cannot do without, as JSON
// on one line:
//
//   {"gray_decode_ns": .., "luma_stats_ns": .., "base64_decode_ns": .., "json_parse_ns": ..}
//
//   kernels FRAME.jpg [REPEATS]
//
// Each number is the median of the repeats. json_parse is ParseFrameJson less the base64 decode
// that it contains, so that the four can be added up.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/deadline.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "frame/frame_json.h"
#include "frame/options.h"
#include "process/steps/luma_stats.h"
#include "resources/memory_budget.h"
#include "support/base64_encode.h"

namespace {

using namespace sampleproc;  // NOLINT(google-build-using-namespace): a program of one file

double CpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// `prepare` is not counted; `work` is.
double Median(int repeats, const std::function<void()>& prepare,
              const std::function<void()>& work) {
  std::vector<double> taken;
  for (int i = 0; i < repeats; ++i) {
    prepare();
    const double start = CpuNanoseconds();
    work();
    taken.push_back(CpuNanoseconds() - start);
  }
  std::sort(taken.begin(), taken.end());
  return taken[taken.size() / 2];
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "kernels: %s\n", why.c_str());
  std::exit(1);
}

void Refill(base::ByteBuffer& buffer, std::string_view text) {
  const base::ByteView bytes = base::AsBytes(text);
  buffer.assign(bytes.begin(), bytes.end());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) Die("usage: kernels FRAME.jpg [REPEATS]");
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 300;  // NOLINT(cert-err34-c)
  std::ifstream file(argv[1], std::ios::binary);
  const std::string jpeg{std::istreambuf_iterator<char>(file), {}};
  if (jpeg.empty()) Die("cannot read the frame");

  resources::MemoryBudget budget(1u << 30);
  codec::Scratch scratch;
  const base::Allowance allowance;
  frame::Image luma;
  const auto nothing = [] {};
  const double decode = Median(repeats, nothing, [&] {
    auto decoded = codec::Decode({base::AsBytes(jpeg)}, frame::PixelFormat::kGray8,
                                 codec::Options{}, allowance, budget, scratch);
    if (!decoded) Die(decoded.error().message);
    luma = decoded->image;
  });
  double sink = 0;
  const double stats =
      Median(repeats, nothing, [&] { sink += process::ComputeLumaStats(luma).mean; });

  const std::string text = test::EncodeBase64(base::AsBytes(jpeg));
  base::ByteBuffer buffer;
  const double base64 = Median(
      repeats, [&] { Refill(buffer, text); },
      [&] {
        if (!base::DecodeBase64InPlace(buffer)) Die("base64 was refused");
      });
  const std::string body =
      R"({"metadata":{"frame_id":"bench","camera_id":"bench"},"frame_data":")" + text + "\"}";
  const double parse = Median(
      repeats, [&] { Refill(buffer, body); },
      [&] {
        if (!frame::ParseFrameJson(std::move(buffer), frame::Options{})) Die("JSON was refused");
      });

  std::printf(
      "{\"gray_decode_ns\": %.0f, \"luma_stats_ns\": %.0f, \"base64_decode_ns\": %.0f, "
      "\"json_parse_ns\": %.0f, \"width\": %d, \"height\": %d, \"jpeg_bytes\": %zu}\n",
      decode, stats, base64, std::max(0.0, parse - base64), luma.width, luma.height, jpeg.size());
  return sink >= 0 ? 0 : 1;
}
