#include "detect/onnx_sizes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sampleproc::detect {
namespace {

struct Rule {
  std::string_view op;
  std::size_t sizes;  // the input that says them
  bool multiplies;    // the first input, else they are the sides of what is made
  bool is_padding = false;
};

constexpr std::array kRules = {
    Rule{"ConstantOfShape", 0, false}, Rule{"Expand", 1, false}, Rule{"Pad", 1, false, true},
    Rule{"Resize", 3, false},          Rule{"Tile", 1, true},
};

const Rule* Find(std::string_view op) {
  const auto* const rule = std::ranges::find(kRules, op, &Rule::op);
  return rule == kRules.end() ? nullptr : rule;
}

// Whether `first` times all of `sides` is more than one layer may make; -1 and 0 keep a side.
bool IsTooMuch(std::uint64_t first, const std::vector<std::int64_t>& sides) {
  std::uint64_t product = std::max<std::uint64_t>(first, 1);
  for (const std::int64_t side : sides) {
    if (product > MadeSizes::kMostNumbers) return true;
    if (side <= 0) continue;
    if (static_cast<std::uint64_t>(side) > MadeSizes::kMostNumbers) return true;
    product *= static_cast<std::uint64_t>(side);
  }
  return product > MadeSizes::kMostNumbers;
}

}  // namespace

std::vector<std::int64_t> ReadLongs(base::ByteView bytes) {
  std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
  if (!numbers.empty()) {
    std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(std::int64_t));
  }
  return numbers;
}

void MadeSizes::Constant(std::string name, std::vector<std::int64_t> numbers,
                         std::uint64_t elements) {
  constants_[std::move(name)] = {std::move(numbers), elements};
}

void MadeSizes::Layer(std::string_view op, const std::string& shown,
                      std::vector<std::string> inputs) {
  if (const Rule* const rule = detect::Find(op)) {
    layers_.push_back({rule->op, shown, std::move(inputs)});
  }
}

const MadeSizes::Known* MadeSizes::Find(const Made& layer, std::size_t input) const {
  if (input >= layer.inputs.size()) return nullptr;
  const auto known = constants_.find(layer.inputs[input]);
  return known == constants_.end() ? nullptr : &known->second;
}

bool MadeSizes::IsAbsurd(const Made& layer) const {
  const Rule& rule = *detect::Find(layer.op);
  const Known* const sizes = Find(layer, rule.sizes);
  if (sizes == nullptr) return false;
  if (rule.is_padding) {
    return std::ranges::any_of(sizes->numbers, [](std::int64_t each) {
      return each > kMostPadding || each < -kMostPadding;
    });
  }
  const Known* const from = rule.multiplies ? Find(layer, 0) : nullptr;
  return IsTooMuch(from == nullptr ? 1 : from->elements, sizes->numbers);
}

base::Result<void> MadeSizes::Check() const {
  for (const Made& layer : layers_) {
    if (!IsAbsurd(layer)) continue;
    return base::Fail(base::ErrorCode::kConfig, "has an absurd size in the layer " + layer.shown);
  }
  return {};
}

}  // namespace sampleproc::detect
