#include "video/video_reader.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <tuple>
#include <utility>

#include "video/container.h"
#include "video/declared_length.h"
#include "video/host_side.h"
#include "video/joins.h"
#include "video/module_loader.h"
#include "video/mp4_tables.h"
#include "video/source_file.h"

namespace sampleproc::video {
namespace {

// FFmpeg's own name of what reads a container; nothing is left to its guessing.
const char* DemuxerName(Container container) {
  switch (container) {
    case Container::kUnknown:
      return nullptr;
    case Container::kAvi:
      return "avi";
    case Container::kMp4:
      return "mov";
    case Container::kMatroska:
      return "matroska";
    case Container::kMpegTs:
      return "mpegts";
    case Container::kMpegPs:
      return "mpeg";
    case Container::kMpegVideo:
      return "mpegvideo";
    case Container::kJpegFrames:
      return "mjpeg";
    case Container::kH264:
      return "h264";
    case Container::kHevc:
      return "hevc";
  }
  return nullptr;
}

// How far a demuxer jumps ahead over what it was not asked for, such as sound.
constexpr std::uint64_t kLargestStep = 1 << 20;

// A bare stream that begins in the middle of a picture shows only behind it what it is.
base::Result<Container> SniffBare(const SourceFile& file) {
  constexpr std::size_t kLargestPicture = 1 << 20;
  base::ByteBuffer start(kLargestPicture);
  const auto got = file.ReadAt(0, start);
  if (!got) return std::unexpected(got.error());
  return SniffBareStream(file.path(), base::ByteView(start).first(*got));
}

}  // namespace

// A file's recordings, one after the other, and its bytes for the module.
class VideoReader::Session : private HostSide {
 public:
  Session(SourceFile file, Container container, OuterChunks chunks, const Options& options,
          resources::MemoryBudget& budget, std::shared_ptr<const Module> module)
      : HostSide(options, budget),
        file_(std::move(file)),
        container_(container),
        chunks_(std::move(chunks)),
        options_(options),
        module_(std::move(module)),
        host_{
            static_cast<HostSide*>(this), &Session::ReadAt,    &Session::MayGoOn, &Session::MayHold,
            &Session::MayDecode,          &Session::IsCutShort} {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { CloseStream(); }

  // Opens the recording that begins at begin_. One that cannot be read, but that another one
  // follows, is no failure here: Next tells it in its place.
  base::Result<void> Open(const base::Allowance& allowance) {
    const Turn turn(*this, allowance, "opening a video");
    return OpenPart();
  }

  bool CanGoOn() const { return !failed_ && !ended_; }
  std::uint64_t left_out() const { return left_out_; }
  double Share() const {
    const double at = static_cast<double>(begin_) + share_ * static_cast<double>(part_size_);
    return std::min(at / static_cast<double>(std::max<std::uint64_t>(file_.size(), 1)), 1.0);
  }

  base::Result<std::optional<VideoFrame>> Next(frame::PixelFormat wanted,
                                               const base::Allowance& allowance) {
    if (failed_) return std::unexpected(*failed_);
    if (ended_) return std::nullopt;
    bool is_final = true;
    auto frame = Take(wanted, allowance, is_final);
    if (!frame && is_final) failed_ = frame.error();
    return frame;
  }

  base::Result<frame::Image> Again(frame::PixelFormat wanted, const base::Allowance& allowance) {
    if (failed_) return std::unexpected(*failed_);
    const Turn turn(*this, allowance, "decoding a video");
    ModulePicture picture{};
    const char* what = "";
    const ModuleStatus status = module_->again(stream_, frame::Channels(wanted), &picture, &what);
    if (status == ModuleStatus::kOk) return ImageOf(picture, wanted);
    failed_ = ErrorOf(status, Place(next_index_ - 1) + what);
    return std::unexpected(*failed_);
  }

 private:
  static frame::Image ImageOf(const ModulePicture& picture, frame::PixelFormat format) {
    return {picture.data, picture.width, picture.height, picture.stride, format};
  }

  base::Result<void> OpenPart() {
    if (const auto bounded = FindBounds(); !bounded) return bounded;
    share_ = 0;
    part_size_ = end_ - begin_;
    const ModuleRequest request{DemuxerName(container_), part_size_, options_.max_frame_bytes,
                                options_.jpeg_packets};
    const char* what = "";
    const ModuleStatus status = module_->open(&host_, &request, &stream_, &what);
    if (status == ModuleStatus::kOk) return {};
    const auto passed_over = MayPassOver(status);
    if (!passed_over) return std::unexpected(passed_over.error());
    if (!*passed_over) return std::unexpected(ErrorOf(status, file_.path() + ": " + what));
    unreadable_ = Unreadable{status, what};
    return {};
  }

  // What is known of where the recording that begins at begin_ ends, and what will find the rest.
  base::Result<void> FindBounds() {
    joins_.reset();
    if (container_ == Container::kMpegTs) {
      std::array<std::uint8_t, kSniffBytes> start{};
      const auto got = file_.ReadAt(begin_, start);
      if (!got) return std::unexpected(got.error());
      if (const auto sync = FindTransportSync(base::ByteView(start).first(*got))) {
        joins_ = std::make_unique<PacketJoinFinder>(begin_, *sync);
      }
    } else if (begin_ > 0 && !std::ranges::binary_search(chunks_.joins, begin_)) {
      auto chunks = WalkOuterChunks(file_, container_, begin_);
      if (!chunks) return std::unexpected(chunks.error());
      chunks_ = std::move(*chunks);
    }
    end_ = file_.size();
    const auto join = std::ranges::upper_bound(chunks_.joins, begin_);
    if (join != chunks_.joins.end()) {
      end_ = *join;
    } else if (chunks_.last) {
      joins_ = std::make_unique<HeadFinder>(chunks_.last->begin, container_);
    }
    return {};
  }

  // Whether another recording follows the open one. The demuxer need not have come to its end,
  // which is where the join is found.
  base::Result<bool> IsFollowed() {
    constexpr std::uint64_t kStep = 16 << 20;
    std::uint64_t to = joins_ ? joins_->at() : end_;
    while (end_ == file_.size() && to < end_) {
      if (!MayGoOn(static_cast<HostSide*>(this))) return std::unexpected(*refusal());
      to = std::min(to + kStep, end_);
      const auto looked = LookTo(to);
      if (!looked) return std::unexpected(looked.error());
    }
    return end_ < file_.size();
  }

  // Looks for the recording's end before `to`.
  base::Result<void> LookTo(std::uint64_t to) {
    const auto join = joins_->FindBefore(file_, to);
    if (!join) return std::unexpected(join.error());
    if (*join) end_ = **join;
    return {};
  }

  // Whether this failure is of the open recording alone and another one follows it.
  base::Result<bool> MayPassOver(ModuleStatus status) {
    if (status != ModuleStatus::kInvalid && status != ModuleStatus::kUnsupported) return false;
    return IsFollowed();
  }

  void CloseStream() {
    if (stream_ != nullptr) module_->close(stream_);
    stream_ = nullptr;
  }

  // Goes on to the recording that follows the one that has ended. False when there is none.
  base::Result<bool> OpenNextPart() {
    const auto followed = IsFollowed();
    if (!followed || !*followed) return followed;
    CloseStream();
    begin_ = end_;
    if (auto opened = OpenPart(); !opened) return std::unexpected(opened.error());
    return true;
  }

  base::Result<std::optional<VideoFrame>> Take(frame::PixelFormat wanted,
                                               const base::Allowance& allowance, bool& is_final) {
    const Turn turn(*this, allowance, "decoding a video");
    ModulePicture picture{};
    const char* what = "";
    ModuleStatus status = ModuleStatus::kEnd;
    for (;;) {
      if (stream_ != nullptr) {
        status = module_->next(stream_, frame::Channels(wanted), &picture, &what);
        left_out_ += picture.left_out;
        share_ = picture.share;
      } else if (unreadable_) {
        std::tie(status, what) = std::tie(unreadable_->status, unreadable_->what);
        unreadable_.reset();
      } else {
        status = ModuleStatus::kEnd;
      }
      if (status != ModuleStatus::kEnd) break;
      const auto next_part = OpenNextPart();
      if (!next_part) return std::unexpected(next_part.error());
      if (*next_part) continue;
      const auto unchanged = file_.CheckUnchanged();
      if (!unchanged) return std::unexpected(unchanged.error());
      ended_ = true;
      return std::nullopt;
    }
    if (status != ModuleStatus::kOk) {
      const auto passed_over = MayPassOver(status);
      if (!passed_over) return std::unexpected(passed_over.error());
      if (*passed_over) CloseStream();
      is_final = status != ModuleStatus::kDamaged && !*passed_over;
      const std::uint64_t place = is_final ? next_index_ : next_index_++;
      return std::unexpected(ErrorOf(status, Place(place) + CountOf(picture.missing) + what));
    }
    VideoFrame frame;
    frame.index = next_index_++;
    if (picture.has_pts && picture.pts_den != 0) {
      // In long double the product of 64 and 31 bits loses nothing that double would keep.
      frame.pts = static_cast<double>(static_cast<long double>(picture.pts) * picture.pts_num /
                                      picture.pts_den);
    }
    frame.codec = picture.codec;
    frame.orientation = picture.orientation;
    if (picture.aspect_num > 0 && picture.aspect_den > 0) {
      frame.aspect = {picture.aspect_num, picture.aspect_den};
    }
    if (picture.encoded != nullptr) {
      frame.encoded = {picture.encoded, picture.encoded_size};
    } else {
      frame.image = ImageOf(picture, wanted);
    }
    return frame;
  }

  static std::string CountOf(std::uint64_t missing) {
    return missing == 0 ? "" : std::to_string(missing) + " of the ";
  }

  std::string Place(std::uint64_t index) const {
    return file_.path() + ": frame " + std::to_string(index) + ": ";
  }

  static std::int64_t ReadAt(void* self, std::uint64_t offset, std::uint8_t* place,
                             std::size_t size) noexcept {
    Session& session = *static_cast<Session*>(static_cast<HostSide*>(self));
    auto got = session.ReadPart(session.begin_ + offset, std::span(place, size));
    if (got) return static_cast<std::int64_t>(*got);
    session.Refuse(std::move(got.error()));
    return -1;
  }

  static bool IsCutShort(void* self) noexcept {
    Session& session = *static_cast<Session*>(static_cast<HostSide*>(self));
    auto followed = session.IsFollowed();
    if (!followed) {
      session.Refuse(std::move(followed.error()));
      return false;
    }
    if (!*followed) return session.chunks_.cut_short;
    // Where the end was known before, the recording ends as it says.
    return session.joins_ && session.chunks_.last && session.end_ < session.chunks_.last->end;
  }

  // Bytes of the recording that is open: those of the next one are not for its demuxer.
  base::Result<std::size_t> ReadPart(std::uint64_t offset, std::span<std::uint8_t> place) {
    const std::uint64_t end = std::min<std::uint64_t>(offset + place.size(), file_.size());
    // A look at the far end, for the duration or an index, is no reading on.
    const std::uint64_t step = container_ == Container::kMpegTs ? kTransportPacket : kLargestStep;
    if (joins_ && end_ == file_.size() && offset <= joins_->at() + step) {
      const auto looked = LookTo(end);
      if (!looked) return std::unexpected(looked.error());
    }
    if (offset >= end_) return std::size_t{0};
    const std::size_t size = std::min<std::uint64_t>(place.size(), end_ - offset);
    return file_.ReadAt(offset, place.first(size));
  }

  const SourceFile file_;
  const Container container_;
  OuterChunks chunks_;  // of what begins at begin_, and behind it
  const Options options_;
  const std::shared_ptr<const Module> module_;
  const ModuleHost host_;
  ModuleStream* stream_ = nullptr;  // null when the recording is given up and another one follows

  struct Unreadable {
    ModuleStatus status;
    const char* what;
  };
  std::optional<Unreadable> unreadable_;  // the open recording, which is still to be told

  std::optional<base::Error> failed_;
  bool ended_ = false;
  std::uint64_t next_index_ = 0;
  std::uint64_t left_out_ = 0;

  // The recording that is open lies in [begin_, end_) of the file.
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t part_size_ = 0;        // as far as was known when it was opened
  double share_ = 0;                   // of it that has been read
  std::unique_ptr<JoinFinder> joins_;  // while it may be followed by one that is not known yet
};

VideoReader::VideoReader(std::unique_ptr<Session> session) : session_(std::move(session)) {}
VideoReader::~VideoReader() = default;

base::Result<std::unique_ptr<VideoReader>> VideoReader::Open(const std::string& path,
                                                             const Options& options,
                                                             const base::Allowance& allowance,
                                                             resources::MemoryBudget& budget) {
  auto file = SourceFile::Open(path);
  if (!file) return std::unexpected(std::move(file.error()));
  std::array<std::uint8_t, kSniffBytes> start{};
  const auto got = file->ReadAt(0, start);
  if (!got) return std::unexpected(got.error());
  Container container = Sniff(base::ByteView(start).first(*got));
  if (container == Container::kUnknown) {
    const auto bare = SniffBare(*file);
    if (!bare) return std::unexpected(bare.error());
    container = *bare;
  }
  if (*got == 0) return base::Fail(base::ErrorCode::kInvalidFrame, path + " is empty");
  if (container == Container::kUnknown) {
    return base::Fail(base::ErrorCode::kUnsupportedFormat,
                      path +
                          " is not a video we read: AVI, MP4 or QuickTime, Matroska or WebM, "
                          "MPEG, raw H.264 or H.265, or JPEG frames");
  }
  auto chunks = WalkOuterChunks(*file, container);
  if (!chunks) return std::unexpected(chunks.error());
  if (container == Container::kMp4) {
    const auto tables = CheckMp4Tables(*file);
    if (!tables) return std::unexpected(tables.error());
  }
  auto module = LoadModule(options.module);
  if (!module) return std::unexpected(std::move(module.error()));
  auto session = std::make_unique<Session>(std::move(*file), container, std::move(*chunks), options,
                                           budget, std::move(*module));
  const auto opened = session->Open(allowance);
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<VideoReader>(new VideoReader(std::move(session)));
}

base::Result<std::optional<VideoFrame>> VideoReader::Next(frame::PixelFormat wanted,
                                                          const base::Allowance& allowance) {
  return session_->Next(wanted, allowance);
}

base::Result<frame::Image> VideoReader::Again(frame::PixelFormat wanted,
                                              const base::Allowance& allowance) {
  return session_->Again(wanted, allowance);
}

bool VideoReader::CanGoOn() const { return session_->CanGoOn(); }
std::uint64_t VideoReader::left_out() const { return session_->left_out(); }
double VideoReader::Share() const { return session_->Share(); }

}  // namespace sampleproc::video
