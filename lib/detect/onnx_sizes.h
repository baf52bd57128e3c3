// Layers of an ONNX file that make as many numbers as the file says.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::detect {

// The numbers of a tensor of 64-bit integers, as its raw bytes hold them.
std::vector<std::int64_t> ReadLongs(base::ByteView bytes);

// Libraries compute what depends on no picture while they open a model, so a file of a few kB could
// ask for any amount of memory by a shape, by repeats or by padding that stands in it. Told what is
// in the file, in any order; then asked.
class MadeSizes {
 public:
  static constexpr std::size_t kMostSides = 16;  // so long may a list be that says a shape
  static constexpr std::uint64_t kMostNumbers = std::uint64_t{1} << 24;
  static constexpr std::int64_t kMostPadding = 4096;

  // A constant of so many elements; `numbers` are those of a list of integers, else empty.
  void Constant(std::string name, std::vector<std::int64_t> numbers, std::uint64_t elements);

  // `shown`: the layer for messages.
  void Layer(std::string_view op, const std::string& shown, std::vector<std::string> inputs);

  // Fails with kConfig where one layer makes more than kMostNumbers, or pads by more than
  // kMostPadding, by constants; the message names it.
  base::Result<void> Check() const;

 private:
  struct Known {
    std::vector<std::int64_t> numbers;
    std::uint64_t elements;
  };
  struct Made {
    std::string_view op;  // a constant's
    std::string shown;
    std::vector<std::string> inputs;
  };

  const Known* Find(const Made& layer, std::size_t input) const;
  bool IsAbsurd(const Made& layer) const;

  std::map<std::string, Known> constants_;
  std::vector<Made> layers_;
};

}  // namespace sampleproc::detect
