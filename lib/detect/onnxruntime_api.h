// The part of ONNX Runtime's C interface that we use, declared from its documentation so that no
// build needs its headers. Its table of functions only ever grows at the end, so that an entry's
// place is the same in each version; we ask for version 12 (2022) and above. A test calls each
// entry of the library that is there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sampleproc::detect::ort {

inline constexpr std::uint32_t kApiVersion = 12;

// The library's own.
struct Status;  // null is success
struct ArenaCfg;
struct Env;
struct MemoryInfo;
struct RunOptions;
struct Session;
struct SessionOptions;
struct TensorInfo;
struct Value;

inline constexpr int kLogFatal = 4;
inline constexpr int kOptimiseAll = 99;
inline constexpr int kFloat = 1;            // an element's type
inline constexpr int kDeviceAllocator = 0;  // no arena
inline constexpr int kArenaAllocator = 1;
inline constexpr int kMemoryDefault = 0;
inline constexpr int kCodeNotImplemented = 9;

// Where the entries are in the table.
enum class Entry : std::size_t {
  kGetErrorCode = 1,
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kDisableMemPattern = 17,
  kEnableCpuMemArena = 18,
  kSetSessionGraphOptimizationLevel = 23,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kCreateRunOptions = 39,
  kRunOptionsSetTerminate = 46,
  kCreateTensorWithData = 49,
  kGetTensorMutableData = 51,
  kGetTensorElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseRunOptions = 97,
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
  kAddSessionConfigEntry = 130,
  kCreateAndRegisterAllocator = 144,
  kReleaseArenaCfg = 157,
  kCreateArenaCfg = 164,  // CreateArenaCfgV2
  kAddRunConfigEntry = 165,
};
inline constexpr std::size_t kEntries = 166;

using Table = std::array<void*, kEntries>;

struct ApiBase {
  const Table* (*get_api)(std::uint32_t version);  // null: the library is older
  const char* (*get_version)();
};
inline constexpr char kEntryPoint[] = "OrtGetApiBase";
using EntryPoint = const ApiBase* (*)();

// The entry with the type that it has.
template <typename Function>
Function* At(const Table& table, Entry entry) {
  return reinterpret_cast<Function*>(table[static_cast<std::size_t>(entry)]);
}

}  // namespace sampleproc::detect::ort
