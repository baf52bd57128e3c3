// The program's side of the module with OpenCV's networks.
#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/mutex.h"
#include "detect/opencv/module_abi.h"
#include "detect/session.h"
#include "modules/module_loader.h"
#include "resources/drain_estimate.h"
#include "resources/wait.h"

namespace sampleproc::detect {
namespace {

using base::ErrorCode;
using base::MonoTime;
using opencv::Status;
using OpencvModule = std::shared_ptr<const opencv::Module>;

// What no detector comes near: minutes of a CPU for each frame, more memory than a small machine
// has.
constexpr std::uint64_t kMostBytes = std::uint64_t{2} << 30;
constexpr std::uint64_t kMostOperations = 1'000'000'000'000;

// OpenCV copies weights several times while it opens a model, and computes grids and anchors.
constexpr std::uint64_t kCopiesOfWeights = 16;
constexpr std::uint64_t kMostConstants = std::uint64_t{64} << 20;

base::Result<OpencvModule> Load(const std::filesystem::path& module) {
  return modules::LoadModule<opencv::Module>({.file = opencv::kModuleFile,
                                              .entry = opencv::kModuleEntry,
                                              .version = opencv::kModuleVersion,
                                              .failure = "OpenCV cannot run networks",
                                              .packages = "libopencv-core406 and libopencv-dnn406"},
                                             module);
}

MonoTime Now() { return base::SystemClock().Now(); }

// OpenCV's reason, without line breaks and what is not ASCII.
std::string Shown(const opencv::Message& why) {
  std::string shown;
  for (const char* c = why.text; *c != 0; ++c) shown += *c >= ' ' && *c <= '~' ? *c : ' ';
  return shown.empty() ? "it gives no reason" : shown;
}

base::Error Judge(Status status, const opencv::Message& why) {
  switch (status) {
    case Status::kTooMuch:
      return {
          ErrorCode::kConfig,
          "takes more memory or work than a detector may (2 GiB, 1e12 operations a frame; while "
          "it is opened 64 MiB and 16 times its weights)",
          {},
          {}};
    case Status::kNoMemory:
      return {ErrorCode::kOverloaded, "no memory for the network", {}, {}};
    case Status::kRefused:
      return {ErrorCode::kConfig, "OpenCV does not take it: " + Shown(why), {}, {}};
    default:
      return {ErrorCode::kInternal, "the network failed inside OpenCV", {}, {}};
  }
}

base::Error NotOpened(Status status, const opencv::Message& why) {
  base::Error error = Judge(status, why);
  if (status != Status::kTooMuch) error.message = "cannot be opened: " + error.message;
  if (status == Status::kRefused) {
    error.message +=
        "; ONNX Runtime takes most models: packaging/fetch-models.sh brings it, "
        "process.onnxruntime says where it is";
  }
  return error;
}

// One run at a time.
class OpencvSession : public Session {
 public:
  OpencvSession(OpencvModule module, opencv::Network* network, std::vector<std::string> outputs,
                std::uint64_t held)
      : module_(std::move(module)),
        network_(network),
        outputs_(std::move(outputs)),
        held_(held),
        runtime_("OpenCV " + std::string(module_->opencv)) {
    for (const std::string& name : outputs_) names_.push_back(name.c_str());
  }
  ~OpencvSession() override { module_->close(network_); }
  OpencvSession(const OpencvSession&) = delete;
  OpencvSession& operator=(const OpencvSession&) = delete;

  std::string_view Runtime() const override { return runtime_; }
  bool TakesTurns() const override { return true; }
  void Watch(OnWaiting watcher) override {
    const base::MutexLock lock(mutex_);
    watcher_ = std::move(watcher);
  }
  std::uint64_t HeldBytes() const override { return held_; }
  std::uint64_t RunBytes() const override { return 0; }  // it keeps what it needs

  base::Result<void> Run(std::span<const float> input, const base::Allowance& allowance,
                         const Take& take) override {
    const MonoTime came = Now();
    const auto turn = Wait(allowance);
    if (!turn) return std::unexpected(turn.error());
    const MonoTime begun = Now();
    Taking taking{take, {}, {}};
    const opencv::Taker taker{&taking, &Taken};
    opencv::Message why{};
    const Status status =
        module_->run(network_, input.data(), names_.data(), names_.size(), &taker, &why);
    // What `take` threw is the caller's own.
    if (taking.thrown) std::rethrow_exception(taking.thrown);
    if (status == Status::kOk) return Over(allowance, begun - came, Now() - begun);
    base::Error error = Judge(status, why);
    if (error.code == ErrorCode::kConfig) error.code = ErrorCode::kInternal;  // it was taken once
    return std::unexpected(std::move(error));
  }

 private:
  // The turn to run; gives it back at the end.
  class Turn {
   public:
    explicit Turn(OpencvSession& session) : session_(&session) {}
    Turn(Turn&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (session_ == nullptr) return;
      const base::MutexLock lock(session_->mutex_);
      session_->running_ = false;
      session_->ended_.NotifyOne();
    }

   private:
    OpencvSession* session_;
  };

  // That a run waits. Made and destroyed under the session's lock, which clang cannot follow
  // through a reference.
  class Waiting {
   public:
    explicit Waiting(OpencvSession& session) SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis)
        : session_(session) {
      if (session_.watcher_) session_.watcher_(1);
    }
    ~Waiting() SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis) {
      if (session_.watcher_) session_.watcher_(-1);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    OpencvSession& session_;
  };

  struct Taking {
    const Take& take;
    std::vector<TensorView> views;
    std::exception_ptr thrown;
  };

  // One that has waited begins no run that its time is too short for: others can use theirs.
  base::Result<Turn> Wait(const base::Allowance& allowance) {
    const resources::PatientWait wait(base::kForever, allowance);
    const base::MutexLock lock(mutex_);
    if (!running_) {
      if (auto wanted = allowance.Check("the network"); !wanted) {
        return std::unexpected(wanted.error());
      }
    } else {
      const Waiting waiting(*this);
      while (running_ && wait.Wanted() && !wait.Over()) wait.For(ended_, mutex_);
      auto wanted = wait.Wanted();
      if (wanted && (wait.Over() || TooLate(allowance))) wanted = Crowded();
      if (!wanted) {
        ended_.NotifyOne();
        return std::unexpected(wanted.error());
      }
    }
    running_ = true;
    return Turn(*this);
  }

  bool TooLate(const base::Allowance& allowance) const {
    return allowance.deadline.OnSystemClock() &&
           allowance.deadline.At() - Now() < run_times_.Expected();
  }

  std::unexpected<base::Error> Crowded() const {
    auto error = base::Fail(ErrorCode::kOverloaded,
                            "other frames were in the network until this one's time was over");
    error.error().retry_after =
        std::clamp(std::chrono::ceil<std::chrono::seconds>(run_times_.Expected()),
                   resources::DrainEstimate::kShortest, resources::DrainEstimate::kLongest);
    return error;
  }

  // What is late only because it waited is not too slow.
  base::Result<void> Over(const base::Allowance& allowance, std::chrono::nanoseconds waited,
                          std::chrono::nanoseconds took) {
    auto wanted = allowance.Check("the network");
    const bool late = !wanted && wanted.error().code == ErrorCode::kDeadline;
    const bool by_others =
        late && allowance.deadline.OnSystemClock() && Now() < allowance.deadline.At() + waited;
    if (!by_others && (wanted || late)) run_times_.Ended(took, !late);
    if (by_others) return Crowded();
    return wanted;
  }

  static bool Taken(void* self, const opencv::Output* outputs, std::size_t count) noexcept {
    Taking& taking = *static_cast<Taking*>(self);
    try {
      for (std::size_t i = 0; i < count; ++i) {
        taking.views.push_back(
            {{outputs[i].data, outputs[i].numbers}, {outputs[i].shape, outputs[i].sides}});
      }
      taking.take(taking.views);
      return true;
    } catch (...) {
      taking.thrown = std::current_exception();
      return false;
    }
  }

  const OpencvModule module_;
  opencv::Network* const network_;
  const std::vector<std::string> outputs_;
  std::vector<const char*> names_;  // of outputs_
  const std::uint64_t held_;
  const std::string runtime_;

  base::Mutex mutex_;
  base::CondVar ended_;
  bool running_ GUARDED_BY(mutex_) = false;
  OnWaiting watcher_ GUARDED_BY(mutex_);
};

}  // namespace

base::Result<std::unique_ptr<Session>> OpenOpencv(base::ByteView model, const OnnxFile& file,
                                                  const Places& places) {
  auto module = Load(places.opencv_module);
  if (!module) return std::unexpected(module.error());
  if (file.clip_with_inputs) {
    return base::Fail(ErrorCode::kConfig,
                      "has a Clip with inputs, as every ReLU6 from opset 11 on is, which OpenCV " +
                          std::string((*module)->opencv) + " does not take: use ONNX Runtime");
  }
  opencv::Network* network = nullptr;
  std::uint64_t held = 0;
  opencv::Message why{};
  const opencv::Bounds bounds{
      .max_bytes = kMostBytes,
      .max_opening_bytes = kCopiesOfWeights * file.weight_bytes + kMostConstants,
      .max_operations = kMostOperations};
  const Status status = (*module)->open(model.data(), model.size(), file.input.c_str(),
                                        file.input_shape.data(), &bounds, &network, &held, &why);
  if (status != Status::kOk) return std::unexpected(NotOpened(status, why));
  return std::make_unique<OpencvSession>(std::move(*module), network, file.outputs, held);
}

base::Result<std::string> OpencvVersion(const Places& places) {
  const auto module = Load(places.opencv_module);
  if (!module) return std::unexpected(module.error());
  return std::string((*module)->opencv);
}

}  // namespace sampleproc::detect
