// Where the pictures are in a stream of them one after the other, with whatever lies between them:
// JPEGs as cameras record them, or JPEGs and PNGs as programs write them to a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "video/mpf_index.h"

namespace sampleproc::video {

// Used by one thread at a time. Fed with blocks in turn, it gives the parts in turn:
//
//   for (;;) switch (splitter.Next()) { case kMore: read into Room(), then Fill(size, is_last) ...
//   }
//
// A picture begins with SOI and a marker, FF D8 FF code, and ends with EOI, FF D9, or where the
// next one begins; of kJpegAndPng, the pictures that its MPF index tells of (MPO) belong to it. A
// segment's length is followed only where it leads to another marker: a thumbnail in an Exif
// segment begins no picture, and what damage looks like a segment swallows none. A PNG begins with
// its signature and ends with its IEND chunk, or where the next PNG begins; chunks likewise.
class PictureSplitter {
 public:
  enum class Part {
    kMore,
    kPicture,   // picture() is its bytes, whole or not
    kHeadless,  // the end of one that has no beginning
    kTooLong,   // one of more than `longest` bytes, which are passed over
    kEnd,
  };

  enum class Kinds { kJpeg, kJpegAndPng };

  explicit PictureSplitter(std::size_t longest, Kinds kinds = Kinds::kJpeg)
      : longest_(longest), has_pngs_(kinds == Kinds::kJpegAndPng) {}

  // Whether a picture of a kind begins with `start`, of which there are kLeastStart bytes.
  static constexpr std::size_t kLeastStart = 8;
  static bool Begins(base::ByteView start);

  Part Next();

  // Where more bytes go, behind Part::kMore.
  std::span<std::uint8_t> Room();
  void Fill(std::size_t size, bool is_last);

  // Valid until Next or Room.
  std::span<std::uint8_t> picture() { return std::span(held_).subspan(from_, to_ - from_); }
  std::size_t behind() const { return end_ - to_; }  // bytes that came behind it
  std::size_t held() const { return held_.size(); }  // bytes of memory

  // What was passed over between the picture before and this one, or the end: all bytes, and those
  // that are no padding (0 and FF).
  std::uint64_t passed() const { return passed_; }
  std::uint64_t strays() const { return strays_; }

 private:
  bool Has(std::size_t at, std::size_t size) const { return at + size <= end_; }
  bool BeginsPicture(std::size_t at) const;
  bool BeginsPng(std::size_t at) const;
  bool FindMarker();
  bool FindStart();
  void PassOver(std::size_t size);
  Part Outside();
  Part Inside();
  Part Begin();
  Part BehindEnd();
  Part InsidePng();
  Part TooLong();
  bool WalkChunks();
  bool LooksLikeChunk(std::size_t at) const;
  bool LeadsToMarker(std::size_t length) const;
  bool IsScanHead(std::size_t length) const;
  Part Missing();
  Part Give(std::size_t end);

  const std::size_t longest_;
  const bool has_pngs_;
  base::ByteBuffer held_;
  std::size_t end_ = 0;   // of what is held
  std::size_t from_ = 0;  // where the picture begins, or what is none
  std::size_t to_ = 0;    // of the picture that was given
  std::size_t at_ = 0;    // up to where it was looked at
  bool inside_ = false;
  bool is_png_ = false;    // the picture that at_ is inside of
  bool is_torn_ = false;   // its chunks lead nowhere
  bool is_ended_ = false;  // at_ is behind its end mark, and it may have further_ ones
  bool is_last_ = false;
  std::vector<MpfPicture> further_;  // of the picture that at_ is inside of; from its begin on
  std::uint64_t passed_ = 0;
  std::uint64_t strays_ = 0;
};

}  // namespace sampleproc::video
