// ONNX Runtime, loaded on first use.
#include <dlfcn.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/text_file.h"
#include "detect/interrupter.h"
#include "detect/onnxruntime_api.h"
#include "detect/session.h"
#include "modules/shared_object.h"

namespace sampleproc::detect {
namespace {

using base::ErrorCode;
using ort::At;
using ort::Entry;

constexpr std::array kLibraryNames = {"libonnxruntime.so.1", "libonnxruntime.so"};

// Measured on detectors: the weights are kept as the file has them and as the kernels want them,
// beside some 6 MB of the library's own; a run takes some six times its input, and what one takes
// is kept.
constexpr std::uint64_t kLibraryBytes = std::uint64_t{6} << 20;
constexpr std::uint64_t kWeightCopies = 3;
constexpr std::uint64_t kRunInputs = 6;

constexpr std::chrono::seconds kRest{1};

constexpr std::size_t kLongestReason = 240;

// The table of the loaded library.
class Library {
 public:
  static base::Result<Library> Load(const std::string& path) {
    std::vector<std::string> names(kLibraryNames.begin(), kLibraryNames.end());
    if (!path.empty()) names = {path};
    // Opening a pipe would wait for whoever writes to it.
    if (path.contains('/') && !base::CanBeReread(path)) {
      return Unavailable(path + " is no regular file");
    }
    std::string why;
    void* handle = nullptr;
    for (const std::string& name : names) {
      // Never unloaded: it has threads and destructors of its own.
      const auto opened = modules::OpenSharedObject(name);
      if (opened) {
        handle = *opened;
        break;
      }
      if (why.empty()) why = opened.error().message;
    }
    if (handle == nullptr) return Unavailable(why);
    void* const symbol = dlsym(handle, ort::kEntryPoint);
    if (symbol == nullptr) return Unavailable("the library is not ONNX Runtime");
    const ort::ApiBase* const base = reinterpret_cast<ort::EntryPoint>(symbol)();
    const ort::Table* const table = base == nullptr ? nullptr : base->get_api(ort::kApiVersion);
    if (table == nullptr) return Unavailable("the library is older than version 1.12");
    return Library(table, base->get_version());
  }

  template <typename Function, typename... Arguments>
  auto Call(Entry entry, Arguments... arguments) const {
    return At<Function>(*table_, entry)(arguments...);
  }

  // Nothing, or what the library's status says.
  base::Result<void> Judge(ort::Status* status) const {
    if (status == nullptr) return {};
    const char* const text =
        At<const char*(const ort::Status*)>(*table_, Entry::kGetErrorMessage)(status);
    std::string reason;
    for (const char* c = text; *c != 0 && reason.size() < kLongestReason; ++c) {
      reason += *c >= ' ' && *c <= '~' ? *c : ' ';
    }
    Release(Entry::kReleaseStatus, status);
    return base::Fail(ErrorCode::kConfig, "ONNX Runtime does not take it: " + reason);
  }

  template <typename T>
  void Release(Entry entry, T* object) const {
    At<void(T*)>(*table_, entry)(object);
  }

  const std::string& version() const { return version_; }

 private:
  Library(const ort::Table* table, const char* version) : table_(table), version_(version) {}

  static std::unexpected<base::Error> Unavailable(const std::string& why) {
    return base::Fail(ErrorCode::kUnavailable,
                      "ONNX Runtime cannot be loaded: " + why +
                          "; packaging/fetch-models.sh brings it, process.onnxruntime says where "
                          "it is");
  }

  const ort::Table* table_;
  std::string version_;
};

// An object of the library's, given back by scope. The library must outlive it.
template <typename T, Entry kRelease>
class Owned {
 public:
  explicit Owned(const Library& library) : library_(&library) {}
  Owned(Owned&& other) noexcept
      : library_(other.library_), object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&&) = delete;
  ~Owned() {
    if (object_ != nullptr) library_->Release(kRelease, object_);
  }

  T* get() const { return object_; }
  T** slot() { return &object_; }

 private:
  const Library* library_;
  T* object_ = nullptr;
};

using ArenaCfg = Owned<ort::ArenaCfg, Entry::kReleaseArenaCfg>;
using Env = Owned<ort::Env, Entry::kReleaseEnv>;
using MemoryInfo = Owned<ort::MemoryInfo, Entry::kReleaseMemoryInfo>;
using RunOptions = Owned<ort::RunOptions, Entry::kReleaseRunOptions>;
using OrtSession = Owned<ort::Session, Entry::kReleaseSession>;
using SessionOptions = Owned<ort::SessionOptions, Entry::kReleaseSessionOptions>;
using TensorInfo = Owned<ort::TensorInfo, Entry::kReleaseTensorInfo>;
using Value = Owned<ort::Value, Entry::kReleaseValue>;

// Calls one after the other, until one fails.
class Steps {
 public:
  explicit Steps(const Library& library) : library_(library) {}

  template <typename Function, typename... Arguments>
  void Do(Entry entry, Arguments... arguments) {
    if (done_) done_ = library_.Judge(library_.Call<Function>(entry, arguments...));
  }

  const base::Result<void>& done() const { return done_; }

 private:
  const Library& library_;
  base::Result<void> done_;
};

class OnnxruntimeSession : public Session {
 public:
  OnnxruntimeSession(const Library& library, const OnnxFile& file)
      : library_(library),
        file_(file),
        runtime_("ONNX Runtime " + library_.version()),
        env_(library_),
        memory_(library_),
        session_(library_) {
    for (const std::string& name : file_.outputs) names_.push_back(name.c_str());
  }

  // Runs of all sessions together take at most `most_bytes`, as the first one has it.
  base::Result<void> Open(base::ByteView model, std::size_t most_bytes) {
    SessionOptions options(library_);
    Steps steps(library_);
    using SetNumber = ort::Status*(ort::SessionOptions*, int);
    using SetEntry = ort::Status*(ort::SessionOptions*, const char*, const char*);
    steps.Do<ort::Status*(int, const char*, ort::Env**)>(Entry::kCreateEnv, ort::kLogFatal,
                                                         "sampleproc", env_.slot());
    steps.Do<ort::Status*(ort::SessionOptions**)>(Entry::kCreateSessionOptions, options.slot());
    // The workers are the threads.
    steps.Do<SetNumber>(Entry::kSetIntraOpNumThreads, options.get(), 1);
    steps.Do<SetNumber>(Entry::kSetInterOpNumThreads, options.get(), 1);
    steps.Do<SetEntry>(Entry::kAddSessionConfigEntry, options.get(),
                       "session.intra_op.allow_spinning", "0");
    steps.Do<SetEntry>(Entry::kAddSessionConfigEntry, options.get(),
                       "session.inter_op.allow_spinning", "0");
    // What a run takes is kept for the next one: blocks of megabytes that each run maps and unmaps
    // cost a sixth of its time.
    steps.Do<ort::Status*(ort::SessionOptions*)>(Entry::kEnableCpuMemArena, options.get());
    if (auto bounded = BoundMemory(most_bytes); !bounded) return bounded;
    steps.Do<SetEntry>(Entry::kAddSessionConfigEntry, options.get(), "session.use_env_allocators",
                       "1");
    // What a model lets be computed from its constants alone may take any time and memory. In a run
    // both are bounded, in the making of a session neither is. Exporters have done it already.
    steps.Do<SetEntry>(Entry::kAddSessionConfigEntry, options.get(),
                       "optimization.disable_specified_optimizers", "ConstantFolding");
    steps.Do<SetNumber>(Entry::kSetSessionGraphOptimizationLevel, options.get(), ort::kOptimiseAll);
    steps.Do<ort::Status*(const ort::Env*, const void*, std::size_t, const ort::SessionOptions*,
                          ort::Session**)>(Entry::kCreateSessionFromArray, env_.get(), model.data(),
                                           model.size(), options.get(), session_.slot());
    steps.Do<ort::Status*(int, int, ort::MemoryInfo**)>(
        Entry::kCreateCpuMemoryInfo, ort::kDeviceAllocator, ort::kMemoryDefault, memory_.slot());
    return steps.done();
  }

  std::string_view Runtime() const override { return runtime_; }
  std::uint64_t HeldBytes() const override {
    return kLibraryBytes + kWeightCopies * file_.weight_bytes + RunBytes();
  }
  std::uint64_t RunBytes() const override { return kRunInputs * InputBytes(); }

  base::Result<void> Run(std::span<const float> input, const base::Allowance& allowance,
                         const Take& take) override {
    if (auto wanted = allowance.Check("the network"); !wanted) return wanted;
    RunOptions options(library_);
    Value picture(library_);
    std::vector<Value> outputs;
    Steps steps(library_);
    steps.Do<ort::Status*(ort::RunOptions**)>(Entry::kCreateRunOptions, options.slot());
    steps.Do<ort::Status*(const ort::MemoryInfo*, void*, std::size_t, const std::int64_t*,
                          std::size_t, int, ort::Value**)>(
        Entry::kCreateTensorWithData, memory_.get(),
        static_cast<void*>(const_cast<float*>(input.data())), input.size_bytes(),
        file_.input_shape.data(), file_.input_shape.size(), ort::kFloat, picture.slot());
    if (HasRested()) {
      steps.Do<ort::Status*(ort::RunOptions*, const char*, const char*)>(
          Entry::kAddRunConfigEntry, options.get(), "memory.enable_memory_arena_shrinkage",
          "cpu:0");
    }
    auto done = steps.done();
    const base::MonoTime begun = base::SystemClock().Now();
    if (done) done = Invoke(picture, options, allowance, outputs);
    auto wanted = done ? base::Result<void>() : allowance.Check("the network");
    if (wanted || wanted.error().code == ErrorCode::kDeadline) {
      run_times_.Ended(base::SystemClock().Now() - begun, wanted.has_value());
    }
    if (!done) {
      if (!wanted) return wanted;
      return base::Fail(ErrorCode::kInternal, "the network failed: " + done.error().message);
    }
    return Hand(outputs, take);
  }

 private:
  // The library has one environment, and so one arena, for all sessions.
  base::Result<void> BoundMemory(std::size_t most_bytes) {
    MemoryInfo memory(library_);
    ArenaCfg arena(library_);
    const std::array<const char*, 1> keys = {"max_mem"};
    const std::array<std::size_t, 1> values = {most_bytes};
    Steps steps(library_);
    steps.Do<ort::Status*(int, int, ort::MemoryInfo**)>(
        Entry::kCreateCpuMemoryInfo, ort::kArenaAllocator, ort::kMemoryDefault, memory.slot());
    steps.Do<ort::Status*(const char* const*, const std::size_t*, std::size_t, ort::ArenaCfg**)>(
        Entry::kCreateArenaCfg, keys.data(), values.data(), keys.size(), arena.slot());
    if (!steps.done()) return steps.done();
    // Refused while another session has done it, which is as well.
    if (auto* const status =
            library_.Call<ort::Status*(ort::Env*, const ort::MemoryInfo*, const ort::ArenaCfg*)>(
                Entry::kCreateAndRegisterAllocator, env_.get(), memory.get(), arena.get())) {
      library_.Release(Entry::kReleaseStatus, status);
    }
    return {};
  }

  std::uint64_t InputBytes() const {
    return std::uint64_t{3} * sizeof(float) * static_cast<std::uint64_t>(file_.width) *
           static_cast<std::uint64_t>(file_.height);
  }

  // Whether no run has begun for so long that what a burst of them took is to be given back.
  bool HasRested() {
    const auto now = base::SystemClock().Now().time_since_epoch();
    return now - last_run_.exchange(now, std::memory_order_relaxed) >= kRest;
  }

  base::Result<void> Invoke(const Value& picture, const RunOptions& options,
                            const base::Allowance& allowance, std::vector<Value>& outputs) {
    std::vector<ort::Value*> given(names_.size(), nullptr);
    const char* const input_name = file_.input.c_str();
    const ort::Value* const input = picture.get();
    const std::function<void()> stop = [&] {
      // Its status could only say that there are no options.
      if (auto* const status = library_.Call<ort::Status*(ort::RunOptions*)>(
              Entry::kRunOptionsSetTerminate, options.get())) {
        library_.Release(Entry::kReleaseStatus, status);
      }
    };
    ort::Status* status = nullptr;
    {
      const Interrupter::Watch watch(interrupter_, allowance, stop);
      status = library_.Call<ort::Status*(ort::Session*, const ort::RunOptions*, const char* const*,
                                          const ort::Value* const*, std::size_t, const char* const*,
                                          std::size_t, ort::Value**)>(
          Entry::kRun, session_.get(), options.get(), &input_name, &input, std::size_t{1},
          names_.data(), names_.size(), given.data());
    }
    for (ort::Value* const value : given) {
      outputs.emplace_back(library_);
      *outputs.back().slot() = value;
    }
    return library_.Judge(status);
  }

  base::Result<void> Hand(const std::vector<Value>& outputs, const Take& take) {
    std::vector<TensorView> views;
    std::vector<Shape> shapes(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Value& output = outputs[i];
      TensorInfo info(library_);
      Shape& shape = shapes[i];
      int type = 0;
      std::size_t sides = 0;
      float* data = nullptr;
      Steps steps(library_);
      steps.Do<ort::Status*(const ort::Value*, ort::TensorInfo**)>(Entry::kGetTensorTypeAndShape,
                                                                   output.get(), info.slot());
      steps.Do<ort::Status*(const ort::TensorInfo*, int*)>(Entry::kGetTensorElementType, info.get(),
                                                           &type);
      steps.Do<ort::Status*(const ort::TensorInfo*, std::size_t*)>(Entry::kGetDimensionsCount,
                                                                   info.get(), &sides);
      shape.resize(sides);
      steps.Do<ort::Status*(const ort::TensorInfo*, std::int64_t*, std::size_t)>(
          Entry::kGetDimensions, info.get(), shape.data(), sides);
      steps.Do<ort::Status*(ort::Value*, float**)>(Entry::kGetTensorMutableData, output.get(),
                                                   &data);
      if (!steps.done() || type != ort::kFloat) {
        return base::Fail(ErrorCode::kInternal,
                          "the network has an output that is no tensor of floats");
      }
      std::size_t numbers = 1;
      for (const std::int64_t side : shape) numbers *= static_cast<std::size_t>(side);
      views.push_back({{data, numbers}, shape});
    }
    take(views);
    return {};
  }

  const Library library_;
  const OnnxFile file_;
  const std::string runtime_;
  std::vector<const char*> names_;  // of file_.outputs
  Interrupter interrupter_;
  std::atomic<base::MonoTime::duration> last_run_{};
  Env env_;
  MemoryInfo memory_;
  OrtSession session_;
};

}  // namespace

base::Result<std::unique_ptr<Session>> OpenOnnxRuntime(base::ByteView model, const OnnxFile& file,
                                                       const Places& places,
                                                       std::size_t most_bytes) {
  auto library = Library::Load(places.onnxruntime);
  if (!library) return std::unexpected(library.error());
  auto session = std::make_unique<OnnxruntimeSession>(*library, file);
  if (auto opened = session->Open(model, most_bytes); !opened)
    return std::unexpected(opened.error());
  return session;
}

base::Result<std::string> OnnxRuntimeVersion(const Places& places) {
  const auto library = Library::Load(places.onnxruntime);
  if (!library) return std::unexpected(library.error());
  return library->version();
}

}  // namespace sampleproc::detect
