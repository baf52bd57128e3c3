// The module with OpenCV's networks, whose runs take as long as a test says: the real one, and
// before each run a pause of slow_networks_pause_ms().
#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "detect/opencv/module_abi.h"

namespace {

using sampleproc::detect::opencv::Message;
using sampleproc::detect::opencv::Module;
using sampleproc::detect::opencv::ModuleEntry;
using sampleproc::detect::opencv::Network;
using sampleproc::detect::opencv::Status;
using sampleproc::detect::opencv::Taker;

std::atomic<int> pause_ms = 0;

const Module& Real() {
  static const Module& real = *[] {
    void* const library = ::dlopen(SAMPLEPROC_DNN_MODULE, RTLD_NOW | RTLD_LOCAL);
    void* const entry = ::dlsym(library, sampleproc::detect::opencv::kModuleEntry);
    return reinterpret_cast<ModuleEntry>(entry)();
  }();
  return real;
}

Status Run(Network* network, const float* input, const char* const* outputs, std::size_t count,
           const Taker* taker, Message* why) noexcept {
  std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  return Real().run(network, input, outputs, count, taker, why);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) std::atomic<int>& slow_networks_pause_ms() {
  return pause_ms;
}

__attribute__((visibility("default"))) const Module* sampleproc_dnn_module() {
  static const Module slow = [] {
    Module module = Real();
    module.run = &Run;
    return module;
  }();
  return &slow;
}

}  // extern "C"
