// Files as a camera that gives their pictures now: videos at the times of their frames, pictures
// one after the other.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cameras/picture_source.h"
#include "cameras/video_shot.h"
#include "video/container.h"
#include "video/source_file.h"
#include "video/video_reader.h"

namespace sampleproc::cameras {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;
using frame::PixelFormat;

// Of a video that is read while it may still be written: longest between two looks at whether it
// has grown, and least between two times that it is read up to where it was, as a multiple of what
// that takes.
constexpr std::chrono::milliseconds kNextLook{250};
constexpr int kShareOfSkipping = 10;

// What is at a path, so far as it tells whether it is the same as before.
struct FileState {
  static constexpr std::size_t kStart = 4096;

  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
  timespec written{};
  std::vector<std::uint8_t> start = {};  // its first bytes

  bool IsSame(const FileState& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           written.tv_sec == other.written.tv_sec && written.tv_nsec == other.written.tv_nsec;
  }

  // Whether it is the recording of `before`, and more of it: written in its place, or copied anew.
  bool GoesOnFrom(const FileState& before) const {
    if (size < before.size) return false;
    if (device == before.device && inode == before.inode) return true;
    const std::size_t known = std::min(start.size(), before.start.size());
    return known > 0 &&
           std::equal(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(known),
                      before.start.begin());
  }

  std::chrono::nanoseconds Age() const {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::chrono::seconds(now.tv_sec - written.tv_sec) +
           std::chrono::nanoseconds(now.tv_nsec - written.tv_nsec);
  }
};

// Nothing when there is no file that can be read.
std::optional<FileState> StateOf(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  const auto file = video::SourceFile::Open(path);
  if (!file) return std::nullopt;
  FileState state{.device = status.st_dev,
                  .inode = status.st_ino,
                  .size = static_cast<std::uint64_t>(status.st_size),
                  .written = status.st_mtim};
  state.start.resize(FileState::kStart);
  const auto got = file->ReadAt(0, state.start);
  state.start.resize(got.value_or(0));
  return state;
}

// What a file has given is given once, unless it is to begin again: where a recording breaks off
// that is told, and it is over, or goes on there once it has grown.
class VideoPictures final : public PictureSource {
 public:
  VideoPictures(SourceRequest request, const SourceContext& context)
      : request_(std::move(request)), context_(context) {}

  Result<void> Open(const base::Allowance& allowance) {
    const video::Options limits{.max_frame_bytes = context_.codec.max_frame_bytes,
                                .deadline = context_.codec.deadline,
                                .budget_patience = context_.budget_patience,
                                .jpeg_packets = true,
                                .module = context_.video_module};
    // Before it is opened: what is written after this look is found by the next one.
    state_ = StateOf(request_.url).value_or(FileState{});
    auto reader = video::VideoReader::Open(request_.url, limits, allowance, context_.budget);
    if (!reader) return std::unexpected(std::move(reader.error()));
    reader_ = std::move(*reader);
    return {};
  }

  Result<std::optional<Shot>> Next(const IsWanted& is_wanted,
                                   const base::Allowance& allowance) override {
    for (;;) {
      if (then_ != Then::kRead) {
        const auto more = GoOn(allowance);
        if (!more) return std::unexpected(more.error());
        if (!*more) return std::nullopt;
      }
      auto frame = reader_->Next(PixelFormat::kGray8, allowance);
      if (frame && *frame) {
        ++taken_;
        return Give(**frame, is_wanted, allowance);
      }
      if (frame) {
        // One without a frame would begin again and again without an end.
        then_ = request_.loop && frames_ > 0 ? Then::kBeginAgain : Then::kEnd;
      } else if (reader_->CanGoOn()) {
        ++taken_;
        return std::unexpected(std::move(frame.error()));
      } else if (auto over = BreaksOff(std::move(frame.error()), allowance)) {
        return std::unexpected(*std::move(over));
      }
    }
  }

  bool CanGoOn() const override { return !is_gone_; }

 private:
  // What the next call begins with.
  enum class Then { kRead, kBeginAgain, kReadOn, kEnd };

  Result<std::optional<Shot>> Give(const video::VideoFrame& frame, const IsWanted& is_wanted,
                                   const base::Allowance& allowance) {
    const std::chrono::microseconds at = TimeOf(frame);
    if (auto slept = SleepUntil(begun_ + at, allowance); !slept) {
      return std::unexpected(slept.error());
    }
    ++frames_;
    // Not when it is read: what is found in a file does not depend on how busy the machine is.
    const base::WallTime taken = begun_wall_ + at;
    if (!is_wanted(taken)) {
      Shot shot = PassedOver(frame.encoded, request_, context_);
      shot.taken = taken;
      return shot;
    }
    auto shot = MakeShot(
        {frame.encoded, frame.image, frame.codec, frame.orientation},
        [&] { return reader_->Again(PixelFormat::kBgr24, allowance); }, context_, allowance);
    if (shot) {
      (*shot)->place = request_.url + ": frame " + std::to_string(frame.index);
      (*shot)->taken = taken;
    } else if (!reader_->CanGoOn()) {
      auto over = BreaksOff(shot.error(), allowance);
      if (over) return std::unexpected(*std::move(over));
      return std::unexpected(std::move(shot.error()));
    }
    return shot;
  }

  // The reader gives no more. Returns what is to be told of it: nothing while the file grows.
  std::optional<base::Error> BreaksOff(base::Error why, const base::Allowance& allowance) {
    const bool no_memory = why.code == ErrorCode::kOverloaded;
    if (why.code == ErrorCode::kCancelled || (no_memory && (request_.loop || taken_ == 0)) ||
        (request_.loop && frames_ == 0)) {
      is_gone_ = true;  // nothing is lost by another try from the start
    } else if (request_.loop) {
      then_ = Then::kBeginAgain;
    } else if (no_memory) {
      then_ = Then::kReadOn;
    } else if (!AwaitsMore(allowance)) {
      then_ = Then::kEnd;
    } else {
      then_ = Then::kReadOn;
      return std::nullopt;
    }
    return why;
  }

  // Whether the file is another than the one that was opened, or becomes so soon.
  bool AwaitsMore(const base::Allowance& allowance) const {
    std::optional<base::MonoTime> end;
    for (;;) {
      const auto now = StateOf(request_.url);
      if (!now) return false;
      if (!now->IsSame(state_)) return true;
      const base::MonoTime time = base::SystemClock().Now();
      // One may claim to have been written tomorrow.
      const auto age = std::max(now->Age(), std::chrono::nanoseconds(0));
      if (!end) end = time + (request_.stall_after - age);
      if (time >= *end || !SleepUntil(time + kNextLook, allowance)) return false;
    }
  }

  // Makes the reader ready to read. False at the end.
  Result<bool> GoOn(const base::Allowance& allowance) {
    if (then_ == Then::kEnd) return false;
    const bool is_anew = std::exchange(then_, Then::kRead) == Then::kBeginAgain;
    if (!is_anew) {
      const base::MonoTime next = std::max(base::SystemClock().Now() + kNextLook, next_reading_);
      if (auto slept = SleepUntil(next, allowance); !slept) return std::unexpected(slept.error());
    }
    const FileState before = std::exchange(state_, {});
    const base::MonoTime begun = base::SystemClock().Now();
    auto opened = Open(allowance);
    if (is_anew || !state_.GoesOnFrom(before)) taken_ = 0;
    if (!opened) {
      is_gone_ = is_anew;
      then_ = opened.error().code == ErrorCode::kOverloaded ? Then::kReadOn : Then::kEnd;
      return std::unexpected(std::move(opened.error()));
    }
    for (std::uint64_t i = 0; i < taken_; ++i) {
      const auto known = reader_->Next(PixelFormat::kGray8, allowance);
      // What comes then is what the next call of the reader says, again.
      if (known ? !*known : !reader_->CanGoOn()) break;
    }
    begun_ = base::SystemClock().Now();
    begun_wall_ = WallNow();
    next_reading_ = begun_ + kShareOfSkipping * (begun_ - begun);
    first_pts_.reset();
    frames_ = 0;
    return true;
  }

  static base::WallTime WallNow() {
    return std::chrono::floor<std::chrono::microseconds>(base::SystemClock().Wall());
  }

  // How long after begun_ the frame would come from a camera. Without times, or with ones that
  // leap, 25 a second.
  std::chrono::microseconds TimeOf(const video::VideoFrame& frame) {
    constexpr std::chrono::seconds kLongestGap{10};
    constexpr double kMost = 1e11;  // files may say whatever they like
    std::chrono::microseconds at = frames_ * std::chrono::microseconds(1'000'000 / 25);
    if (frame.pts) {
      const auto pts = std::chrono::floor<std::chrono::microseconds>(
          std::chrono::duration<double>(std::clamp(*frame.pts, -kMost, kMost)));
      if (!first_pts_) first_pts_ = pts;
      at = pts - *first_pts_;
      if (at < last_ - kLongestGap || at > last_ + kLongestGap) at = last_;
    }
    last_ = frames_ == 0 ? std::chrono::microseconds(0) : at;
    return last_;
  }

  const SourceRequest request_;
  const SourceContext context_;
  std::unique_ptr<video::VideoReader> reader_;
  FileState state_;  // when reader_ was opened
  Then then_ = Then::kRead;
  bool is_gone_ = false;           // it has to be opened again
  std::uint64_t taken_ = 0;        // of the file: frames, and those that are damaged
  base::MonoTime next_reading_{};  // of what is known
  base::MonoTime begun_ = base::SystemClock().Now();
  base::WallTime begun_wall_ = WallNow();
  std::optional<std::chrono::microseconds> first_pts_;
  std::chrono::microseconds last_{};  // since begun_, of the frame before
  std::uint64_t frames_ = 0;          // since begun_
};

class PictureFiles final : public PictureSource {
 public:
  PictureFiles(std::vector<std::string> paths, SourceRequest request, const SourceContext& context)
      : paths_(std::move(paths)),
        request_(std::move(request)),
        context_(context),
        pause_(std::chrono::duration<double>(request_.fps > 0 ? 1 / request_.fps : 1)),
        due_(base::SystemClock().Now()) {}

  Result<std::optional<Shot>> Next(const IsWanted& is_wanted,
                                   const base::Allowance& allowance) override {
    if (next_ == paths_.size()) {
      if (!request_.loop) return std::nullopt;
      next_ = 0;
    }
    if (auto slept = SleepUntil(due_, allowance); !slept) return std::unexpected(slept.error());
    due_ = std::max(due_, base::SystemClock().Now() - pause_ticks()) + pause_ticks();
    const std::string& path = paths_[next_++];
    if (is_wanted(std::nullopt)) return Read(path, allowance);
    Shot none;
    none.passed_over = true;
    return none;
  }

  bool CanGoOn() const override { return true; }

 private:
  base::MonoTime::duration pause_ticks() const {
    return std::chrono::duration_cast<base::MonoTime::duration>(pause_);
  }

  Result<std::optional<Shot>> Read(const std::string& path, const base::Allowance& allowance) {
    auto file = video::SourceFile::Open(path);
    if (!file) return std::unexpected(std::move(file.error()));
    if (file->size() > context_.codec.max_frame_bytes) {
      return base::Fail(ErrorCode::kTooLarge, path + " is longer than codec.max_frame_bytes");
    }
    const auto size = static_cast<std::size_t>(file->size());
    auto memory =
        context_.budget.Reserve(size, "a camera's picture", context_.budget_patience, allowance);
    if (!memory) return std::unexpected(std::move(memory.error()));
    Shot shot;
    shot.memory = std::move(*memory);
    shot.encoded.resize(size);
    const auto got = file->ReadAt(0, shot.encoded);
    if (!got) return std::unexpected(got.error());
    shot.encoded.resize(*got);
    shot.place = path;
    return shot;
  }

  const std::vector<std::string> paths_;
  const SourceRequest request_;
  const SourceContext context_;
  const std::chrono::duration<double> pause_;
  base::MonoTime due_;
  std::size_t next_ = 0;
};

// The files right in the folder that are not hidden, by name.
Result<std::vector<std::string>> PicturesIn(const std::string& folder) {
  constexpr std::size_t kMostFiles = 1'000'000;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with('.')) continue;
    if (!entry->is_regular_file(ignored)) continue;
    paths.push_back(entry->path().string());
    if (paths.size() > kMostFiles) {
      return base::Fail(ErrorCode::kTooLarge, folder + " has more than a million files");
    }
  }
  if (error) return base::Fail(ErrorCode::kIo, folder + " cannot be read: " + error.message());
  if (paths.empty()) return base::Fail(ErrorCode::kNotFound, folder + " has no pictures in it");
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

Result<std::unique_ptr<PictureSource>> OpenFiles(const SourceRequest& request,
                                                 const SourceContext& context,
                                                 const base::Allowance& allowance) {
  std::error_code ignored;
  if (fs::is_directory(request.url, ignored)) {
    auto paths = PicturesIn(request.url);
    if (!paths) return std::unexpected(std::move(paths.error()));
    return std::make_unique<PictureFiles>(std::move(*paths), request, context);
  }
  if (!video::IsVideoName(request.url)) {
    // Opened once here, so that one that is missing is told as a source that is away.
    if (const auto file = video::SourceFile::Open(request.url); !file) {
      return std::unexpected(file.error());
    }
    return std::make_unique<PictureFiles>(std::vector{request.url}, request, context);
  }
  auto video = std::make_unique<VideoPictures>(request, context);
  if (auto opened = video->Open(allowance); !opened) return std::unexpected(opened.error());
  return video;
}

}  // namespace sampleproc::cameras
