#include "consumer/frame_log.h"

#include <algorithm>
#include <cstdint>

namespace sampleproc::consumer {

void LogDeath(const HeldFrame& held, base::LogLevel level, const base::Error& error,
              base::Logger& log) {
  if (!log.Enabled(level)) return;
  // Where its pixels were to come from, or have come from.
  const PixelPlace* place = nullptr;
  if (!held.places.empty()) {
    place = &held.places[std::min(held.next_place, held.places.size() - 1)];
  }
  FrameLog(held, log).Write(level, "a pulled frame cannot be done",
                            {{"error_type", base::ErrorCodeName(error.code)},
                             {"error", std::string_view(error.message)},
                             {"pixels_from", place == nullptr ? std::string_view("entry")
                                                              : std::string_view(place->host)},
                             {"deliveries", std::int64_t{held.delivery.deliveries}}});
}

void LogWithoutPixels(const HeldFrame& held, base::LogLevel level, base::Logger& log) {
  if (!log.Enabled(level)) return;
  const std::string why = WhyNoPixels(held.delivery.entry, held.places);
  FrameLog(held, log).Write(
      level, "a pulled frame has no pixels",
      {{"why", std::string_view(why)}, {"deliveries", std::int64_t{held.delivery.deliveries}}});
}

}  // namespace sampleproc::consumer
