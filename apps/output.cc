#include "apps/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/descriptor_name.h"
#include "files/annotated_video.h"
#include "files/file_kind.h"
#include "files/new_file.h"
#include "files/resolved_path.h"
#include "files/sole_writer.h"
#include "files/url_input.h"
#include "video/container.h"

namespace sampleproc::apps {
namespace {

using base::ErrorCode;

// Whether the file `path`, which is there, may be written: to put another in its place takes only
// the right to write into its folder, which is not what its owner has said. Nor are records put in
// the place of a photo, as where a pattern stood behind -o.
base::Result<void> MayBeWritten(const std::string& path, mode_t mode, bool is_video) {
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0 && errno == EACCES) {
    return base::FailWithErrno("cannot open the output file " + files::ShownName(path));
  }
  if (!S_ISREG(mode)) return {};  // to open a pipe or a device does something
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<std::uint8_t, video::kSniffBytes> start{};
  const ssize_t got = ::pread(file.get(), start.data(), start.size(), 0);
  if (got <= 0 ||
      !files::IsImageOrVideo(base::ByteView(start).first(static_cast<std::size_t>(got))) ||
      (is_video && files::IsAnnotatedVideo(path))) {
    return {};
  }
  return base::Fail(ErrorCode::kUsage, "the output file " + files::ShownName(path) +
                                           " is an image or a video; name another file, or remove "
                                           "it first");
}

// How long `file` is without its last line if that has no end, as a full disk leaves it;
// nothing when all its lines are whole or it cannot be read.
std::optional<off_t> LengthWithoutTornLine(int file) {
  struct stat status{};
  if (file < 0 || ::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::array<char, 4096> block;
  for (off_t end = status.st_size; end > 0;) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
    const auto wanted = static_cast<std::size_t>(end - begin);
    if (::pread(file, block.data(), wanted, begin) != static_cast<ssize_t>(wanted)) return {};
    const std::size_t last = std::string_view(block.data(), wanted).rfind('\n');
    if (last != std::string_view::npos) {
      const off_t length = begin + static_cast<off_t>(last) + 1;
      return length == status.st_size ? std::nullopt : std::optional(length);
    }
    end = begin;
  }
  return status.st_size == 0 ? std::nullopt : std::optional<off_t>(0);
}

std::optional<off_t> LengthWithoutTornLine(const std::string& path) {
  return LengthWithoutTornLine(
      base::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)).get());
}

// The writing end of a FIFO; nothing tells when somebody comes to read, so it is asked for again.
base::Result<int> OpenFifo(const std::string& path, const files::StopDescriptor* stop) {
  constexpr int kAgain = 50;  // ms
  for (;;) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno != ENXIO && errno != EINTR)
      return base::FailWithErrno("cannot open the output file " + files::ShownName(path));
    pollfd stopped{stop == nullptr ? -1 : stop->get(), POLLIN, 0};
    if (::poll(&stopped, 1, kAgain) > 0) {
      return base::Fail(ErrorCode::kCancelled,
                        "interrupted while waiting for somebody to read from " + path);
    }
  }
}

// A run that is to be resumed needs its file for itself: two would write into one another.
base::Result<void> TakeAlone(int fd, const std::string& path) {
  if (files::BecomeSoleWriter(fd, path)) return {};
  return base::Fail(ErrorCode::kUsage, "another process is writing " + path +
                                           ", which a run that is to be resumed needs for itself");
}

// Whether `size` bytes behind `fd` are but the record with which the run's output was to begin, or
// the beginning of it, as a power cut or a full disk leaves it.
bool IsFirstRecord(int fd, std::uint64_t size, const files::Checkpoint& from) {
  if (from.first.digest == 0 || size > from.first.bytes) return false;
  if (size < from.first.bytes) {
    // The record's only line end is its last byte: what has one is whole, and somebody else's.
    char last = '\n';
    std::vector<char> start(std::min<std::size_t>(size, from.first_beginning.size()));
    return !start.empty() && ::pread(fd, &last, 1, static_cast<off_t>(size) - 1) == 1 &&
           last != '\n' &&
           ::pread(fd, start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()) &&
           from.first_beginning.starts_with({start.data(), start.size()});
  }
  const auto found = files::EndOfOutput(fd, size);
  return found && *found == from.first;
}

// Whether the file `path` begins with what the output of `from` ended with.
bool Holds(const std::string& path, const files::Checkpoint& from) {
  const files::OutputEnd& end = from.output;
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (end.bytes == 0) return size == 0 || IsFirstRecord(file.get(), size, from);
  if (size < end.bytes) return false;
  const auto found = files::EndOfOutput(file.get(), end.bytes);
  return found && *found == end;
}

}  // namespace

base::Result<std::unique_ptr<Output>> Output::Open(const std::string& path, OutputMode mode,
                                                   const files::Checkpoint& from,
                                                   const files::StopDescriptor* stop) {
  if (path == "-") return std::make_unique<Output>(STDOUT_FILENO, "standard output");
  const bool is_video = mode == OutputMode::kReplaceVideo;
  if (is_video) mode = OutputMode::kReplace;
  const auto descriptor = base::FindDescriptorName(path);
  if (descriptor && mode == OutputMode::kGoOn) {
    return base::Fail(ErrorCode::kUsage,
                      path +
                          " is an open descriptor, and a run that is to be resumed needs a "
                          "file of its own");
  }
  if (descriptor && descriptor->is_ours) {
    base::Descriptor copy = base::CopyForWriting(descriptor->number);
    if (copy.get() < 0)
      return base::FailWithErrno("cannot open the output file " + files::ShownName(path));
    auto output = std::make_unique<Output>(copy.release(), path);
    output->is_shared_ = true;
    return output;
  }
  if (descriptor) mode = OutputMode::kAppend;  // that of another process
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (!exists && errno == ELOOP)
    return base::FailWithErrno("cannot open the output file " + files::ShownName(path));
  if ((mode == OutputMode::kGoOn || is_video) && exists && !S_ISREG(status.st_mode)) {
    return base::Fail(ErrorCode::kUsage,
                      path + " is no regular file, which " +
                          (is_video ? "a video" : "a run that is to be resumed") + " needs");
  }
  if (exists && S_ISFIFO(status.st_mode)) {
    const auto fd = OpenFifo(path, stop);
    if (!fd) return std::unexpected(fd.error());
    return std::make_unique<Output>(*fd, path);
  }
  const std::string target = files::ResolvedPath(path);
  if (exists) {
    if (auto may = MayBeWritten(path, status.st_mode, is_video); !may)
      return std::unexpected(may.error());
  }
  const bool has_content = exists && S_ISREG(status.st_mode) && status.st_size > 0;
  base::Result<std::unique_ptr<Output>> output =
      mode == OutputMode::kGoOn ? OpenToGoOn(path, target, has_content, from)
      : mode == OutputMode::kReplace && (!exists || has_content) ? OpenBeside(path, target)
                                                                 : OpenInPlace(path, mode);
  if (!output) return output;
  (*output)->target_ = target;
  (*output)->is_new_ = !exists;
  if (is_video) (*output)->content_ = "pictures";
  if (exists && (*output)->new_) (*output)->LookLike(status);
  return output;
}

base::Result<std::unique_ptr<Output>> Output::OpenInPlace(const std::string& path,
                                                          OutputMode mode) {
  const bool appends = mode == OutputMode::kAppend;
  const int how = appends ? O_APPEND : mode == OutputMode::kInPlace ? O_TRUNC : 0;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (fd < 0) return base::FailWithErrno("cannot open the output file " + files::ShownName(path));
  auto output = std::make_unique<Output>(fd, path);
  if (appends && LengthWithoutTornLine(path) && ::write(fd, "\n", 1) != 1) {
    return base::FailWithErrno("cannot end the last line of the output file " +
                               files::ShownName(path));
  }
  return output;
}

base::Result<std::unique_ptr<Output>> Output::OpenBeside(const std::string& path,
                                                         const std::string& target) {
  auto made = files::NewFile::Make(target);
  if (!made) {
    std::string message = "cannot open the output file " + files::ShownName(path);
    if (made.error() != std::errc::no_such_file_or_directory) {
      message += ", which is written beside it first: " + made.error().message() +
                 "; where its folder has to stay as it is, write to standard output: -o - > FILE";
    } else {
      message += ": " + made.error().message();
    }
    return base::Fail(ErrorCode::kIo, message);
  }
  return std::make_unique<Output>(std::move(*made), path);
}

base::Result<std::unique_ptr<Output>> Output::OpenToGoOn(const std::string& path,
                                                         const std::string& target,
                                                         bool has_content,
                                                         const files::Checkpoint& from) {
  const bool is_fresh = from.output.digest == 0;
  const std::string part = target + ".part";
  const bool is_beside =
      is_fresh ? has_content
               : Holds(part, from) || (!Holds(target, from) && ::access(part.c_str(), F_OK) == 0);
  const std::string again = is_beside ? "remove it and the checkpoint to start again"
                                      : "remove the checkpoint to start again";
  const std::string& file = is_beside ? part : target;
  const std::string& shown = is_beside ? part : path;
  struct stat status{};
  const bool is_there = ::lstat(file.c_str(), &status) == 0;
  if (!is_there && !is_fresh) {
    return base::Fail(ErrorCode::kUsage,
                      "the output file " + files::ShownName(path) +
                          " of the run to be resumed is gone; remove the checkpoint to start "
                          "again");
  }
  if (is_there && !S_ISREG(status.st_mode)) {
    return base::Fail(ErrorCode::kUsage, files::ShownName(shown) +
                                             " is no regular file, which a run that is to be "
                                             "resumed needs");
  }
  if (is_fresh && is_beside) {  // what is to be replaced in the end, another run may be writing
    const base::Descriptor old(::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (auto alone = TakeAlone(old.get(), path); !alone) return std::unexpected(alone.error());
  }
  const int fd = ::open(
      file.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | (is_fresh ? O_CREAT : 0), 0666);
  if (fd < 0) return base::FailWithErrno("cannot open the output file " + files::ShownName(shown));
  auto output = is_beside ? std::make_unique<Output>(
                                files::NewFile::Of(base::Descriptor(fd), part, target), path)
                          : std::make_unique<Output>(fd, path);
  output->is_resumable_ = true;
  output->is_made_ = !is_there;
  if (auto alone = TakeAlone(fd, file); !alone) return std::unexpected(alone.error());
  if (::fstat(fd, &status) != 0) {
    return base::FailWithErrno("cannot look at the output file " + files::ShownName(path));
  }
  const auto length = static_cast<off_t>(from.output.bytes);
  if (is_fresh) {
    if (status.st_size == 0) return output;
    return base::Fail(ErrorCode::kUsage,
                      files::ShownName(shown) +
                          " is left from a run without its checkpoint; remove it to start again");
  }
  if (status.st_size < length) {
    return base::Fail(ErrorCode::kUsage, "the output file " + files::ShownName(shown) +
                                             " is shorter than its checkpoint says; " + again);
  }
  if (length == 0 && status.st_size > 0 &&
      !IsFirstRecord(fd, static_cast<std::uint64_t>(status.st_size), from)) {
    return base::Fail(ErrorCode::kUsage, "the output file " + files::ShownName(shown) + " has " +
                                             std::to_string(status.st_size) +
                                             " bytes that its checkpoint does not know of; remove "
                                             "both to start again");
  }
  const auto end = files::EndOfOutput(fd, from.output.bytes);
  if (!end || *end != from.output) {
    return base::Fail(ErrorCode::kUsage,
                      "the output file " + files::ShownName(shown) +
                          " is not that of the run to be resumed, or was changed since; name "
                          "that one, or " +
                          again);
  }
  if (from.ended && status.st_size > length) {
    return base::Fail(ErrorCode::kUsage,
                      "the output file " + files::ShownName(shown) + " has " +
                          std::to_string(status.st_size - length) +
                          " bytes more than when the run to be resumed ended, which going on "
                          "would cut off; take them out, or " +
                          again);
  }
  if (::ftruncate(fd, length) != 0 || ::lseek(fd, length, SEEK_SET) != length) {
    return base::FailWithErrno("cannot go on in the output file " + files::ShownName(path));
  }
  return output;
}

// Makes the new file's mode and owner those of the `old` one.
void Output::LookLike(const struct stat& old) {
  struct stat fresh{};
  const bool is_others = ::fstat(fd_, &fresh) == 0 &&
                         (fresh.st_uid != old.st_uid || fresh.st_gid != old.st_gid) &&
                         ::fchown(fd_, old.st_uid, old.st_gid) != 0;
  keeps_inode_ = is_others || old.st_nlink > 1;
  (void)!::fchmod(fd_, old.st_mode & 07777);
}

Output::~Output() {
  if (fd_ != STDOUT_FILENO && !new_) ::close(fd_);
}

std::string Output::Removed() const {
  if (!new_ || new_->removed().empty()) return "";
  return "removed " + files::ShownName(new_->removed()) +
         ", which a run that was killed had left beside " + name_;
}

base::Result<void> Output::Commit() {
  if (!new_) return {};
  const bool is_on_disk = ::fdatasync(fd_) == 0;
  std::error_code why(errno, std::generic_category());
  if (is_on_disk && !keeps_inode_) why = new_->Put();
  if (is_on_disk && !keeps_inode_ && !why) return {};
  // A file that is a mount point, as containers are given one, cannot be replaced, only written.
  if (is_on_disk && files::WriteOver(fd_, target_)) {
    new_->Drop();
    return {};
  }
  if (is_on_disk && keeps_inode_) why = {errno, std::generic_category()};
  return base::Fail(ErrorCode::kIo, "cannot put the output file " + name_ +
                                        " in its place: " + why.message() + "; the " + WhereKept());
}

// Sees to it that the new file stays.
std::string Output::WhereKept() {
  const auto kept = new_->Keep();
  return std::string(content_) +
         (kept ? " are in " + *kept : " are lost: " + kept.error().message());
}

void Output::Discard() {
  struct stat status{};
  if (!is_made_ || ::fstat(fd_, &status) != 0 || status.st_size != 0) return;
  if (new_) {
    new_->Drop();
  } else {
    ::unlink(target_.c_str());
  }
}

std::string Output::Abandon(bool is_torn) {
  if (is_torn && fd_ != STDOUT_FILENO && !is_shared_) {
    const auto length = new_ ? LengthWithoutTornLine(fd_) : LengthWithoutTornLine(name_);
    if (length) (void)!::ftruncate(fd_, *length);
  }
  struct stat status{};
  const bool is_empty = ::fstat(fd_, &status) == 0 && status.st_size == 0;
  if (!new_ || (is_empty && is_new_)) return "";
  // Another run may have put its own there meanwhile.
  if (!is_torn && !is_empty && (is_new_ || !is_resumable_) && ::fdatasync(fd_) == 0 &&
      !new_->PutWhereNone()) {
    return "";
  }
  struct stat old{};
  const bool has_old = ::lstat(target_.c_str(), &old) == 0;
  const std::string is_there = name_ + (has_old ? " is as it was" : " is not made");
  if (is_empty) return is_there;
  content_ = content_ + " so far";
  return is_there + "; the " + WhereKept();
}

base::Result<files::OutputEnd> Output::Sync() const {
  const off_t place = ::lseek(fd_, 0, SEEK_CUR);
  if (place < 0 || ::fdatasync(fd_) != 0) {
    return base::FailWithErrno("cannot write the output file " + name_ + " to disk");
  }
  return files::EndOfOutput(fd_, static_cast<std::uint64_t>(place));
}

}  // namespace sampleproc::apps
