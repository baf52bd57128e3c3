#include "video/mpf_index.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/tiff_reader.h"

namespace sampleproc::video {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kPicturesTag = 0xb002;
constexpr std::uint32_t kBytesType = 7;  // UNDEFINED

//   attributes(4) size(4) place(4; the first picture's is 0) dependent pictures(2 + 2)
constexpr std::size_t kPictureBytes = 16;

}  // namespace

std::vector<MpfPicture> ReadMpfIndex(base::ByteView payload) {
  if (!base::AsText(payload).starts_with("MPF\0"sv)) return {};
  const auto reader = base::TiffReader::Of(payload.subspan(kMpfPlace));
  if (!reader) return {};
  bool is_broken = false;
  const auto entry = reader->Find(kPicturesTag, is_broken);
  if (!entry || reader->Number(*entry + 2, 2) != kBytesType) return {};
  const std::size_t bytes = reader->Number(*entry + 4, 4);
  const std::size_t place = reader->Number(*entry + 8, 4);
  if (bytes % kPictureBytes != 0 || !reader->Has(place, bytes)) return {};
  std::vector<MpfPicture> pictures;
  for (std::size_t at = place + kPictureBytes; at < place + bytes; at += kPictureBytes) {
    const std::size_t size = reader->Number(at + 4, 4);
    const std::size_t begin = reader->Number(at + 8, 4);
    pictures.push_back({begin, begin + size});
  }
  std::ranges::sort(pictures, {}, &MpfPicture::begin);
  return pictures;
}

}  // namespace sampleproc::video
