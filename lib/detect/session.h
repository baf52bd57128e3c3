// A network that is loaded and can be run, whichever library runs it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "detect/onnx_file.h"
#include "detect/options.h"
#include "detect/run_times.h"
#include "detect/tensor.h"

namespace sampleproc::detect {

// One for all workers: any thread may run it. ONNX Runtime runs as many at once as are asked for;
// OpenCV one after the other, the others wait.
class Session {
 public:
  // Gets the outputs in the model's order; they are valid until it returns.
  using Take = std::function<void(std::span<const TensorView> outputs)>;

  virtual ~Session() = default;

  // "ONNX Runtime 1.28.2", "OpenCV 4.6.0".
  virtual std::string_view Runtime() const = 0;

  // What it holds for as long as it lives, and what a run takes besides its input; estimates.
  virtual std::uint64_t HeldBytes() const = 0;
  virtual std::uint64_t RunBytes() const = 0;

  // Runs the network on `input` and hands its outputs to `take`. Fails with kDeadline or kCancelled
  // when the allowance ends (ONNX Runtime stops within milliseconds, OpenCV before the next run),
  // with kOverloaded without memory, or when the time went by in waiting for others' runs, with
  // kInternal when the library fails.
  virtual base::Result<void> Run(std::span<const float> input, const base::Allowance& allowance,
                                 const Take& take) = 0;

  // Whether runs wait for one another.
  virtual bool TakesTurns() const { return false; }

  // Is told how many runs more (or, below 0, fewer) wait for another one, under the session's lock:
  // it must neither run, wait nor throw. Empty for nobody. Not while one waits.
  using OnWaiting = std::function<void(int more)>;
  // NOLINTNEXTLINE(performance-unnecessary-value-param): those whose runs wait keep it.
  virtual void Watch(OnWaiting /*watcher*/) {}

  const RunTimes& run_times() const { return run_times_; }

 protected:
  RunTimes run_times_;  // of the runs themselves, without what they wait for
};

// Opens `model`, whose facts are `file`'s. Fails with kUnavailable when the library is not there,
// with kConfig when it refuses the model. What ONNX Runtime takes for weights and runs of all
// sessions is at most the `most_bytes` of the first of those that are open; a run that wants more
// fails.
base::Result<std::unique_ptr<Session>> OpenOnnxRuntime(base::ByteView model, const OnnxFile& file,
                                                       const Places& places,
                                                       std::size_t most_bytes);
base::Result<std::unique_ptr<Session>> OpenOpencv(base::ByteView model, const OnnxFile& file,
                                                  const Places& places);

// The version of the library that would run networks. Fails with kUnavailable when it is not there.
base::Result<std::string> OnnxRuntimeVersion(const Places& places);
base::Result<std::string> OpencvVersion(const Places& places);

}  // namespace sampleproc::detect
