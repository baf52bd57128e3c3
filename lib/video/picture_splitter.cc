#include "video/picture_splitter.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sampleproc::video {
namespace {

constexpr std::size_t kRoomBytes = 64 * 1024;
constexpr std::uint8_t kSoi = 0xd8;
constexpr std::uint8_t kEoi = 0xd9;
constexpr std::uint8_t kSos = 0xda;
constexpr std::uint8_t kApp2 = 0xe2;
constexpr std::size_t kStart = 4;  // FF D8 FF code

constexpr std::string_view kPngStart("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kPngEnd("\0\0\0\0IEND\xae\x42\x60\x82", 12);
constexpr std::size_t kChunkHead = 8;    // length and type
constexpr std::size_t kChunkFrame = 12;  // and the CRC

// Less than this before an end marker is not the rest of a picture: some cameras write it twice.
constexpr std::size_t kLeastRest = 64;

// Markers of segments: not the stuffed zero, TEM, RST, SOI and EOI, which have no length.
bool HasLength(std::uint8_t code) { return code >= 0xc0 && (code < 0xd0 || code > kEoi); }

}  // namespace

bool PictureSplitter::Begins(base::ByteView start) {
  if (start.size() < kLeastStart) return false;
  return base::AsText(start).starts_with(kPngStart) ||
         (start[0] == 0xff && start[1] == kSoi && start[2] == 0xff && HasLength(start[3]));
}

bool PictureSplitter::BeginsPicture(std::size_t at) const {
  return held_[at] == 0xff && held_[at + 1] == kSoi && held_[at + 2] == 0xff &&
         HasLength(held_[at + 3]);
}

bool PictureSplitter::BeginsPng(std::size_t at) const {
  return Has(at, kPngStart.size()) &&
         std::memcmp(held_.data() + at, kPngStart.data(), kPngStart.size()) == 0;
}

std::span<std::uint8_t> PictureSplitter::Room() {
  if (from_ > 0) {
    std::memmove(held_.data(), held_.data() + from_, end_ - from_);
    at_ -= from_;
    end_ -= from_;
    from_ = to_ = 0;
  }
  if (held_.size() - end_ < kRoomBytes) held_.resize(std::max(2 * held_.size(), end_ + kRoomBytes));
  return std::span(held_).subspan(end_, kRoomBytes);
}

void PictureSplitter::Fill(std::size_t size, bool is_last) {
  end_ += size;
  is_last_ = is_last;
}

// Goes to the next FF; false when there is none yet.
bool PictureSplitter::FindMarker() {
  if (at_ >= end_) return false;
  const void* const found = std::memchr(held_.data() + at_, 0xff, end_ - at_);
  if (found == nullptr) {
    at_ = end_;
    return false;
  }
  at_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - held_.data());
  return true;
}

// The same for what may begin a picture of either kind.
bool PictureSplitter::FindStart() {
  if (!has_pngs_) return FindMarker();
  while (at_ < end_ && held_[at_] != 0xff && held_[at_] != 0x89) PassOver(1);
  return at_ < end_;
}

void PictureSplitter::PassOver(std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (held_[at_ + i] != 0 && held_[at_ + i] != 0xff) ++strays_;
  }
  passed_ += size;
  at_ += size;
}

PictureSplitter::Part PictureSplitter::Give(std::size_t end) {
  to_ = at_ = end;
  inside_ = false;
  return Part::kPicture;
}

// What is needed to judge the bytes from at_ on is not there.
PictureSplitter::Part PictureSplitter::Missing() {
  if (!is_last_) {
    // Of what is no picture only so much is kept as says whether an end marker belongs to one.
    if (!inside_) from_ = to_ = std::max(from_, at_ - std::min(at_, kLeastRest));
    return Part::kMore;
  }
  if (inside_) return Give(end_);
  from_ = to_ = at_ = end_;
  return Part::kEnd;
}

PictureSplitter::Part PictureSplitter::Next() {
  if (to_ > from_) {
    from_ = to_;
    passed_ = strays_ = 0;
  }
  if (!inside_) return Outside();
  if (is_ended_) return BehindEnd();
  return is_png_ ? InsidePng() : Inside();
}

PictureSplitter::Part PictureSplitter::Begin() {
  from_ = to_ = at_;
  inside_ = true;
  is_png_ = held_[at_] != 0xff;
  is_torn_ = is_ended_ = false;
  further_.clear();
  at_ += is_png_ ? kPngStart.size() : 2;
  return is_png_ ? InsidePng() : Inside();
}

PictureSplitter::Part PictureSplitter::Outside() {
  while (FindStart()) {
    const bool may_be_png = held_[at_] != 0xff;
    if (!Has(at_, may_be_png ? kPngStart.size() : kStart) && !is_last_) break;
    if (may_be_png ? BeginsPng(at_) : Has(at_, kStart) && BeginsPicture(at_)) return Begin();
    const bool is_end = !may_be_png && Has(at_, 2) && held_[at_ + 1] == kEoi;
    const std::size_t before = at_ - from_;
    PassOver(is_end ? 2 : 1);
    if (!is_end || has_pngs_) continue;
    from_ = to_ = at_;
    if (before >= kLeastRest) return Part::kHeadless;
  }
  return Missing();
}

// Whether the segment whose marker is at at_ ends before another one, which has to be there.
bool PictureSplitter::LeadsToMarker(std::size_t length) const {
  const std::size_t next = at_ + 2 + length;
  if (length < 2 || !Has(next, 2) || held_[next] != 0xff) return false;
  const std::uint8_t code = held_[next + 1];
  return code == 0xff || code == kEoi || HasLength(code);
}

// Behind the head of a scan is no marker, but it says its length twice.
bool PictureSplitter::IsScanHead(std::size_t length) const {
  if (!Has(at_, 2 + length + kStart) || length < 8 || length > 14) return false;
  if (length != 6 + std::size_t{2} * held_[at_ + 4]) return false;
  for (std::size_t at = at_ + 2; at < at_ + 2 + length; ++at) {
    if (BeginsPicture(at)) return false;
  }
  return true;
}

PictureSplitter::Part PictureSplitter::Inside() {
  while (FindMarker()) {
    if (!Has(at_, 2)) break;
    const std::uint8_t code = held_[at_ + 1];
    if (code == kEoi) {
      at_ += 2;
      if (further_.empty()) return Give(at_);  // at once: in a pipe nothing may come behind it
      is_ended_ = true;
      return BehindEnd();
    }
    if (!Has(at_, kStart) && !is_last_) break;
    if (Has(at_, kStart) && BeginsPicture(at_)) return Give(at_);
    if (!HasLength(code) || code == 0xff || !Has(at_, kStart)) {
      at_ += code == 0xff ? 1 : 2;
      continue;
    }
    const std::size_t length = std::size_t{held_[at_ + 2]} << 8 | held_[at_ + 3];
    if (!Has(at_, 2 + length + kStart) && !is_last_) break;
    const bool is_believed = code == kSos ? IsScanHead(length) : LeadsToMarker(length);
    if (has_pngs_ && is_believed && code == kApp2 && further_.empty()) {
      const std::size_t payload = at_ + kStart;
      further_ = ReadMpfIndex(base::ByteView(held_).subspan(payload, length - 2));
      for (MpfPicture& picture : further_) {
        picture.begin += payload + kMpfPlace - from_;
        picture.end += payload + kMpfPlace - from_;
      }
      // Nor is one waited for that could not be taken.
      if (std::ranges::any_of(further_, [this](const auto& each) { return each.end > longest_; })) {
        further_.clear();
      }
    }
    at_ += 2 + (is_believed ? length : 0);
  }
  if (end_ - from_ > longest_) return TooLong();
  return Missing();
}

// An index is believed as far as pictures begin where it says: programs that change a picture keep
// the index that it had.
PictureSplitter::Part PictureSplitter::BehindEnd() {
  std::size_t end = at_;
  for (const MpfPicture& picture : further_) {
    const std::size_t begin = from_ + picture.begin;
    if (begin < end) return Give(at_);
    if (!Has(begin, kStart)) return is_last_ ? Give(std::min(end, end_)) : Missing();
    if (!BeginsPicture(begin)) return Give(at_);
    end = from_ + picture.end;
  }
  return Has(end, 0) || is_last_ ? Give(std::min(end, end_)) : Missing();
}

PictureSplitter::Part PictureSplitter::TooLong() {
  inside_ = false;
  from_ = to_ = std::min(at_, end_);
  return Part::kTooLong;
}

bool PictureSplitter::LooksLikeChunk(std::size_t at) const {
  if (!Has(at, kChunkHead) || held_[at] > 0x7f) return false;
  return std::all_of(held_.begin() + static_cast<std::ptrdiff_t>(at + 4),
                     held_.begin() + static_cast<std::ptrdiff_t>(at + kChunkHead),
                     [](std::uint8_t byte) {
                       const int letter = byte | 0x20;
                       return letter >= 'a' && letter <= 'z';
                     });
}

// Goes along the chunks as far as each leads to another one; whether it came to the end of the last
// one.
bool PictureSplitter::WalkChunks() {
  while (!is_torn_ && Has(at_, kChunkHead)) {
    const std::uint8_t* const head = held_.data() + at_;
    const std::size_t length = std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 |
                               std::size_t{head[2]} << 8 | head[3];
    const std::size_t size = kChunkFrame + length;
    is_torn_ = !LooksLikeChunk(at_) || size > longest_;
    if (is_torn_) break;
    const bool is_end = std::memcmp(head + 4, "IEND", 4) == 0;
    const std::size_t needed = size + (is_end ? 0 : kChunkHead);
    if (!Has(at_, needed) && !is_last_) break;
    is_torn_ = !Has(at_, needed) || (!is_end && !LooksLikeChunk(at_ + size));
    if (is_torn_) break;
    at_ += size;
    if (is_end) return true;
  }
  return false;
}

PictureSplitter::Part PictureSplitter::InsidePng() {
  if (WalkChunks()) return Give(at_);
  const bool is_too_long = end_ - from_ > longest_;
  // A chunk that was believed and has not ended may have swallowed the next picture.
  if (is_too_long) is_torn_ = true;
  if (is_torn_) {
    const std::string_view held = base::AsText(base::ByteView(held_).first(end_));
    const std::size_t end = held.find(kPngEnd, at_);
    const std::size_t next = held.find(kPngStart, at_);
    if (next < end) return Give(next);
    if (end != held.npos) return Give(end + kPngEnd.size());
    at_ = std::max(at_, end_ - std::min(end_, kPngEnd.size() - 1));
  }
  return is_too_long ? TooLong() : Missing();
}

}  // namespace sampleproc::video
