// The runtimes of this machine, and detectors over models that tests write.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "detect/detector.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace sampleproc::detect {

// What packaging/fetch-models.sh has fetched, or where SAMPLEPROC_MODELS says.
inline std::filesystem::path FetchedModels() {
  const char* const given = std::getenv("SAMPLEPROC_MODELS");
  return given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(testing::kSourceDir) / "build/models";
}

inline Places TestPlaces() {
  Places places;
  places.opencv_module = testing::kDnnModule;
  const auto fetched = FetchedModels() / "libonnxruntime.so";
  if (std::filesystem::exists(fetched)) places.onnxruntime = fetched.string();
  return places;
}

// Of networks' memory, where a test is not about it.
inline constexpr std::size_t kMostBytes = std::size_t{1} << 30;

inline bool HasOnnxRuntime() {
  static const bool has = [] {
    // No model at all tells whether the library is there: it is looked for first.
    const auto opened = OpenOnnxRuntime({}, {}, TestPlaces(), kMostBytes);
    return opened || opened.error().code != base::ErrorCode::kUnavailable;
  }();
  return has;
}

// OpenCV always, ONNX Runtime when it is there; a test that goes without says so.
inline std::vector<RuntimeChoice> Runtimes() {
  if (HasOnnxRuntime()) return {RuntimeChoice::kOpencv, RuntimeChoice::kOnnxRuntime};
  WARN(
      "ONNX Runtime is not here, so this is tested on OpenCV alone; packaging/fetch-models.sh "
      "brings it, or SAMPLEPROC_MODELS says in which folder it is");
  return {RuntimeChoice::kOpencv};
}

class ModelFile {
 public:
  explicit ModelFile(const std::string& bytes) : path_(dir_.path() / "made.onnx") {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  std::string path() const { return path_.string(); }

 private:
  testing::TempDir dir_;
  std::filesystem::path path_;
};

inline base::Result<std::shared_ptr<Detector>> OpenModel(const std::string& bytes,
                                                         DetectorOptions options,
                                                         resources::MemoryBudget& budget) {
  const ModelFile file(bytes);
  options.model = file.path();
  return Detector::Open(options, TestPlaces(), budget);
}

}  // namespace sampleproc::detect
