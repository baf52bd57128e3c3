#include "process/steps/face_finder.h"

#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "process/pace.h"
#include "process/steps/frontal_face_data.h"

namespace sampleproc::process {
namespace {

using base::Result;
using Pyramid = dlib::pyramid_down<6>;
using Scanner = dlib::scan_fhog_pyramid<Pyramid>;

// A window's side, and how far around it pixels have a say in its features: its own cells, those
// beside them (normalisation), and half a cell for interpolation.
constexpr long kWindow = 80;
constexpr long kCell = 8;
constexpr long kAbove = 5 * kCell;
constexpr long kBelow = kWindow + 5 * kCell;
constexpr long kLeastRows = 2 * kWindow;

// Of a strip: its pixels, and for each cell of 64 pixels 18 histogram bins, 31 feature planes, norm
// and the filters' two planes. And the detector itself.
constexpr std::uint64_t kStripBytesPerPixel = 6;
constexpr std::uint64_t kFixedBytes = 3u << 20;

constexpr std::uint64_t kKeepBytes = 64u << 20;

// Rows that are resized between two looks at the clock.
constexpr long kPixelsPerLook = 4'000'000;

// Reads memory as a stream without copying it.
class MemoryBuffer : public std::streambuf {
 public:
  explicit MemoryBuffer(std::span<const unsigned char> bytes) {
    // A streambuf that only reads still wants its place as char*.
    char* const start = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(start, start, start + bytes.size());
  }
};

struct Size {
  long width;
  long height;
  std::uint64_t pixels() const {
    return static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height);
  }
};

// One level of the pyramid.
struct Level {
  const std::uint8_t* data;
  std::size_t stride;
  Size size;
  const std::uint8_t* Row(long y) const { return data + stride * static_cast<std::size_t>(y); }
};

Size Doubled(const Size& size) {
  const dlib::rectangle up =
      dlib::pyramid_down<2>().rect_up(dlib::rectangle(0, 0, size.width - 1, size.height - 1));
  return {up.right() + 1, up.bottom() + 1};
}

Size Next(const Size& size) { return {size.width * 5 / 6, size.height * 5 / 6}; }

// dlib::resize_image with bilinear interpolation on gray, in its own arithmetic, some rows at a
// time. Single precision and four columns abreast as long as all four have a right neighbour, mixed
// precision after that.
class Resizer {
 public:
  Resizer(const Level& from, const Size& to, std::uint8_t* out)
      : from_(from),
        to_(to),
        out_(out),
        x_scale_(Scale(from.size.width, to.width)),
        y_scale_(Scale(from.size.height, to.height)),
        y_(-y_scale_) {
    const double x = -4 * x_scale_;
    float lanes[4] = {static_cast<float>(x), static_cast<float>(x + x_scale_),
                      static_cast<float>(x + 2 * x_scale_), static_cast<float>(x + 3 * x_scale_)};
    const auto advance = static_cast<float>(4 * x_scale_);
    for (;;) {
      for (float& lane : lanes) lane += advance;
      if (static_cast<long>(lanes[3]) + 1 >= from.size.width) break;
      for (const float lane : lanes) {
        const auto left = static_cast<int>(lane);
        columns_.push_back({left, lane - static_cast<float>(left)});
      }
    }
  }

  bool done() const { return row_ >= to_.height; }
  long row() const { return row_; }

  void Advance(long rows) {
    for (; rows > 0 && !done(); --rows, ++row_) Row();
  }

 private:
  struct Column {
    int left;
    float fraction;
  };

  static double Scale(long from, long to) {
    return static_cast<double>(from - 1) / static_cast<double>(std::max(to - 1, 1L));
  }

  void Row() {
    y_ += y_scale_;
    const auto top = static_cast<long>(std::floor(y_));
    const long bottom = std::min(top + 1, from_.size.height - 1);
    const double fraction = y_ - static_cast<double>(top);
    const auto lower = static_cast<float>(fraction);
    const auto upper = static_cast<float>(1 - fraction);
    const std::uint8_t* const above = from_.Row(top);
    const std::uint8_t* const below = from_.Row(bottom);
    std::uint8_t* const out = out_ + row_ * to_.width;
    std::size_t c = 0;
    for (; c < columns_.size(); ++c) {
      const auto [left, right_share] = columns_[c];
      const float left_share = 1 - right_share;
      const float sum = upper * left_share * static_cast<float>(above[left]) +
                        upper * right_share * static_cast<float>(above[left + 1]) +
                        lower * left_share * static_cast<float>(below[left]) +
                        lower * right_share * static_cast<float>(below[left + 1]);
      out[c] = static_cast<std::uint8_t>(sum + 0.5);
    }
    double x = -x_scale_ + static_cast<double>(c) * x_scale_;
    for (; c < static_cast<std::size_t>(to_.width); ++c) {
      x += x_scale_;
      const auto left = static_cast<long>(std::floor(x));
      const long right = std::min(left + 1, from_.size.width - 1);
      const auto share = static_cast<float>(x - static_cast<double>(left));
      const float up =
          (1 - share) * static_cast<float>(above[left]) + share * static_cast<float>(above[right]);
      const float down =
          (1 - share) * static_cast<float>(below[left]) + share * static_cast<float>(below[right]);
      const auto sum = static_cast<float>((1 - fraction) * up + fraction * down);
      dlib::assign_pixel(out[c], sum);
    }
  }

  const Level from_;
  const Size to_;
  std::uint8_t* const out_;
  const double x_scale_;
  const double y_scale_;
  double y_;
  long row_ = 0;
  std::vector<Column> columns_;  // those of single precision
};

}  // namespace

class FaceFinder::Impl {
 public:
  Impl(bool doubled, std::uint64_t working_pixels, std::uint64_t piece_pixels)
      : doubles_(doubled), limit_(Limit(doubled, working_pixels)), piece_(piece_pixels) {}

  std::uint64_t BytesFor(const Size& picture) const {
    const bool doubled = Doubles(picture);
    const Size first = doubled ? Doubled(picture) : picture;
    const Size second = Next(first);
    const std::uint64_t levels =
        doubled ? first.pixels() + second.pixels() : second.pixels() + Next(second).pixels();
    Size seen = first;
    while (IsTooLarge(seen)) seen = Next(seen);
    const Size strip{seen.width, std::min(seen.height, CoreRows(seen) + kAbove + 2 * kBelow)};
    return levels + strip.pixels() * kStripBytesPerPixel + kFixedBytes;
  }

  Result<std::vector<FoundFace>> Find(const frame::Image& luma, const base::Allowance& allowance) {
    if (!detector_) Load();
    const Size picture{luma.width, luma.height};
    doubled_ = Doubles(picture);
    const Pace pace(allowance, Price(doubled_ ? Doubled(picture) : picture),
                    "looking for faces in " + std::to_string(luma.width) + "x" +
                        std::to_string(luma.height) + " pixels");
    pace_ = &pace;
    behind_ = 0;
    for (auto& found : found_) found.clear();
    found_.resize(detector_->num_detectors());
    auto done = Scan({luma.data, luma.stride, picture});
    if (BytesFor(picture) > kKeepBytes) GiveBack();
    if (!done) return std::unexpected(done.error());
    return Best();
  }

 private:
  // Doubling adds a few pixels to each side.
  static std::uint64_t Limit(bool doubled, std::uint64_t pixels) {
    return doubled ? 4 * pixels + pixels / 8 : pixels;
  }

  bool IsTooLarge(const Size& level) const { return level.pixels() > limit_; }

  // Enlarged where the levels below would not all be too large to be looked at.
  bool Doubles(const Size& picture) const { return doubles_ && !IsTooLarge(picture); }

  long CoreRows(const Size& level) const {
    const auto rows = static_cast<long>(piece_) / std::max(level.width, 1L);
    return std::max(rows, kLeastRows) / kCell * kCell;
  }

  // As dlib decides how many levels there are.
  std::vector<Size> Levels(const Size& first) const {
    const Scanner& scanner = detector_->get_scanner();
    const Pyramid pyramid;
    std::vector<Size> levels;
    dlib::rectangle rect(0, 0, first.width - 1, first.height - 1);
    Size size = first;
    do {
      levels.push_back(size);
      size = Next(size);
      rect = pyramid.rect_down(rect);
    } while (rect.width() >= scanner.get_min_pyramid_layer_width() &&
             rect.height() >= scanner.get_min_pyramid_layer_height() &&
             levels.size() < scanner.get_max_pyramid_levels());
    return levels;
  }

  double Price(const Size& first) const {
    double pixels = 0;
    for (const Size& level : Levels(first)) {
      if (!IsTooLarge(level)) pixels += static_cast<double>(level.pixels());
    }
    return pixels;
  }

  Result<void> Scan(Level level) {
    if (doubled_) {
      auto larger = Resize(level, Doubled(level.size), planes_[0]);
      if (!larger) return std::unexpected(larger.error());
      level = *larger;
    }
    const std::vector<Size> sizes = Levels(level.size);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i > 0) {
        auto smaller = Resize(level, sizes[i], planes_[i % 2]);
        if (!smaller) return std::unexpected(smaller.error());
        level = *smaller;
      }
      if (IsTooLarge(level.size)) continue;
      if (auto done = ScanLevel(level, static_cast<unsigned>(i)); !done) return done;
    }
    return {};
  }

  Result<Level> Resize(const Level& from, const Size& to, base::ByteBuffer& out) {
    if (out.size() < to.pixels()) {
      out = base::ByteBuffer();
      out.resize(to.pixels());
    }
    Resizer resizer(from, to, out.data());
    while (!resizer.done()) {
      if (auto allowed = pace_->Check(behind_); !allowed) return std::unexpected(allowed.error());
      resizer.Advance(std::max(kPixelsPerLook / std::max(to.width, 1L), 1L));
    }
    return Level{out.data(), static_cast<std::size_t>(to.width), to};
  }

  Result<void> ScanLevel(const Level& level, unsigned number) {
    const long rows = CoreRows(level.size);
    for (long from = 0; from < level.size.height || from == 0;) {
      long to = from + rows;
      if (level.size.height - to < kBelow) to = level.size.height;
      if (auto done = ScanStrip(level, number, from, to); !done) return done;
      behind_ += static_cast<double>(level.size.width * (to - from));
      if (to >= level.size.height) break;
      from = to;
    }
    return {};
  }

  // Windows whose first row is in [from, to).
  Result<void> ScanStrip(const Level& level, unsigned number, long from, long to) {
    if (auto allowed = pace_->Check(behind_); !allowed) return allowed;
    const long first = std::max(from - kAbove, 0L);
    const long last = std::min(to + kBelow, level.size.height);
    strip_.set_size(last - first, level.size.width);
    for (long y = first; y < last; ++y) {
      std::memcpy(&strip_[y - first][0], level.Row(y), static_cast<std::size_t>(level.size.width));
    }
    scanner_->load(strip_);
    const bool is_first = from == 0;
    const bool is_last = to >= level.size.height;
    std::vector<std::pair<double, dlib::rectangle>> windows;
    for (unsigned long i = 0; i < detector_->num_detectors(); ++i) {
      if (auto allowed = pace_->Check(behind_); !allowed) return allowed;
      scanner_->detect(detector_->get_processed_w(i).get_detect_argument(), windows, Threshold(i));
      for (auto& [score, rect] : windows) {
        rect = dlib::translate_rect(rect, 0, first);
        if ((!is_first && rect.top() < from) || (!is_last && rect.top() >= to)) continue;
        found_[i].emplace_back(score, Pyramid().rect_up(rect, number));
      }
    }
    return {};
  }

  double Threshold(unsigned long detector) const {
    return detector_->get_w(detector)(scanner_->get_num_dimensions());
  }

  // The best of those that overlap, as dlib's object_detector chooses it.
  std::vector<FoundFace> Best() {
    std::vector<dlib::rect_detection> all;
    for (unsigned long i = 0; i < found_.size(); ++i) {
      std::sort(found_[i].rbegin(), found_[i].rend(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      for (const auto& [score, rect] : found_[i]) {
        dlib::rect_detection& one = all.emplace_back();
        one.detection_confidence = score - Threshold(i);
        one.weight_index = i;
        one.rect = rect;
      }
    }
    if (found_.size() > 1) std::sort(all.rbegin(), all.rend());
    const dlib::test_box_overlap& overlap = detector_->get_overlap_tester();
    std::vector<dlib::rectangle> kept;
    std::vector<FoundFace> faces;
    const dlib::pyramid_down<2> twice;
    for (const dlib::rect_detection& one : all) {
      const auto covers = [&](const dlib::rectangle& other) { return overlap(other, one.rect); };
      if (std::ranges::any_of(kept, covers)) continue;
      kept.push_back(one.rect);
      const dlib::rectangle rect = doubled_ ? dlib::rectangle(twice.rect_down(one.rect)) : one.rect;
      faces.push_back(
          {rect.left(), rect.top(), rect.right(), rect.bottom(), one.detection_confidence});
    }
    return faces;
  }

  void Load() {
    MemoryBuffer buffer(FrontalFaceData());
    std::istream stream(&buffer);
    dlib::deserialize(detector_.emplace(), stream);
    MakeScanner();
  }

  void MakeScanner() {
    scanner_.emplace();
    scanner_->copy_configuration(detector_->get_scanner());
    scanner_->set_max_pyramid_levels(1);
  }

  void GiveBack() {
    MakeScanner();
    strip_.clear();
    for (base::ByteBuffer& plane : planes_) plane = base::ByteBuffer();
  }

  const bool doubles_;
  const std::uint64_t limit_;  // of a level that is looked at
  const std::uint64_t piece_;
  bool doubled_ = false;  // of this picture, during Find
  std::optional<dlib::frontal_face_detector> detector_;
  std::optional<Scanner> scanner_;  // of one level
  base::ByteBuffer planes_[2];      // the present level and the one before, taking turns
  dlib::array2d<unsigned char> strip_;
  std::vector<std::vector<std::pair<double, dlib::rectangle>>> found_;  // by each detector
  const Pace* pace_ = nullptr;                                          // during Find
  double behind_ = 0;                                                   // pixels looked at
};

FaceFinder::FaceFinder(bool doubled, std::uint64_t working_pixels, std::uint64_t piece_pixels)
    : impl_(std::make_unique<Impl>(doubled, working_pixels, piece_pixels)) {}

FaceFinder::~FaceFinder() = default;

std::uint64_t FaceFinder::BytesFor(int width, int height) const {
  return impl_->BytesFor({width, height});
}

Result<std::vector<FoundFace>> FaceFinder::Find(const frame::Image& luma,
                                                const base::Allowance& allowance) {
  try {
    return impl_->Find(luma, allowance);
  } catch (const dlib::error& error) {
    return base::Fail(base::ErrorCode::kInternal, "the face detector failed (" + error.info + ")");
  }
}

}  // namespace sampleproc::process
