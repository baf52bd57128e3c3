#include "codec/decode_request.h"

#include <string>

namespace sampleproc::codec {

base::Result<std::uint64_t> CheckFrameBytes(std::string_view format_name, std::uint32_t width,
                                            std::uint32_t height, frame::PixelFormat wanted,
                                            const Options& options) {
  const auto channels = static_cast<std::uint64_t>(frame::Channels(wanted));
  const std::uint64_t bytes = std::uint64_t{width} * height * channels;
  if (bytes <= options.max_frame_bytes) return bytes;
  return base::Fail(base::ErrorCode::kInvalidFrame,
                    "the " + std::string(format_name) + " header says " + std::to_string(width) +
                        "x" + std::to_string(height) + " pixels in " + std::to_string(channels) +
                        (channels == 1 ? " channel, " : " channels, ") + std::to_string(bytes) +
                        " bytes; the limit is " + std::to_string(options.max_frame_bytes) +
                        " (codec.max_frame_bytes)");
}

base::Result<resources::Reservation> ReserveForDecode(const DecodeRequest& request,
                                                      std::uint64_t bytes) {
  return request.budget.Reserve(bytes, "decoding this frame", request.budget_patience,
                                request.allowance);
}

}  // namespace sampleproc::codec
