// All that touches OpenCV's networks.
#include <algorithm>
#include <cstring>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/dnn.hpp>
#include <optional>
#include <string>
#include <vector>

#include "detect/opencv/module_abi.h"
#include "detect/opencv/set_up.h"

namespace sampleproc::detect::opencv {

struct Network {
  cv::dnn::Net net;
  std::string input;
  std::vector<int> shape;
};

namespace {

// How much more the matrices of this thread may take in all; none while nobody counts.
thread_local std::optional<std::uint64_t> t_rest;
thread_local bool t_exceeded = false;

// OpenCV's own allocator, which refuses a thread that counts what it has no more room for.
class CountingAllocator : public cv::MatAllocator {
 public:
  cv::UMatData* allocate(int dims, const int* sizes, int type, void* data, std::size_t* step,
                         cv::AccessFlag flags, cv::UMatUsageFlags usage) const override {
    if (data == nullptr && t_rest) Count(dims, sizes, type);
    return cv::Mat::getStdAllocator()->allocate(dims, sizes, type, data, step, flags, usage);
  }
  bool allocate(cv::UMatData* data, cv::AccessFlag flags, cv::UMatUsageFlags usage) const override {
    return cv::Mat::getStdAllocator()->allocate(data, flags, usage);
  }
  void deallocate(cv::UMatData* data) const override {
    cv::Mat::getStdAllocator()->deallocate(data);
  }

 private:
  static void Count(int dims, const int* sizes, int type) {
    auto bytes = static_cast<std::uint64_t>(CV_ELEM_SIZE(type));
    for (int i = 0; i < dims; ++i) {
      const auto side = static_cast<std::uint64_t>(std::max(sizes[i], 0));
      if (side > 0 && bytes > *t_rest / side) {
        t_exceeded = true;
        throw std::bad_alloc();
      }
      bytes *= side;
    }
    *t_rest -= std::min(bytes, *t_rest);
  }
};

// As long as it lives this thread's matrices may take so many bytes in all.
class Counting {
 public:
  explicit Counting(std::uint64_t most) {
    // For good, as is the module: whoever makes a matrix meanwhile may have asked for it already.
    static CountingAllocator* const allocator = [] {
      auto* const made = new CountingAllocator;
      cv::Mat::setDefaultAllocator(made);
      return made;
    }();
    static_cast<void>(allocator);
    t_rest = most;
    t_exceeded = false;
  }
  ~Counting() { t_rest.reset(); }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
};

void Say(const std::string& text, Message* why) {
  const std::size_t length = std::min(text.size(), sizeof(why->text) - 1);
  std::memcpy(why->text, text.data(), length);
  why->text[length] = 0;
}

template <typename Work>
Status Guarded(Message* why, Work work) noexcept {
  try {
    return work();
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem) return Status::kNoMemory;
    try {
      Say(error.err, why);
    } catch (...) {
      return Status::kInternal;
    }
    return Status::kRefused;
  } catch (const std::bad_alloc&) {
    return Status::kNoMemory;
  } catch (...) {
    return Status::kInternal;
  }
}

Status Open(const std::uint8_t* bytes, std::size_t size, const char* input,
            const std::int64_t* shape, const Bounds* bounds, Network** network, std::uint64_t* held,
            Message* why) noexcept {
  return Guarded(why, [&] {
    auto made = std::make_unique<Network>();
    made->input = input;
    for (int i = 0; i < 4; ++i) made->shape.push_back(static_cast<int>(shape[i]));
    try {
      const Counting counting(bounds->max_opening_bytes);
      made->net = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(bytes), size);
    } catch (...) {
      if (t_exceeded) return Status::kTooMuch;
      throw;
    }
    if (made->net.empty()) return Status::kRefused;
    made->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    made->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    std::size_t weights = 0;
    std::size_t blobs = 0;
    made->net.getMemoryConsumption(made->shape, weights, blobs);
    // Weights are kept twice: as the file has them and as the kernels want them.
    *held = 2 * std::uint64_t{weights} + blobs;
    if (*held > bounds->max_bytes) return Status::kTooMuch;
    const std::int64_t operations = made->net.getFLOPS(made->shape);
    if (operations < 0 || static_cast<std::uint64_t>(operations) > bounds->max_operations) {
      return Status::kTooMuch;
    }
    *network = made.release();
    return Status::kOk;
  });
}

Status Run(Network* network, const float* input, const char* const* outputs, std::size_t count,
           const Taker* taker, Message* why) noexcept {
  return Guarded(why, [&] {
    const cv::Mat blob(network->shape, CV_32F, const_cast<float*>(input));
    network->net.setInput(blob, network->input);
    const std::vector<cv::String> names(outputs, outputs + count);
    std::vector<cv::Mat> given;
    network->net.forward(given, names);
    if (given.size() != count) return Status::kInternal;
    std::vector<Output> views(count);
    std::vector<std::vector<std::int64_t>> shapes(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (given[i].type() != CV_32F) return Status::kInternal;
      if (!given[i].isContinuous()) given[i] = given[i].clone();
      for (int side = 0; side < given[i].dims; ++side) shapes[i].push_back(given[i].size[side]);
      views[i] = {given[i].ptr<float>(), given[i].total(), shapes[i].data(), shapes[i].size()};
    }
    return taker->take(taker->self, views.data(), count) ? Status::kOk : Status::kNoMemory;
  });
}

void Close(Network* network) noexcept { delete network; }

constexpr Module kModule = {kModuleVersion, CV_VERSION, &Open, &Run, &Close};

}  // namespace
}  // namespace sampleproc::detect::opencv

extern "C" __attribute__((visibility("default"))) const sampleproc::detect::opencv::Module*
sampleproc_dnn_module() {
  sampleproc::detect::opencv::SetUpOnce();
  return &sampleproc::detect::opencv::kModule;
}
