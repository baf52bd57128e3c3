// What a frame buffer hands out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "consumer/frame_source.h"
#include "frame/options.h"

namespace sampleproc::consumer {

// A buffer hands out no more at once, whatever it is asked for.
inline constexpr std::size_t kMostFramesOfAnswer = 100;
// Of one answer, whatever was asked for.
inline constexpr std::size_t kMostAnswerBytes = 256U << 20;

// The frames of an answer to GET /frames/dequeue, {"frames": [...], ...}, in its order, without
// tickets yet. More than were asked for are taken too: they are handed out nowhere else. Fails with
// kIo when it is no such answer. Pure.
base::Result<std::vector<Delivery>> ReadBufferAnswer(std::string body,
                                                     const frame::Options& limits);

}  // namespace sampleproc::consumer
