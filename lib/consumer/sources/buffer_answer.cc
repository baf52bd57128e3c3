#include "consumer/sources/buffer_answer.h"

#include <utility>

#include "consumer/sources/entry_fields.h"
#include "consumer/sources/json_fields.h"

namespace sampleproc::consumer {

using base::ErrorCode;

base::Result<std::vector<Delivery>> ReadBufferAnswer(std::string body,
                                                     const frame::Options& limits) {
  auto frames = ReadJsonFieldsOfEach(std::move(body), "frames", kMostFramesOfAnswer, limits);
  if (!frames) {
    return base::Fail(ErrorCode::kIo, "the frame buffer's answer: " + frames.error().message);
  }
  std::vector<Delivery> deliveries;
  for (auto& fields : *frames) {
    Delivery delivery;
    if (!fields) {
      delivery.broken = base::Fail(ErrorCode::kInvalidFrame, "must be a JSON object").error();
    } else {
      EntryRead read = ReadEntry(std::move(*fields), EntryOrigin::kJson, limits);
      delivery.entry = std::move(read.entry);
      delivery.broken = std::move(read.broken);
    }
    deliveries.push_back(std::move(delivery));
  }
  return deliveries;
}

}  // namespace sampleproc::consumer
