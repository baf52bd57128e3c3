#include "consumer/pixels/missing_pixels.h"

#include <exception>
#include <string_view>

namespace sampleproc::consumer {
namespace {

using std::chrono::seconds;
using telemetry::condition::kNoPixels;

// Who was asked in vain; "" when nobody was.
std::string Asked(const std::vector<PixelPlace>& places) {
  std::string hosts;
  for (const PixelPlace& place : places) {
    const std::string& host = place.behind.empty() ? place.host : place.behind;
    if (host.empty()) continue;
    hosts += hosts.empty() ? " (asked: " : ", ";
    hosts += host;
  }
  return hosts.empty() ? hosts : hosts + ")";
}

}  // namespace

MissingPixels::Second& MissingPixels::At(base::MonoTime now) noexcept {
  const std::int64_t number = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  Second& second = seconds_[static_cast<std::size_t>(number) % seconds_.size()];
  if (second.number != number) second = {.number = number};
  return second;
}

MissingPixels::Second MissingPixels::Sum(base::MonoTime now) const {
  const std::int64_t number = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  Second sum;
  for (const Second& second : seconds_) {
    if (second.number <= number - kWindow.count()) continue;
    sum.missing += second.missing;
    sum.had += second.had;
  }
  return sum;
}

void MissingPixels::Missing(const FrameEntry& entry, const std::vector<PixelPlace>& places,
                            base::MonoTime now) noexcept {
  last_missing_ = now;
  if (At(now).missing++ > 0) return;
  try {
    why_ = WhyNoPixels(entry, places) + Asked(places);
  } catch (const std::exception&) {
    return;
  }
}

void MissingPixels::Had(base::MonoTime now) noexcept { ++At(now).had; }

void MissingPixels::Look(base::MonoTime now) {
  if (idle() || now < next_look_) return;
  next_look_ = now + seconds(1);
  const Second sum = Sum(now);
  if (told_) return Continue(sum, now);
  const bool most = sum.missing >= kFewest && sum.missing > sum.had;
  if (!most) since_.reset();
  if (most && !since_) since_ = now;
  if (most) Begin(sum);
  if (!told_ && sum.missing == 0) last_missing_.reset();
}

void MissingPixels::Begin(const Second& sum) {
  if (*last_missing_ - *since_ < kTold) return;
  Raise(sum);
  told_ = true;
}

void MissingPixels::Continue(const Second& sum, base::MonoTime now) {
  const bool again = sum.had > 0 && 4 * sum.missing <= sum.missing + sum.had;
  if (!again && now - *last_missing_ < kForgotten) {
    if (sum.missing > 0) Raise(sum);
    return;
  }
  conditions_.Clear(kNoPixels);
  told_ = false;
  since_.reset();
  if (sum.missing == 0) last_missing_.reset();
}

void MissingPixels::Raise(const Second& sum) const {
  conditions_.Raise(kNoPixels, {},
                    std::to_string(sum.missing) + " of " + std::to_string(sum.missing + sum.had) +
                        " frames of the last " + std::to_string(kWindow.count()) +
                        " s had no pixels: " + why_ +
                        "; their sender has to put them there and keep them until their frames are "
                        "pulled (consumer.max_age drops what has waited for longer)");
}

}  // namespace sampleproc::consumer
