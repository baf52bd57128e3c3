#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "codec/decoder.h"
#include "codec/jpeg_markers.h"
#include "codec/png_chunks.h"
#include "files/file_reader.h"
#include "files/frame_source.h"
#include "files/input_file.h"
#include "video/picture_splitter.h"

namespace sampleproc::files {
namespace {

using base::Result;
using Part = video::PictureSplitter::Part;

// Fewer bytes between two pictures that are no padding are not the rest of a damaged one.
constexpr std::uint64_t kLeastRest = 64;

// A frame that is ready to be handed out.
struct Ready {
  Result<base::ByteBuffer> bytes;
  resources::Reservation reservation = {};
};

class PictureSource final : public FrameSource {
 public:
  PictureSource(InputFile file, const SourceOptions& options)
      : file_(std::move(file)),
        options_(options),
        longest_(options.codec.max_frame_bytes),
        splitter_(longest_, video::PictureSplitter::Kinds::kJpegAndPng) {}

  // Reads until it is known whether there is more than one picture.
  void Begin() {
    std::array<std::uint8_t, video::PictureSplitter::kLeastStart> start{};
    const auto got = file_.Fill(start);
    if (!got) return Fail(got.error());
    begun_.assign(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(*got));
    if (!video::PictureSplitter::Begins(begun_)) return TakeWhole();
    std::ranges::copy(begun_, splitter_.Room().begin());
    splitter_.Fill(*got, false);
    while (!ended_ && !is_stream_) Step();
  }

  bool Next(bool, Task& task) override {
    while (ready_.empty() && !ended_) Step();
    if (ready_.empty()) return false;
    Ready next = std::move(ready_.front());
    ready_.pop_front();
    task.source.index = next_index_++;
    task.reservation = std::move(next.reservation);
    if (next.bytes) {
      task.payload = PictureBytes{std::move(*next.bytes)};
    } else {
      task.error = std::move(next.bytes.error());
    }
    return true;
  }
  bool HasMany() const override { return is_stream_; }
  bool IsCamera() const override { return is_stream_; }

 private:
  void Fail(base::Error error) {
    if (!is_stream_) ready_.clear();
    ready_.push_back({std::unexpected(std::move(error))});
    ended_ = true;
  }

  // Takes all that comes, which is one picture or none.
  void TakeWhole() {
    ready_.clear();
    ended_ = true;
    const std::size_t most = std::min(longest_, options_.budget.capacity());
    memory_.Release();
    auto reserved = Reserve(most);
    if (!reserved) return Fail(reserved.error());
    auto bytes = ReadRest(file_, std::move(begun_), longest_);
    if (!bytes) return Fail(bytes.error());
    reserved->Release();
    Give(std::move(*bytes));
  }

  void Give(base::ByteBuffer bytes) {
    auto reserved = Reserve(bytes.size());
    if (!reserved) return Fail(reserved.error());
    ready_.push_back({std::move(bytes), std::move(*reserved)});
  }

  Result<resources::Reservation> Reserve(std::size_t bytes) {
    return options_.budget.Reserve(bytes, "pictures from " + file_.name(), options_.budget_patience,
                                   {});
  }

  // Goes on to the next part of the stream.
  void Step() {
    switch (splitter_.Next()) {
      case Part::kMore:
        return Read();
      case Part::kPicture:
        return TakePicture();
      case Part::kTooLong:
        // The first one may be all there is, and is refused as that.
        if (!is_stream_) return Fail(TooMuch());
        is_behind_long_ = true;
        return Tell(base::ErrorCode::kTooLarge,
                    " has a picture of more than " + std::to_string(longest_) +
                        " bytes (codec.max_frame_bytes), which is passed over");
      case Part::kHeadless:
      case Part::kEnd:
        break;
    }
    ended_ = true;
    if (is_stream_) return TellStrays(splitter_.strays());
    // What is behind a picture, its decoder judges as it does in a file.
    ready_.clear();
    memory_.Release();
    Give(std::exchange(begun_, {}));
  }

  base::Error TooMuch() const {
    return TooLarge(file_.name() + " has more than " + std::to_string(longest_), longest_);
  }

  void Read() {
    if (begun_.size() > longest_) return Fail(TooMuch());
    const std::span<std::uint8_t> room = splitter_.Room();
    if (auto held = Hold(splitter_.held() + begun_.size()); !held) return Fail(held.error());
    const auto got = file_.ReadSome(room);
    if (!got) return Fail(got.error());
    splitter_.Fill(*got, *got == 0);
    if (!is_stream_) {
      begun_.insert(begun_.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(*got));
    }
  }

  Result<void> Hold(std::size_t bytes) {
    if (bytes <= memory_.bytes()) return {};
    auto more = Reserve(bytes - memory_.bytes());
    if (!more) return std::unexpected(more.error());
    memory_.Add(std::move(*more));
    return {};
  }

  void TakePicture() {
    const base::ByteView picture = splitter_.picture();
    const std::uint64_t strays = splitter_.strays();
    if (number_ > 0 && !is_stream_) {
      // Bytes that look like a picture's begin also a part of what some cameras write behind it.
      if (strays > 0 && !IsWhole(picture)) {
        lost_ += strays + picture.size();
        return;
      }
      is_stream_ = true;
      begun_ = base::ByteBuffer();
    }
    if (is_stream_ && !std::exchange(is_behind_long_, false)) TellStrays(strays + lost_);
    lost_ = 0;
    ++number_;
    Give(base::ByteBuffer(picture.begin(), picture.end()));
  }

  bool IsWhole(base::ByteView picture) const {
    if (codec::Sniff(picture) == codec::Format::kPng)
      return codec::WalkPngChunks(picture).has_value();
    const auto header = codec::WalkJpegMarkers(picture, options_.codec.max_jpeg_scans);
    return header && header->has_eoi;
  }

  void TellStrays(std::uint64_t strays) {
    if (strays < kLeastRest || is_behind_long_) return;
    Tell(base::ErrorCode::kInvalidFrame, " has " + std::to_string(strays) +
                                             " bytes behind picture " + std::to_string(number_) +
                                             " that begin none; it may be a damaged one");
  }

  void Tell(base::ErrorCode code, const std::string& what) {
    ready_.push_back({base::Fail(code, file_.name() + what)});
  }

  InputFile file_;
  const SourceOptions& options_;
  const std::size_t longest_;
  video::PictureSplitter splitter_;
  resources::Reservation memory_;  // of the splitter's bytes and of begun_
  base::ByteBuffer begun_;         // all there was while there is one picture
  std::deque<Ready> ready_;
  std::uint64_t number_ = 0;  // pictures so far
  std::uint64_t lost_ = 0;    // bytes before the next one that are no picture
  std::uint64_t next_index_ = 0;
  bool is_stream_ = false;  // there is more than one picture
  bool is_behind_long_ = false;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> OpenPictures(const std::string& path,
                                                  const SourceOptions& options) {
  auto file = InputFile::Open(path, options.stop);
  if (!file) return std::unexpected(std::move(file.error()));
  auto source = std::make_unique<PictureSource>(std::move(*file), options);
  source->Begin();
  return source;
}

}  // namespace sampleproc::files
