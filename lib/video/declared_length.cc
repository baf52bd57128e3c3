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

constexpr std::string_view kEbml = "\x1A\x45\xDF\xA3";
constexpr std::string_view kSegment = "\x18\x53\x80\x67";
constexpr std::string_view kCluster = "\x1F\x43\xB6\x75";
constexpr std::string_view kAttachments = "\x19\x41\xA4\x69";

// Of id and length together.
std::size_t ElementHead(base::ByteView head) {
  const auto id_size = static_cast<std::size_t>(std::countl_zero(head[0])) + 1;
  return id_size > 4 ? head.size()
                     : id_size + static_cast<std::size_t>(std::countl_zero(head[id_size])) + 1;
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

// Whether `end`, the last bytes of a file, ends with a few whole packets.
bool EndsWithPackets(base::ByteView end, std::size_t distance) {
  constexpr std::size_t kPackets = 3;
  for (std::size_t i = 0; i < kPackets; ++i) {
    const std::size_t back = kTransportPacket + i * distance;
    if (back > end.size() || end[end.size() - back] != kTransportSync) return false;
  }
  return true;
}

base::Result<bool> EndsInsidePacket(const SourceFile& file) {
  std::array<std::uint8_t, kSniffBytes> start{};
  const auto got = file.ReadAt(0, start);
  if (!got) return std::unexpected(got.error());
  const auto sync = FindTransportSync(base::ByteView(start).first(*got));
  if (!sync) return false;
  const std::uint64_t end_at = file.size() - std::min<std::uint64_t>(file.size(), kSniffBytes);
  std::array<std::uint8_t, kSniffBytes> tail{};
  const auto read = file.ReadAt(end_at, tail);
  if (!read) return std::unexpected(read.error());
  const base::ByteView end = base::ByteView(tail).first(*read);
  if (EndsWithPackets(end, sync->distance)) return false;
  // Where bytes were lost or came in on the way, those at the start say nothing of the end.
  const auto last = FindTransportSync(end);
  const std::uint64_t first = last ? end_at + last->first : sync->first;
  const std::uint64_t rest = (file.size() - first) % sync->distance;
  if (rest == 0 || rest >= kTransportPacket || rest > end.size()) return false;
  // Zeros to the end of a block were put behind the last one.
  return std::ranges::any_of(end.last(rest), [](std::uint8_t b) { return b != 0; });
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
      return text.starts_with(kEbml) || text.starts_with(kSegment);
  }
}

// Chunks as they stand beside pictures: "00dc", "ix01". Any four letters would be too little.
bool IsAviPart(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTypes = {"LIST", "JUNK", "idx1",
                                                      "indx", "IDIT", "JUNQ"};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_numbered = is_digit(text[0]) && is_digit(text[1]);
  const bool is_index = text.starts_with("ix") && is_digit(text[2]) && is_digit(text[3]);
  return is_numbered || is_index || std::ranges::find(kTypes, text.substr(0, 4)) != kTypes.end();
}

// Parts that may hold another recording as their data.
bool HoldsOthers(std::string_view text) {
  return text.starts_with("JUNK") || text.starts_with(kAttachments);
}

// The functions below return where the part at `offset` of an outer chunk ends, of which `head`
// holds the first bytes: behind its own head for one that is looked into; 0 when it is none.

std::uint64_t AviPartEnd(base::ByteView head, std::uint64_t offset) {
  const std::string_view text = base::AsText(head);
  if (!IsAviPart(text)) return 0;
  if (text.starts_with("LIST") && (text.substr(8, 4) == "movi" || text.substr(8, 4) == "rec ")) {
    return offset + 12;
  }
  const std::uint64_t length = LittleEndian(head.subspan(4, 4));
  return offset + 8 + length + (length & 1);
}

std::uint64_t MatroskaPartEnd(base::ByteView head, std::uint64_t offset) {
  // RFC 9559: what a segment has in it, and a cluster.
  constexpr std::array<std::string_view, 9> kInSegment = {
      "\x11\x4D\x9B\x74", "\x15\x49\xA9\x66", "\x16\x54\xAE\x6B", kCluster,  "\x1C\x53\xBB\x6B",
      kAttachments,       "\x10\x43\xA7\x70", "\x12\x54\xC3\x67", "\x58\x54"};
  constexpr std::string_view kShort = "\xEC\xBF\xE7\xA3\xA0\xA7\xAB\xAF";
  const std::string_view text = base::AsText(head);
  const bool is_known =
      kShort.find(text[0]) != kShort.npos ||
      std::ranges::any_of(kInSegment, [text](auto id) { return text.starts_with(id); });
  if (!is_known) return 0;
  const std::uint64_t end = ElementEnd(head, offset);
  return end == 0 && text.starts_with(kCluster) ? offset + ElementHead(head) : end;
}

// Where the last part of the chunk at `begin` begins that lies where it has to. Just before the
// first byte behind the parts when they end with another recording, and behind all when with the
// file.
base::Result<std::uint64_t> LastPart(const SourceFile& file, Container container,
                                     std::uint64_t begin) {
  // Days of video. What is beyond is not looked into.
  constexpr int kMostParts = 10'000'000;
  std::array<std::uint8_t, 16> head{};
  std::uint64_t last = begin;
  std::uint64_t before = begin;  // where to look from if what is at `at` turns out to be no part
  std::uint64_t at = begin;
  for (int i = 0; i < kMostParts && at < file.size(); ++i) {
    head.fill(0);
    const auto got = file.ReadAt(at, head);
    if (!got) return std::unexpected(got.error());
    const std::string_view text = base::AsText(base::ByteView(head));
    std::uint64_t end = 0;
    if (i == 0) {
      end = at + (container == Container::kAvi ? 12 : ElementHead(head));
    } else if (text.starts_with(container == Container::kAvi ? std::string_view("RIFF") : kEbml)) {
      return at - 1;
    } else {
      end = container == Container::kAvi ? AviPartEnd(head, at) : MatroskaPartEnd(head, at);
    }
    if (end == 0) return last;
    // Pictures may look like a part, which then is a long one.
    if (end > file.size() + 1) return before;
    before = HoldsOthers(text) ? end : at;
    last = at;
    at = end;
  }
  return at < file.size() ? last : file.size();
}

// Parts of an MP4 that hold no pictures, and may hold anything.
bool MayHoldAnything(std::string_view type) {
  constexpr std::array<std::string_view, 4> kTypes = {"free", "skip", "uuid", "meta"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// From where on another recording may begin behind `chunk`, whose first bytes are `head`.
base::Result<std::uint64_t> DoubtBegin(const SourceFile& file, Container container,
                                       const OuterChunks::Last& chunk, base::ByteView head) {
  if (container == Container::kMp4) {
    if (!MayHoldAnything(base::AsText(head).substr(4, 4))) return chunk.begin;
    return chunk.end == 0 ? file.size() : std::min(chunk.end, file.size());
  }
  return LastPart(file, container, chunk.begin);
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
      return text.starts_with(kEbml);
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
  std::array<std::uint8_t, 16> last_head{};
  std::uint64_t offset = start;
  for (int i = 0; i < kMostChunks && offset < file.size(); ++i) {
    std::array<std::uint8_t, 16> head{};
    const auto got = file.ReadAt(offset, head);
    if (!got) return std::unexpected(got.error());
    if (*got < head.size()) break;
    if (offset > start && BeginsRecording(head, container)) found.joins.push_back(offset);
    const std::uint64_t end = end_of(head, offset);
    if (IsChunk(head, container)) {
      last = {offset, end};
      last_head = head;
    }
    if (end == 0) break;
    found.cut_short = end > file.size() + slack && last.begin == offset;
    offset = end;
  }
  if (offset >= file.size() && offset <= file.size() + slack) return found;
  const auto doubt = DoubtBegin(file, container, last, last_head);
  if (!doubt) return std::unexpected(doubt.error());
  last.begin = *doubt;
  found.last = last;
  return found;
}

}  // namespace sampleproc::video
