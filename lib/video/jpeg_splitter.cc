#include "video/jpeg_splitter.h"

#include <algorithm>
#include <cstring>

namespace sampleproc::video {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::uint8_t kSoi = 0xd8;
constexpr std::uint8_t kEoi = 0xd9;
constexpr std::uint8_t kSos = 0xda;
constexpr std::size_t kStart = 4;  // FF D8 FF code

// Less than this before an end marker is not the rest of a picture: some cameras write it twice.
constexpr std::size_t kLeastRest = 64;

// Markers of segments: not the stuffed zero, TEM, RST, SOI and EOI, which have no length.
bool HasLength(std::uint8_t code) { return code >= 0xc0 && (code < 0xd0 || code > kEoi); }

}  // namespace

bool JpegSplitter::BeginsPicture(std::size_t at) const {
  return held_[at] == 0xff && held_[at + 1] == kSoi && held_[at + 2] == 0xff &&
         HasLength(held_[at + 3]);
}

std::span<std::uint8_t> JpegSplitter::Room() {
  if (from_ > 0) {
    std::memmove(held_.data(), held_.data() + from_, end_ - from_);
    at_ -= from_;
    end_ -= from_;
    from_ = to_ = 0;
  }
  if (held_.size() - end_ < kBlock) held_.resize(std::max(2 * held_.size(), end_ + kBlock));
  return std::span(held_).subspan(end_, kBlock);
}

void JpegSplitter::Fill(std::size_t size, bool is_last) {
  end_ += size;
  is_last_ = is_last;
}

// Goes to the next FF; false when there is none yet.
bool JpegSplitter::FindMarker() {
  if (at_ >= end_) return false;
  const void* const found = std::memchr(held_.data() + at_, 0xff, end_ - at_);
  if (found == nullptr) {
    at_ = end_;
    return false;
  }
  at_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - held_.data());
  return true;
}

JpegSplitter::Part JpegSplitter::Give(std::size_t end) {
  to_ = at_ = end;
  inside_ = false;
  return Part::kPicture;
}

// What is needed to judge the bytes from at_ on is not there.
JpegSplitter::Part JpegSplitter::Missing() {
  if (!is_last_) {
    // Of what is no picture only so much is kept as says whether an end marker belongs to one.
    if (!inside_) from_ = to_ = std::max(from_, at_ - std::min(at_, kLeastRest));
    return Part::kMore;
  }
  if (inside_) return Give(end_);
  from_ = to_ = at_ = end_;
  return Part::kEnd;
}

JpegSplitter::Part JpegSplitter::Next() {
  if (to_ > from_) from_ = to_;
  return inside_ ? Inside() : Outside();
}

JpegSplitter::Part JpegSplitter::Outside() {
  while (FindMarker()) {
    if (!Has(at_, kStart) && !is_last_) break;
    if (Has(at_, kStart) && BeginsPicture(at_)) {
      from_ = to_ = at_;
      at_ += 2;
      inside_ = true;
      return Inside();
    }
    const bool is_end = Has(at_, 2) && held_[at_ + 1] == kEoi;
    const std::size_t before = at_ - from_;
    ++at_;
    if (!is_end) continue;
    from_ = to_ = ++at_;
    if (before >= kLeastRest) return Part::kHeadless;
  }
  return Missing();
}

// Whether the segment whose marker is at at_ ends before another one, which has to be there.
bool JpegSplitter::LeadsToMarker(std::size_t length) const {
  const std::size_t next = at_ + 2 + length;
  if (length < 2 || !Has(next, 2) || held_[next] != 0xff) return false;
  const std::uint8_t code = held_[next + 1];
  return code == 0xff || code == kEoi || HasLength(code);
}

// Behind the head of a scan is no marker, but it says its length twice.
bool JpegSplitter::IsScanHead(std::size_t length) const {
  if (!Has(at_, 2 + length + kStart) || length < 8 || length > 14) return false;
  if (length != 6 + std::size_t{2} * held_[at_ + 4]) return false;
  for (std::size_t at = at_ + 2; at < at_ + 2 + length; ++at) {
    if (BeginsPicture(at)) return false;
  }
  return true;
}

JpegSplitter::Part JpegSplitter::Inside() {
  while (FindMarker()) {
    if (!Has(at_, kStart) && !is_last_) break;
    if (!Has(at_, 2)) break;
    const std::uint8_t code = held_[at_ + 1];
    if (code == kEoi) return Give(at_ + 2);
    if (Has(at_, kStart) && BeginsPicture(at_)) return Give(at_);
    if (!HasLength(code) || code == 0xff || !Has(at_, kStart)) {
      at_ += code == 0xff ? 1 : 2;
      continue;
    }
    const std::size_t length = std::size_t{held_[at_ + 2]} << 8 | held_[at_ + 3];
    if (!Has(at_, 2 + length + kStart) && !is_last_) break;
    const bool is_believed = code == kSos ? IsScanHead(length) : LeadsToMarker(length);
    at_ += 2 + (is_believed ? length : 0);
  }
  if (end_ - from_ > longest_) {
    inside_ = false;
    from_ = to_ = std::min(at_, end_);
    return Part::kTooLong;
  }
  return Missing();
}

}  // namespace sampleproc::video
