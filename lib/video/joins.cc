#include "video/joins.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "video/declared_length.h"

namespace sampleproc::video {
namespace {

constexpr std::size_t kHead = 4;
constexpr std::size_t kBlock = 64 * 1024;
constexpr int kPacketsAhead = 64;
constexpr unsigned kPat = 0;
constexpr unsigned kSdt = 0x11;
constexpr unsigned kPadding = 0x1FFF;

struct Head {
  bool in_sync = false;
  bool unit_start = false;
  bool has_payload = false;  // only then the counter counts
  unsigned pid = 0;
  unsigned counter = 0;
};

Head HeadOf(base::ByteView bytes) {
  return {bytes[0] == 0x47, (bytes[1] & 0x40) != 0, (bytes[3] & 0x10) != 0,
          static_cast<unsigned>(bytes[1] & 0x1F) << 8 | bytes[2],
          static_cast<unsigned>(bytes[3] & 0x0F)};
}

constexpr std::size_t kLongestHead = 512;

bool IsAviHead(std::string_view text) {
  return text.size() >= 24 && text.starts_with("RIFF") && text.substr(8, 8) == "AVI LIST" &&
         text.substr(20, 4) == "hdrl";
}

bool IsMp4Head(base::ByteView bytes) {
  const std::string_view text = base::AsText(bytes);
  if (text.size() < 12 || text.substr(4, 4) != "ftyp") return false;
  const std::size_t length = std::size_t{bytes[2]} << 8 | bytes[3];
  if (bytes[0] != 0 || bytes[1] != 0 || length < 16 || length > 256 || length % 4 != 0)
    return false;
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::ranges::all_of(text.substr(8, 4), is_printable)) return false;
  return text.size() >= length + 8 && IsBoxOfRecorders(text.substr(length + 4, 4));
}

bool IsMatroskaHead(base::ByteView bytes) {
  const std::string_view text = base::AsText(bytes);
  if (text.size() < 5 || !text.starts_with("\x1A\x45\xDF\xA3")) return false;
  // One byte of length, as for all headers of less than 127 bytes, or eight of them.
  std::size_t length = 0;
  std::size_t begin = 5;
  if ((bytes[4] & 0x80) != 0) {
    length = bytes[4] & 0x7Fu;
  } else if (bytes[4] == 1 && bytes.size() >= 12) {
    length = bytes[11];
    begin = 12;
  }
  const std::string_view header = text.substr(std::min(begin, text.size()), length);
  return (header.find("\x42\x82\x88matroska") != header.npos ||
          header.find("\x42\x82\x84webm") != header.npos) &&
         text.substr(std::min(begin + length, text.size())).starts_with("\x18\x53\x80\x67");
}

// What a head begins with, or the part of it behind `before` bytes.
struct Mark {
  std::string_view text;
  std::size_t before = 0;
};

Mark MarkOf(Container container) {
  switch (container) {
    case Container::kAvi:
      return {"RIFF"};
    case Container::kMp4:
      return {"ftyp", 4};
    default:
      return {"\x1A\x45\xDF\xA3"};
  }
}

bool IsHead(base::ByteView bytes, Container container) {
  switch (container) {
    case Container::kAvi:
      return IsAviHead(base::AsText(bytes));
    case Container::kMp4:
      return IsMp4Head(bytes);
    default:
      return IsMatroskaHead(bytes);
  }
}

}  // namespace

base::Result<std::optional<std::uint64_t>> HeadFinder::FindBefore(const SourceFile& file,
                                                                  std::uint64_t end) {
  const Mark mark = MarkOf(container_);
  std::vector<std::uint8_t> block;
  while (at_ < end) {
    auto starts = static_cast<std::size_t>(std::min<std::uint64_t>(end - at_, kBlock));
    block.resize(starts + kLongestHead);  // one that begins at the last of them is whole
    const auto got = file.ReadAt(at_, block);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    starts = std::min(starts, *got);
    const base::ByteView bytes = base::ByteView(block).first(*got);
    const std::string_view text = base::AsText(bytes);
    for (std::size_t found = text.find(mark.text, mark.before);
         found != text.npos && found - mark.before < starts;
         found = text.find(mark.text, found + 1)) {
      const std::size_t head = found - mark.before;
      const base::ByteView rest = bytes.subspan(head);
      if (IsHead(rest.first(std::min(rest.size(), kLongestHead)), container_)) {
        at_ += head;
        return at_;
      }
    }
    at_ += starts;
  }
  return std::nullopt;
}

bool PacketJoinFinder::Continues(unsigned pid, unsigned counter) const {
  const std::uint8_t last = counters_[pid];
  return last == kUnseen || counter == ((last + 1u) & 0x0F);
}

// Whether the packets from at_, which is a PAT's, begin a recording.
base::Result<bool> PacketJoinFinder::BeginsRecording(const SourceFile& file) const {
  std::vector<std::uint8_t> ahead(sync_.distance * kPacketsAhead);
  const auto got = file.ReadAt(at_, ahead);
  if (!got) return std::unexpected(got.error());
  bool continues = true;
  unsigned table = kPadding;  // the PMT's PID, once it came
  for (std::size_t at = 0; at + kHead <= *got; at += sync_.distance) {
    const Head head = HeadOf(base::ByteView(ahead).subspan(at, kHead));
    if (!head.in_sync) return false;
    if (head.pid == kPadding || head.pid == kSdt || !head.has_payload) continue;
    if (head.counter != 0 || !head.unit_start) return false;
    continues = continues && Continues(head.pid, head.counter);
    if (head.pid == kPat) continue;
    if (table != kPadding && head.pid != table) return !continues;
    table = head.pid;
  }
  return false;
}

base::Result<std::optional<std::uint64_t>> PacketJoinFinder::FindBefore(const SourceFile& file,
                                                                        std::uint64_t end) {
  std::vector<std::uint8_t> block(kBlock);
  while (at_ + kHead <= end) {
    const auto got = file.ReadAt(at_, block);
    if (!got) return std::unexpected(got.error());
    if (*got < kHead) break;
    for (std::size_t at = 0; at + kHead <= *got && at_ + kHead <= end; at += sync_.distance) {
      const Head head = HeadOf(base::ByteView(block).subspan(at, kHead));
      if (head.in_sync && head.pid == kPat && head.counter == 0 && seen_any_) {
        const auto begins = BeginsRecording(file);
        if (!begins) return std::unexpected(begins.error());
        if (*begins) return at_ - sync_.first;
      }
      if (head.in_sync && head.has_payload && head.pid != kPadding) {
        counters_[head.pid] = static_cast<std::uint8_t>(head.counter);
        seen_any_ = seen_any_ || head.pid != kPat;
      }
      at_ += sync_.distance;
    }
  }
  return std::nullopt;
}

}  // namespace sampleproc::video
