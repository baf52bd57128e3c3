#include "process/steps/opencv/regions.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace sampleproc::process::opencv {
namespace {

constexpr int kWordBits = BitMask::kWordBits;

// The first pixel from `x` on that is set, or when `set` is false is not; the width when there is
// none.
int Find(bool set, const BitMask& mask, const std::uint64_t* row, int x) {
  const std::uint64_t flip = set ? 0 : ~std::uint64_t{0};
  auto word = static_cast<std::size_t>(x / kWordBits);
  if (word == mask.words()) return mask.width();
  std::uint64_t bits = (row[word] ^ flip) >> x % kWordBits << x % kWordBits;
  while (bits == 0) {
    if (++word == mask.words()) return mask.width();
    bits = row[word] ^ flip;
  }
  return std::min(mask.width(), static_cast<int>(word) * kWordBits + std::countr_zero(bits));
}

// A stretch [from, to) of foreground in one row.
struct Run {
  int from;
  int to;
  int part;
};

// What is known so far to belong together; another part that turns out to touch it is joined to the
// one that began first.
struct Part {
  int into;  // itself, or the part it was joined to
  int left;
  int right;  // exclusive
  int top;
  int bottom;  // exclusive
  int area;
};

class Parts {
 public:
  int Begin(int y) {
    const int part = static_cast<int>(parts_.size());
    parts_.push_back({part, kNowhere, 0, y, y, 0});
    return part;
  }

  int First(int part) {
    while (At(part).into != part) {
      At(part).into = At(At(part).into).into;
      part = At(part).into;
    }
    return part;
  }

  // `a` and `b` as First gave them. Gives the one that stays.
  int Join(int a, int b) {
    if (a == b) return a;
    const auto [stays, goes] = std::minmax(a, b);
    Part& whole = At(stays);
    Part& joined = At(goes);
    joined.into = stays;
    whole.left = std::min(whole.left, joined.left);
    whole.right = std::max(whole.right, joined.right);
    whole.bottom = std::max(whole.bottom, joined.bottom);
    whole.area += joined.area;
    return stays;
  }

  void Add(int part, int y, const Run& run) {
    Part& whole = At(part);
    whole.left = std::min(whole.left, run.from);
    whole.right = std::max(whole.right, run.to);
    whole.bottom = y + 1;
    whole.area += run.to - run.from;
  }

  std::vector<Region> Whole() const {
    std::vector<Region> regions;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      if (part.into != static_cast<int>(i)) continue;
      regions.push_back(
          {part.left, part.top, part.right - part.left, part.bottom - part.top, part.area});
    }
    return regions;
  }

 private:
  static constexpr int kNowhere = 1 << 30;

  Part& At(int part) { return parts_[static_cast<std::size_t>(part)]; }

  std::vector<Part> parts_;
};

}  // namespace

std::vector<Region> FindRegions(const BitMask& mask) {
  Parts parts;
  std::vector<Run> above;
  std::vector<Run> here;
  for (int y = 0; y < mask.height(); ++y) {
    const std::uint64_t* const row = mask.Row(y);
    here.clear();
    auto near = above.begin();
    for (int x = Find(true, mask, row, 0); x < mask.width();) {
      Run run{x, Find(false, mask, row, x), -1};
      // A run touches those above that reach from the pixel before it to the pixel after it.
      while (near != above.end() && near->to < run.from) ++near;
      for (auto it = near; it != above.end() && it->from <= run.to; ++it) {
        const int first = parts.First(it->part);
        run.part = run.part < 0 ? first : parts.Join(run.part, first);
      }
      if (run.part < 0) run.part = parts.Begin(y);
      parts.Add(run.part, y, run);
      here.push_back(run);
      x = Find(true, mask, row, run.to);
    }
    above.swap(here);
  }
  return parts.Whole();
}

}  // namespace sampleproc::process::opencv
