// Why frames that wait are old.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "base/clock.h"
#include "consumer/frame_source.h"

namespace sampleproc::consumer {

// Of the oldest of them by its timestamp; 0 when none has one that can be read, or all are of the
// future.
std::chrono::nanoseconds OldestAge(std::span<const Delivery> pulled, base::WallTime now);

// The reason of the condition `old_frames`: how old the oldest waiting frame is, how old frames are
// when they are pulled, and so where they wait. Pure.
std::string OldFramesReason(std::chrono::nanoseconds waiting, std::chrono::nanoseconds pulled);

}  // namespace sampleproc::consumer
