// The least that a folder of pictures costs: each file read, decoded to gray and measured, by some
// threads and nothing around it. Prints {"frames": n, "seconds": s} as JSON on one line.
//
//   folder_limit THREADS FILE...
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "process/steps/luma_stats.h"
#include "resources/memory_budget.h"

namespace {

using namespace sampleproc;  // NOLINT(google-build-using-namespace): a program of one file

[[noreturn]] void Die(const char* why) {
  std::fprintf(stderr, "folder_limit: %s\n", why);
  std::exit(1);
}

base::ByteBuffer Read(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  base::ByteBuffer bytes(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) Die("cannot read a picture");
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) Die("usage: folder_limit THREADS FILE...");
  const int threads = std::atoi(argv[1]);  // NOLINT(cert-err34-c)
  resources::MemoryBudget budget(std::size_t{1} << 30);
  std::atomic<int> next = 2;
  std::atomic<double> sink = 0;
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        codec::Scratch scratch;
        for (int file = next++; file < argc; file = next++) {
          const base::ByteBuffer bytes = Read(argv[file]);
          const auto decoded = codec::Decode({bytes}, frame::PixelFormat::kGray8, codec::Options{},
                                             base::Allowance{}, budget, scratch);
          if (!decoded) Die("cannot decode a picture");
          sink = process::ComputeLumaStats(decoded->image).mean;
        }
      });
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  std::printf("{\"frames\": %d, \"seconds\": %.6f}\n", argc - 2, taken.count());
  return sink >= 0 ? 0 : 1;
}
