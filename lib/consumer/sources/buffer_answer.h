// What a frame buffer hands out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "consumer/frame_source.h"
#include "frame/options.h"

namespace sampleproc::consumer {

// A buffer is asked for 100 at most, and more that it hands out all the same are taken. An answer
// with more than this is refused whole.
inline constexpr std::size_t kMostFramesOfAnswer = 10'000;
// Of one answer, whatever was asked for.
inline constexpr std::size_t kMostAnswerBytes = 256U << 20;

// The frames of an answer to GET /frames/dequeue, {"frames": [...], ...}, in its order, without
// tickets yet. More than were asked for are taken too: they are handed out nowhere else. Fails with
// kIo when it is no such answer. Pure.
base::Result<std::vector<Delivery>> ReadBufferAnswer(std::string body,
                                                     const frame::Options& limits);

}  // namespace sampleproc::consumer
