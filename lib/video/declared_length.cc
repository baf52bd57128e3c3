#include "video/declared_length.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

namespace sampleproc::video {
namespace {

// Some recorders count the 8 bytes of the chunk's own head in its length.
constexpr std::uint64_t kAviSlack = 8;

std::uint64_t LittleEndian(base::ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

std::uint64_t BigEndian(base::ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// The functions below return the end of the outer chunk at `offset`, of which `head` holds the
// first bytes, or 0 when it does not say. The sums cannot overflow: offsets are inside a file, and
// no length comes near 2^63.

std::uint64_t RiffEnd(base::ByteView head, std::uint64_t offset) {
  if (base::AsText(head.first(4)) != "RIFF") return 0;
  const std::uint64_t length = LittleEndian(head.subspan(4, 4));
  return length == 0 || length == 0xFFFFFFFFu ? 0 : offset + 8 + length + (length & 1);
}

std::uint64_t BoxEnd(base::ByteView head, std::uint64_t offset) {
  const std::uint64_t length = BigEndian(head.first(4));
  if (length >= 8) return offset + length;
  if (length != 1) return 0;
  const std::uint64_t large = BigEndian(head.subspan(8, 8));
  return large < 16 || large >> 62 != 0 ? 0 : offset + large;
}

std::uint64_t ElementEnd(base::ByteView head, std::uint64_t offset) {
  const auto id_size = static_cast<std::size_t>(std::countl_zero(head[0])) + 1;
  if (id_size > 4) return 0;
  const auto size = static_cast<std::size_t>(std::countl_zero(head[id_size])) + 1;
  if (size > 8) return 0;
  const std::uint64_t unknown = (std::uint64_t{1} << (7 * size)) - 1;
  const std::uint64_t length = BigEndian(head.subspan(id_size, size)) & unknown;
  return length == unknown ? 0 : offset + id_size + size + length;
}

base::Result<bool> EndsInsidePacket(const SourceFile& file) {
  std::array<std::uint8_t, kSniffBytes> start{};
  const auto got = file.ReadAt(0, start);
  if (!got) return std::unexpected(got.error());
  const auto sync = FindTransportSync(base::ByteView(start).first(*got));
  if (!sync) return false;
  const std::uint64_t rest = (file.size() - sync->first) % sync->distance;
  if (rest == 0 || rest >= kTransportPacket) return false;
  // Zeros to the end of a block were put behind the last one.
  std::array<std::uint8_t, kTransportPacket> last{};
  const auto end = file.ReadAt(file.size() - rest, last);
  if (!end) return std::unexpected(end.error());
  return std::ranges::any_of(std::span(last).first(*end), [](std::uint8_t b) { return b != 0; });
}

// Whether the chunk of which `head` holds the first bytes is one: what other programs put behind
// the last, as a line of text, would be a very long one.
bool IsChunk(base::ByteView head, Container container) {
  const std::string_view text = base::AsText(head);
  switch (container) {
    case Container::kAvi:
      return text.starts_with("RIFF");
    case Container::kMp4:
      return IsBoxOfRecorders(text.substr(4, 4));
    default:
      return text.starts_with("\x1A\x45\xDF\xA3") || text.starts_with("\x18\x53\x80\x67");
  }
}

// Whether a recording of its own begins with the chunk of which `head` holds the first bytes.
bool BeginsRecording(base::ByteView head, Container container) {
  const std::string_view text = base::AsText(head);
  switch (container) {
    case Container::kAvi:
      return text.starts_with("RIFF") && text.substr(8, 4) == "AVI ";
    case Container::kMp4:
      return text.substr(4, 4) == "ftyp";
    default:
      return text.starts_with("\x1A\x45\xDF\xA3");
  }
}

}  // namespace

bool IsBoxOfRecorders(std::string_view type) {
  constexpr std::array<std::string_view, 14> kTypes = {"ftyp", "styp", "moov", "moof", "mfra",
                                                       "mdat", "free", "skip", "wide", "uuid",
                                                       "meta", "sidx", "emsg", "prft"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

base::Result<OuterChunks> WalkOuterChunks(const SourceFile& file, Container container,
                                          std::uint64_t start) {
  OuterChunks found;
  std::uint64_t (*end_of)(base::ByteView, std::uint64_t) = nullptr;
  switch (container) {
    case Container::kAvi:
      end_of = &RiffEnd;
      break;
    case Container::kMp4:
      end_of = &BoxEnd;
      break;
    case Container::kMatroska:
      end_of = &ElementEnd;
      break;
    case Container::kMpegTs: {
      const auto inside = EndsInsidePacket(file);
      if (!inside) return std::unexpected(inside.error());
      found.cut_short = *inside;
      return found;
    }
    default:
      return found;
  }
  // More outer chunks than any recorder writes; a file of tiny ones would be walked for ever.
  constexpr int kMostChunks = 10'000;
  const std::uint64_t slack = container == Container::kAvi ? kAviSlack : 0;
  OuterChunks::Last last{start, 0};
  std::uint64_t offset = start;
  for (int i = 0; i < kMostChunks && offset < file.size(); ++i) {
    std::array<std::uint8_t, 16> head{};
    const auto got = file.ReadAt(offset, head);
    if (!got) return std::unexpected(got.error());
    if (*got < head.size()) break;
    if (offset > start && BeginsRecording(head, container)) found.joins.push_back(offset);
    const std::uint64_t end = end_of(head, offset);
    if (IsChunk(head, container)) last = {offset, end};
    if (end == 0) break;
    found.cut_short = end > file.size() + slack && last.begin == offset;
    offset = end;
  }
  if (offset < file.size() || offset > file.size() + slack) found.last = last;
  return found;
}

}  // namespace sampleproc::video
