// The real pictures that tests look at: those of the package opencv-doc.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/places.h"

namespace sampleproc::test {

// Fails the test when the picture is not there.
inline std::filesystem::path SamplePath(const std::string& name) {
  const char* const given = std::getenv("SAMPLEPROC_SAMPLES");
  const std::filesystem::path folder =
      given != nullptr
          ? std::filesystem::path(given)
          : std::filesystem::path(testing::kSourceDir) / "build/samples/opencv-doc/data";
  const std::filesystem::path path = folder / name;
  INFO("no " << path << "; run packaging/fetch-samples.sh");
  REQUIRE(std::filesystem::exists(path));
  return path;
}

inline base::ByteBuffer ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const base::ByteView bytes = base::AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

inline base::ByteBuffer Sample(const std::string& name) { return ReadFile(SamplePath(name)); }

}  // namespace sampleproc::test
