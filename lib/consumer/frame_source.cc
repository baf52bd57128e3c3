#include "consumer/frame_source.h"

#include "frame/frame_time.h"

namespace sampleproc::consumer {

std::optional<base::WallTime> TakenAt(const Delivery& delivery) {
  const auto& timestamp = delivery.entry.timestamp;
  const auto taken = timestamp ? frame::ParseFrameTime(*timestamp) : std::nullopt;
  return taken ? taken : delivery.added;
}

}  // namespace sampleproc::consumer
