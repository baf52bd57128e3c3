// dlib's frontal face detector, piece by piece: what it finds, within less memory, and with its
// deadline asked while it works.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "frame/image.h"

namespace sampleproc::process {

// As dlib gives it: corners inside the box, which may reach over the picture's edge.
struct FoundFace {
  long left;
  long top;
  long right;
  long bottom;
  double score;  // the distance from dlib's threshold
};

// Used by one thread at a time. Keeps the detector (loaded on first use, about 5 ms) and its planes
// between frames, up to 64 MB of them.
//
// dlib looks at all levels of its pyramid at once and cannot be stopped. Here each level is made
// from the one before and looked at in strips that overlap by a window, so that at any time there
// are two levels and one strip, and no piece takes longer than a fraction of a second. A strip
// begins at a multiple of a feature cell and has the level's whole width, so features, scores and
// boxes are bit for bit those of dlib's own call, as far as levels are looked at.
class FaceFinder {
 public:
  static constexpr std::uint64_t kPiecePixels = 4'000'000;
  static constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 40;

  // `doubled`: the picture is enlarged first, for faces from 40 pixels on; four times the work.
  // `working_pixels`: levels of a larger picture's pyramid (four times as large when doubled) are
  // not looked at, so that the work is bounded and small faces of large pictures are not found.
  // `piece_pixels`: of a strip without its overlap.
  explicit FaceFinder(bool doubled, std::uint64_t working_pixels = kNoLimit,
                      std::uint64_t piece_pixels = kPiecePixels);
  ~FaceFinder();
  FaceFinder(const FaceFinder&) = delete;
  FaceFinder& operator=(const FaceFinder&) = delete;

  // What Find takes for a picture of this size.
  std::uint64_t BytesFor(int width, int height) const;

  // What dlib finds in `luma` (kGray8), in its order, in the picture's pixels. Fails with kDeadline
  // (pace.h), kCancelled, or kInternal when dlib does.
  base::Result<std::vector<FoundFace>> Find(const frame::Image& luma,
                                            const base::Allowance& allowance);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::process
