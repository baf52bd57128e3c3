// A frame that the consumer holds: pulled, and not yet settled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "consumer/camera_order.h"
#include "consumer/frame_source.h"
#include "frame/frame.h"
#include "process/frame_work.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// Used by one thread at a time.
struct HeldFrame {
  std::uint64_t number = 0;  // in the order of pulling
  Delivery delivery;
  base::WallTime taken;                    // by its timestamp, else when it was pulled
  CameraOrder::Place place;                // among its camera's frames
  std::optional<process::FrameWork> work;  // none for what cannot be worked on
  resources::Reservation reservation;      // of its bytes
  bool without_memory = false;             // there was no room for a reservation
  std::optional<frame::Frame> frame;       // once its pixels are there
  int tries = 0;

  // Somebody gave up or died over it.
  bool suspect() const { return delivery.deliveries > 1; }
};

using HeldPtr = std::shared_ptr<HeldFrame>;

}  // namespace sampleproc::consumer
