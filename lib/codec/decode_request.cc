#include "codec/decode_request.h"

#include <algorithm>
#include <string>

namespace sampleproc::codec {

base::Result<std::uint64_t> CheckFrameBytes(std::string_view format_name, std::uint32_t width,
                                            std::uint32_t height, frame::PixelFormat format,
                                            const DecodeRequest& request) {
  const std::uint64_t pixels = std::uint64_t{width} * height;
  const auto own_channels = static_cast<std::uint64_t>(frame::Channels(format));
  const auto channels =
      std::max(own_channels, static_cast<std::uint64_t>(frame::Channels(request.limited_as)));
  const std::uint64_t bytes = pixels * channels;
  if (bytes <= request.options.max_frame_bytes) return pixels * own_channels;
  return base::Fail(base::ErrorCode::kInvalidFrame,
                    "the " + std::string(format_name) + " header says " + std::to_string(width) +
                        "x" + std::to_string(height) + " pixels in " + std::to_string(channels) +
                        (channels == 1 ? " channel, " : " channels, ") + std::to_string(bytes) +
                        " bytes; the limit is " + std::to_string(request.options.max_frame_bytes) +
                        " (codec.max_frame_bytes)");
}

base::Result<void> CheckWorkingBytes(const DecodeRequest& request, const DecodeCost& cost) {
  const std::uint64_t bytes = cost.picture_bytes + cost.library_bytes;
  constexpr std::uint64_t kAlwaysAllowed = 16u << 20;  // the rows that any library keeps
  const std::uint64_t limit =
      std::max(std::uint64_t{request.options.max_frame_bytes} / 5 * 7, kAlwaysAllowed);
  if (bytes <= limit) return {};
  return base::Fail(base::ErrorCode::kInvalidFrame,
                    "decoding this picture would take " + std::to_string(bytes) +
                        " bytes of memory because of the way it is stored; the limit is " +
                        std::to_string(limit) + ", 7/5 of codec.max_frame_bytes");
}

base::Result<resources::Reservation> ReserveForDecode(const DecodeRequest& request,
                                                      const DecodeCost& cost) {
  if (auto fits = CheckWorkingBytes(request, cost); !fits) return std::unexpected(fits.error());
  if (request.admit) {
    if (auto admitted = request.admit(cost.pixels); !admitted) {
      return std::unexpected(admitted.error());
    }
  }
  return request.budget.Reserve(cost.picture_bytes + cost.library_bytes + cost.turn_bytes,
                                "decoding this frame", request.budget_patience, request.allowance);
}

}  // namespace sampleproc::codec
