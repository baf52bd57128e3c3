#include "consumer/sources/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "consumer/sources/buffer_answer.h"

namespace sampleproc::consumer {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::string_view kAnswer = ".json";
constexpr std::string_view kLog = ".log";
constexpr std::string_view kTornAnswer = ".json.torn";
constexpr std::string_view kUnusable = ".json.unusable";
constexpr std::string_view kTornLog = ".log.torn";
constexpr std::string_view kUnfinished = ".tmp";  // of earlier versions: renamed when it was whole
constexpr std::uint64_t kUnusableShare = 8;       // one part of so many
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;  // pictures of people

std::unexpected<base::Error> Unusable(const std::string& folder, std::string_view reason) {
  return Fail(ErrorCode::kConfig,
              "consumer.http.spool_dir, " + folder + ": " + std::string(reason));
}

std::unexpected<base::Error> Failed(const std::string& path) {
  return Fail(ErrorCode::kIo, path + ": " + std::strerror(errno));
}

// "12.json.torn" is 12 and ".json.torn"; nothing when it is no such name.
std::optional<std::pair<std::uint64_t, std::string>> SplitName(const std::string& name) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + dot, number);
  if (error != std::errc() || stop != name.data() + dot) return std::nullopt;
  return std::pair(number, name.substr(dot));
}

Result<std::string> ReadFile(const std::string& path) {
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Failed(path);
  std::string text;
  std::vector<char> piece(std::size_t{64} * 1024);
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return Failed(path);
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostAnswerBytes) {
      return Fail(ErrorCode::kIo, path + ": longer than any answer of a frame buffer");
    }
  }
}

std::string FirstOf(const std::map<std::uint64_t, std::string>& reasons) {
  if (reasons.empty()) return {};
  std::string text = reasons.begin()->second;
  if (reasons.size() > 1) text += ", and " + std::to_string(reasons.size() - 1) + " more";
  return text;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::Open(const std::string& folder, std::uint64_t most_bytes) {
  std::error_code made;
  fs::create_directories(fs::path(folder).parent_path(), made);
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return Unusable(folder, std::strerror(errno));
  }
  base::Descriptor folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_fd.get() < 0) return Unusable(folder, std::strerror(errno));
  base::Descriptor lock(
      ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (lock.get() < 0) return Unusable(folder, std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Unusable(folder, errno == EWOULDBLOCK ? "another process uses it: give each its own"
                                                 : std::strerror(errno));
  }
  std::unique_ptr<Spool> spool(
      new Spool(folder, most_bytes, std::move(lock), std::move(folder_fd)));
  if (auto found = spool->FindLeft(); !found) return std::unexpected(std::move(found.error()));
  return spool;
}

Spool::Spool(std::string folder, std::uint64_t most_bytes, base::Descriptor lock,
             base::Descriptor folder_fd)
    : folder_(std::move(folder)),
      most_bytes_(most_bytes),
      lock_(std::move(lock)),
      folder_fd_(std::move(folder_fd)) {}

Result<void> Spool::FindLeft() {
  const base::MutexLock lock(mutex_);
  std::error_code error;
  for (fs::directory_iterator each(folder_, error), end; !error && each != end;
       each.increment(error)) {
    const auto name = SplitName(each->path().filename().string());
    if (!name) continue;
    std::error_code unknown;  // reading it will tell
    const std::uintmax_t bytes = each->file_size(unknown);
    Find(name->first, name->second, unknown ? 0 : bytes);
  }
  if (error) return Unusable(folder_, error.message());
  for (const auto& [number, answer] : answers_) left_.push_back(number);
  BoundUnusable();
  return {};
}

void Spool::Find(std::uint64_t number, std::string_view ending, std::uint64_t bytes) {
  next_ = std::max(next_, number + 1);
  if (ending == kUnfinished) {
    // It may be whole, and its frames nowhere else.
    if (bytes == 0) {
      ::unlink(PathOf(number, kUnfinished).c_str());
      return;
    }
    ending = kAnswer;
    if (std::rename(PathOf(number, kUnfinished).c_str(), PathOf(number, kAnswer).c_str()) != 0) {
      unread_[number] = PathOf(number, kUnfinished) + ": " + std::strerror(errno);
      return;
    }
  }
  if (ending == kAnswer) {
    answers_[number].bytes = bytes;
    bytes_ += bytes;
  } else if (ending == kTornAnswer) {
    torn_[number] = bytes;
    bytes_ += bytes;
  } else if (ending == kUnusable) {
    unusable_[number] = bytes;
  }
}

std::string Spool::PathOf(std::uint64_t answer, std::string_view ending) const {
  return folder_ + '/' + std::to_string(answer) + std::string(ending);
}

Result<base::Descriptor> Spool::WriteFile(const std::string& path, std::string_view text) const {
  base::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (file.get() < 0) return Failed(path);
  while (!text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0 && errno != EINTR) {
      auto failed = Failed(path);
      ::unlink(path.c_str());
      return failed;
    }
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return file;
}

// What is on the disk is in answers_ before it is there: a file that is not would stay until the
// next start, its frames undone.
Result<Spool::Written> Spool::Write(std::string_view answer) {
  Written written;
  std::string path;
  {
    const base::MutexLock lock(mutex_);
    written.answer = next_++;
    path = PathOf(written.answer, kAnswer);
    answers_.try_emplace(written.answer);
  }
  const auto forget = [&] {
    const base::MutexLock lock(mutex_);
    answers_.erase(written.answer);
  };
  try {
    const auto file = WriteFile(path, answer);
    if (!file) {
      forget();
      return std::unexpected(file.error());
    }
    if (::fdatasync(file->get()) != 0 || ::fsync(folder_fd_.get()) != 0) {
      written.synced = Failed(path);
    }
  } catch (...) {  // no memory
    ::unlink(path.c_str());
    forget();
    throw;
  }
  const base::MutexLock lock(mutex_);
  answers_[written.answer].bytes = answer.size();
  bytes_ += answer.size();
  return written;
}

void Spool::Expect(std::uint64_t answer, std::size_t frames) {
  const base::MutexLock lock(mutex_);
  answers_[answer].frames = frames;
  RemoveIfDone(answer);
}

Result<void> Spool::Append(const std::string& path, std::string_view line) const {
  const base::Descriptor log(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode));
  if (log.get() < 0) return Failed(path);
  const ssize_t wrote = ::write(log.get(), line.data(), line.size());
  if (wrote < 0) return Failed(path);
  if (static_cast<std::size_t>(wrote) < line.size()) {
    return Fail(ErrorCode::kIo, path + ": a line could not be written whole");
  }
  return {};
}

void Spool::Note(const Place& place, std::string_view what) {
  std::string line = std::string(what) + ' ' + std::to_string(place.frame) + '\n';
  auto noted = Append(PathOf(place.answer, kLog), line);
  unnoted_.reset();
  if (!noted) unnoted_ = {place.answer, std::move(line), std::move(noted.error().message)};
}

// Tries the line again that could not be written. Of an answer that has gone it means nothing.
void Spool::NoteAgain() {
  if (!unnoted_) return;
  base::Result<void> noted;
  if (answers_.contains(unnoted_->answer)) {
    noted = Append(PathOf(unnoted_->answer, kLog), unnoted_->line);
  }
  if (noted) return unnoted_.reset();
  unnoted_->reason = std::move(noted.error().message);
}

Result<void> Spool::TryWrite(std::size_t bytes) {
  const base::MutexLock lock(mutex_);
  const std::string path = folder_ + "/probe";
  ::unlink(path.c_str());  // of a process that was killed
  const auto file = WriteFile(path, std::string(bytes, ' '));
  if (!file) return std::unexpected(file.error());
  Result<void> synced;
  if (::fdatasync(file->get()) != 0 || ::fsync(folder_fd_.get()) != 0) synced = Failed(path);
  ::unlink(path.c_str());
  return synced;
}

void Spool::Trying(const Place& place) {
  const base::MutexLock lock(mutex_);
  Note(place, "try");
}

void Spool::NotTried(const Place& place) {
  const base::MutexLock lock(mutex_);
  Note(place, "back");
}

void Spool::Done(const Place& place) {
  const base::MutexLock lock(mutex_);
  Answer& answer = answers_[place.answer];
  answer.done.insert(place.frame);
  if (answer.done.size() < answer.frames) Note(place, "done");
  RemoveIfDone(place.answer);
}

void Spool::RemoveIfDone(std::uint64_t number) {
  const Answer& answer = answers_[number];
  if (answer.done.size() >= answer.frames) Remove(number);
}

void Spool::Remove(std::uint64_t number) {
  const std::string path = PathOf(number, kAnswer);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    std::string reason = path + ": " + std::strerror(errno);
    if (unremoved_.insert_or_assign(number, std::move(reason)).second) {
      // So that the next start does not do it again.
      for (const std::size_t frame : answers_[number].done) Note({number, frame}, "done");
    }
    return;
  }
  // In this order: lines without an answer mean nothing.
  ::unlink(PathOf(number, kLog).c_str());
  bytes_ -= answers_[number].bytes;
  answers_.erase(number);
  unremoved_.erase(number);
}

Result<Spool::Left> Spool::Read(std::uint64_t number) const {
  Left left{.answer = number, .text = {}, .done = {}, .tries = {}};
  auto text = ReadFile(PathOf(number, kAnswer));
  if (!text) return std::unexpected(std::move(text.error()));
  left.text = std::move(*text);
  const std::string log = PathOf(number, kLog);
  if (::access(log.c_str(), F_OK) != 0 && errno == ENOENT) return left;
  auto notes = ReadFile(log);
  if (!notes) return std::unexpected(std::move(notes.error()));
  std::istringstream lines(std::move(*notes));
  std::string what;
  std::size_t frame = 0;
  while (lines >> what >> frame) {
    if (what == "done") left.done.insert(frame);
    if (what == "try") ++left.tries[frame];
    if (what == "back") --left.tries[frame];
  }
  return left;
}

std::optional<Spool::Left> Spool::TakeLeft() {
  const base::MutexLock lock(mutex_);
  while (!left_.empty()) {
    const std::uint64_t number = left_.front();
    auto left = Read(number);
    if (!left) {
      unread_[number] = std::move(left.error().message);
      left_.pop_front();
      continue;
    }
    std::set<std::size_t>& done = answers_[number].done;
    done.merge(left->done);
    left->done = done;
    unread_.erase(number);
    left_.pop_front();
    return std::move(*left);
  }
  return std::nullopt;
}

void Spool::PutBack(std::uint64_t answer) {
  const base::MutexLock lock(mutex_);
  left_.push_back(answer);
}

void Spool::SetAside(std::uint64_t answer) {
  const base::MutexLock lock(mutex_);
  const std::string path = PathOf(answer, kAnswer);
  if (std::rename(path.c_str(), PathOf(answer, kTornAnswer).c_str()) != 0) {
    unread_[answer] = path + " holds no frames, and cannot be set aside: " + std::strerror(errno);
    return;
  }
  (void)std::rename(PathOf(answer, kLog).c_str(), PathOf(answer, kTornLog).c_str());
  torn_[answer] = answers_[answer].bytes;
  answers_.erase(answer);
}

std::string Spool::KeepUnusable(std::uint64_t answer) {
  const base::MutexLock lock(mutex_);
  const std::string path = PathOf(answer, kUnusable);
  if (std::rename(PathOf(answer, kAnswer).c_str(), path.c_str()) != 0) {
    Remove(answer);  // it has no frames
    return {};
  }
  std::uint64_t bytes = answers_[answer].bytes;
  bytes_ -= bytes;
  answers_.erase(answer);
  const std::uint64_t share = most_bytes_ / kUnusableShare;
  if (bytes > share && ::truncate(path.c_str(), static_cast<off_t>(share)) == 0) bytes = share;
  unusable_[answer] = bytes;
  BoundUnusable();
  return unusable_.contains(answer) ? path : "";
}

// The oldest go.
void Spool::BoundUnusable() {
  std::uint64_t bytes = 0;
  for (const auto& [number, each] : unusable_) bytes += each;
  while (unusable_.size() > kMostUnusable || bytes > most_bytes_ / kUnusableShare) {
    const auto oldest = unusable_.begin();
    ::unlink(PathOf(oldest->first, kUnusable).c_str());
    bytes -= oldest->second;
    unusable_.erase(oldest);
  }
}

void Spool::Retry() {
  const base::MutexLock lock(mutex_);
  for (const auto& [number, reason] : unread_) {
    if (std::ranges::find(left_, number) == left_.end()) left_.push_back(number);
  }
  NoteAgain();
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, reason] : unremoved_) numbers.push_back(number);
  for (const std::uint64_t number : numbers) Remove(number);
  for (auto torn = torn_.begin(); torn != torn_.end();) {
    const bool gone =
        ::access(PathOf(torn->first, kTornAnswer).c_str(), F_OK) != 0 && errno == ENOENT;
    if (gone) bytes_ -= torn->second;
    torn = gone ? torn_.erase(torn) : std::next(torn);
  }
}

Spool::Troubles Spool::troubles() const {
  const base::MutexLock lock(mutex_);
  Troubles troubles{.unread = FirstOf(unread_),
                    .unremoved = FirstOf(unremoved_),
                    .unnoted = unnoted_ ? unnoted_->reason : "",
                    .torn = {}};
  if (torn_.empty()) return troubles;
  troubles.torn = PathOf(torn_.begin()->first, kTornAnswer);
  if (torn_.size() > 1) troubles.torn += ", and " + std::to_string(torn_.size() - 1) + " more";
  return troubles;
}

}  // namespace sampleproc::consumer
