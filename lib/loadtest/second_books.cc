#include "loadtest/second_books.h"

#include <algorithm>
#include <utility>

namespace sampleproc::loadtest {

Measurement& SecondBooks::At(base::MonoTime at) {
  const auto since = std::max<std::int64_t>((at - start_) / std::chrono::seconds(1), 0);
  const std::uint64_t second = std::max(static_cast<std::uint64_t>(since), first_);
  std::unique_ptr<Measurement>& measured = seconds_[second];
  if (measured == nullptr) measured = Make();
  return *measured;
}

std::unique_ptr<Measurement> SecondBooks::Take() {
  auto node = seconds_.extract(first_++);
  return node.empty() ? Make() : std::move(node.mapped());
}

std::unique_ptr<Measurement> SecondBooks::Make() {
  if (spare_ != nullptr) return std::exchange(spare_, nullptr);
  return std::make_unique<Measurement>();
}

}  // namespace sampleproc::loadtest
