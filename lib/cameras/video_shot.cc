#include "cameras/video_shot.h"

#include <cstddef>
#include <utility>

#include "codec/orientation.h"

namespace sampleproc::cameras {

Shot PassedOver(base::ByteView encoded, const SourceRequest& request,
                const SourceContext& context) {
  Shot shot;
  shot.passed_over = true;
  if (!request.keep_encoded || encoded.empty()) return shot;
  auto memory = context.budget.TryReserve(encoded.size(), "a camera's picture");
  if (!memory) return shot;
  shot.memory = std::move(*memory);
  shot.encoded.assign(encoded.begin(), encoded.end());
  return shot;
}

base::Result<std::optional<Shot>> MakeShot(
    const VideoPicture& picture, const std::function<base::Result<frame::Image>()>& colour,
    const SourceContext& context, const base::Allowance& allowance) {
  const std::size_t pixels =
      static_cast<std::size_t>(picture.luma.width) * static_cast<std::size_t>(picture.luma.height);
  auto memory =
      context.budget.Reserve(picture.encoded.empty() ? 4 * pixels : picture.encoded.size(),
                             "a camera's picture", context.budget_patience, allowance);
  if (!memory) return std::unexpected(std::move(memory.error()));
  Shot shot;
  shot.memory = std::move(*memory);
  if (!picture.encoded.empty()) {
    shot.encoded.assign(picture.encoded.begin(), picture.encoded.end());
    return shot;
  }
  shot.codec = picture.codec;
  shot.orientation = picture.orientation;
  shot.luma = codec::OrientedCopy(picture.luma, picture.orientation, shot.luma_bytes);
  const auto bgr = colour();
  if (!bgr) return std::unexpected(bgr.error());
  shot.bgr = codec::OrientedCopy(*bgr, shot.orientation, shot.bgr_bytes);
  return shot;
}

}  // namespace sampleproc::cameras
