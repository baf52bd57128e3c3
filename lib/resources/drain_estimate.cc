#include "resources/drain_estimate.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sampleproc::resources {
namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::nanoseconds;

nanoseconds FromSeconds(double seconds) {
  return std::chrono::duration_cast<nanoseconds>(Seconds(seconds));
}

std::size_t SizeOf(std::size_t bytes) { return static_cast<std::size_t>(std::bit_width(bytes)); }

}  // namespace

void DrainEstimate::Finished(std::size_t bytes, nanoseconds took) {
  constexpr double kWeight = 1.0 / 16;
  const double seconds = Seconds(took).count();
  Size& size = sizes_[SizeOf(bytes)];
  if (!size.seen) {
    size = {seconds, 0, true};
    return;
  }
  const double error = seconds - size.mean;
  size.mean += kWeight * error;
  size.deviation += kWeight * (std::abs(error) - size.deviation);
}

// Smaller ones first: what is too little is found out, what is too much is never tried.
const DrainEstimate::Size* DrainEstimate::Nearest(std::size_t bytes) const {
  const std::size_t own = SizeOf(bytes);
  for (std::size_t i = own + 1; i > 0; --i) {
    if (sizes_[i - 1].seen) return &sizes_[i - 1];
  }
  for (std::size_t i = own + 1; i < sizes_.size(); ++i) {
    if (sizes_[i].seen) return &sizes_[i];
  }
  return nullptr;
}

nanoseconds DrainEstimate::Expected(std::size_t bytes) const {
  const Size* const size = Nearest(bytes);
  return size == nullptr ? nanoseconds(0) : FromSeconds(size->mean);
}

nanoseconds DrainEstimate::AtMost(std::size_t bytes) const {
  const Size* const size = Nearest(bytes);
  return size == nullptr ? nanoseconds(0) : FromSeconds(size->mean + size->deviation);
}

void DrainEstimate::Waiting(nanoseconds work) {
  waiting_seconds_ = Seconds(work).count();
  const double wait = std::ceil(waiting_seconds_ / workers_ - 1e-9);
  const auto shortest = static_cast<double>(kShortest.count());
  const auto longest = static_cast<double>(kLongest.count());
  seconds_.store(static_cast<std::chrono::seconds::rep>(std::clamp(wait, shortest, longest)),
                 std::memory_order_relaxed);
}

nanoseconds DrainEstimate::Wait(nanoseconds in_work) const {
  return FromSeconds((waiting_seconds_ + Seconds(in_work).count()) / workers_);
}

}  // namespace sampleproc::resources
