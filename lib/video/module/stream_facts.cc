#include "video/module/stream_facts.h"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <array>
#include <cstring>

namespace sampleproc::video {

bool IsListed(std::string_view name) {
  for (std::string_view rest = kDecoders; !rest.empty();) {
    const std::string_view known = rest.substr(0, rest.find(','));
    if (name == known) return true;
    rest.remove_prefix(std::min(rest.size(), known.size() + 1));
  }
  return false;
}

std::uint64_t FramesHeld(const AVCodecContext& decoder) {
  switch (decoder.codec_id) {
    case AV_CODEC_ID_H264:
      return static_cast<std::uint64_t>(std::clamp(decoder.refs, 1, 16)) +
             static_cast<std::uint64_t>(std::clamp(decoder.has_b_frames, 0, 16)) + 2;
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
      return 10;
    case AV_CODEC_ID_VP8:
      return 5;
    default:
      return 4;
  }
}

bool GivesOnePictureEach(AVCodecID codec) {
  const AVCodecDescriptor* const known = avcodec_descriptor_get(codec);
  return known != nullptr && (known->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
}

bool HasJpegEnd(const AVPacket& packet) {
  const std::string_view bytes(reinterpret_cast<const char*>(packet.data),
                               static_cast<std::size_t>(packet.size));
  return bytes.find("\xFF\xD9") != std::string_view::npos;
}

int OrientationOf(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* const data =
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data == nullptr || size < 9 * sizeof(std::int32_t)) return 1;
  std::array<std::int32_t, 9> matrix{};
  std::memcpy(matrix.data(), data, sizeof matrix);
  const auto sign = [](std::int32_t value) { return value > 32768 ? 1 : value < -32768 ? -1 : 0; };
  const std::array<int, 4> turn = {sign(matrix[0]), sign(matrix[1]), sign(matrix[3]),
                                   sign(matrix[4])};
  constexpr std::array<std::array<int, 4>, 9> kTurns = {{{},
                                                         {1, 0, 0, 1},
                                                         {-1, 0, 0, 1},
                                                         {-1, 0, 0, -1},
                                                         {1, 0, 0, -1},
                                                         {0, 1, 1, 0},
                                                         {0, 1, -1, 0},
                                                         {0, -1, -1, 0},
                                                         {0, -1, 1, 0}}};
  const auto found = std::find(kTurns.begin() + 1, kTurns.end(), turn);
  return found == kTurns.end() ? 1 : static_cast<int>(found - kTurns.begin());
}

std::uint64_t PacketsAnnounced(const AVStream& stream, std::string_view container) {
  // An MP4's packets come as its index says or fail, and other containers have no such number.
  if (container != "avi" || stream.nb_frames <= 0) return 0;
  // FFmpeg splits these otherwise than the container.
  if (stream.codecpar->codec_id == AV_CODEC_ID_HEVC ||
      stream.codecpar->codec_tag == MKTAG('V', 'S', 'S', 'H')) {
    return 0;
  }
  const int indexed = std::max(avformat_index_get_entries_count(&stream), 0);
  return std::min(static_cast<std::uint64_t>(stream.nb_frames),
                  static_cast<std::uint64_t>(indexed));
}

bool IsJpegField(std::string_view jpeg) {
  return jpeg.size() > 10 && jpeg.substr(2, 2) == "\xFF\xE0" && jpeg.substr(6, 4) == "AVI1" &&
         jpeg[10] != 0;
}

}  // namespace sampleproc::video
