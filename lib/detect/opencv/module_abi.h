// What the program and its module with OpenCV's networks agree on. The module is built from the
// files beside this one; it is loaded when a detector needs it, and by nobody else. Only plain data
// and functions that do not throw cross this line, and each side frees what it made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::detect::opencv {

// Raised with every change of this file.
inline constexpr std::uint32_t kModuleVersion = 2;
inline constexpr char kModuleFile[] = "sampleproc_dnn.so";
inline constexpr char kModuleEntry[] = "sampleproc_dnn_module";

enum class Status {
  kOk,
  kRefused,  // OpenCV does not take the model; the text says why
  kTooMuch,  // it takes more memory or more work than a caller allows
  kNoMemory,
  kInternal,
};

struct Bounds {
  std::uint64_t max_bytes;
  std::uint64_t max_opening_bytes;  // that opening may take in all, what it gives back included
  std::uint64_t max_operations;     // multiplications and additions of one run
};

// A text of the module's, cut to fit.
struct Message {
  char text[256];
};

struct Output {
  const float* data;
  std::size_t numbers;
  const std::int64_t* shape;
  std::size_t sides;
};

// Takes the outputs of a run, in the order of the names that `run` was given; false: no memory.
struct Taker {
  void* self;
  bool (*take)(void* self, const Output* outputs, std::size_t count) noexcept;
};

struct Network;  // the module's own

// A network is used by one thread at a time.
struct Module {
  std::uint32_t version;  // kModuleVersion the module was built with
  const char* opencv;     // its version, "4.6.0"

  // Opens the ONNX file in `bytes`, whose input is called `input` and has the four sides of
  // `shape`. OpenCV computes what depends on no picture while it opens the file, so a small one can
  // ask for any amount of memory: it is refused as soon as it does. `held` is what the network
  // takes as long as it lives, by OpenCV's own reckoning.
  Status (*open)(const std::uint8_t* bytes, std::size_t size, const char* input,
                 const std::int64_t* shape, const Bounds* bounds, Network** network,
                 std::uint64_t* held, Message* why) noexcept;
  Status (*run)(Network* network, const float* input, const char* const* outputs, std::size_t count,
                const Taker* taker, Message* why) noexcept;
  void (*close)(Network* network) noexcept;
};

// The type of the function kModuleEntry; the result lives as long as the module is loaded.
using ModuleEntry = const Module* (*)();

}  // namespace sampleproc::detect::opencv
