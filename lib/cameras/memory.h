// How much of the memory budget the cameras may hold whose pictures the service takes itself: with
// their decoders, and with pictures that are on their way to a worker. What a worker takes for a
// picture is the frame's, as that of every other frame.
//
// A decoder's memory is decided by what a camera sends: 20 pictures for H.264 with 16 reference
// frames, 0.9 GB at 30 megapixels. Without these shares one camera could take what requests and
// other cameras need.
#pragma once

#include "resources/memory_budget.h"

namespace sampleproc::cameras {

inline constexpr std::string_view kMemoryHelp =
    "lower the camera's resolution or its number of reference frames, or raise "
    "resources.memory_limit";

// Of the whole budget.
inline resources::Share ShareOfAll(const resources::MemoryBudget& whole) {
  return {whole.capacity() / 2, "half of resources.memory_limit", "all cameras together",
          kMemoryHelp};
}

// Of ShareOfAll's.
inline resources::Share ShareOfOne(const resources::MemoryBudget& all) {
  return {all.capacity() / 2, "a quarter of resources.memory_limit", "a camera", kMemoryHelp};
}

}  // namespace sampleproc::cameras
