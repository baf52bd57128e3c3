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
#include <set>
#include <utility>
#include <vector>

#include "consumer/sources/spool_file.h"

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
constexpr std::string_view kNewLog = ".log.new";
// A log is written anew when it is as many times as long as it need be.
constexpr std::uint64_t kTooLong = 4;
constexpr std::string_view kUnfinished = ".tmp";  // of earlier versions: renamed when it was whole
constexpr std::uint64_t kUnusableShare = 8;       // one part of so many
constexpr mode_t kFolderMode = 0700;

std::unexpected<base::Error> Unusable(const std::string& folder, std::string_view reason) {
  return Fail(ErrorCode::kConfig,
              "consumer.http.spool_dir, " + folder + ": " + std::string(reason));
}

// "12.json.torn" is 12 and ".json.torn"; nothing when it is no such name.
std::optional<std::pair<std::uint64_t, std::string>> SplitName(const std::string& name) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + dot, number);
  if (error != std::errc() || stop != name.data() + dot) return std::nullopt;
  return std::pair(number, name.substr(dot));
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
      ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kSpoolFileMode));
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
  std::map<std::uint64_t, std::uint64_t> logs;  // their bytes
  std::error_code error;
  for (fs::directory_iterator each(folder_, error), end; !error && each != end;
       each.increment(error)) {
    const auto name = SplitName(each->path().filename().string());
    if (!name) continue;
    std::error_code unknown;  // reading it will tell
    const std::uintmax_t bytes = each->file_size(unknown);
    if (name->second == kLog) logs[name->first] = unknown ? 0 : bytes;
    Find(name->first, name->second, unknown ? 0 : bytes);
  }
  if (error) return Unusable(folder_, error.message());
  for (auto& [number, answer] : answers_) {
    Leave(answer);
    answer.unread = true;
  }
  for (const auto& [number, bytes] : logs) {
    if (const auto answer = answers_.find(number); answer != answers_.end()) {
      SetLogBytes(answer->second, bytes);
    } else if (!torn_.contains(number) && !unread_.contains(number)) {
      ::unlink(PathOf(number, kLog).c_str());  // it means nothing without an answer
    }
  }
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
    Add(number).bytes = bytes;
    bytes_ += bytes;
  } else if (ending == kTornAnswer) {
    torn_[number] = bytes;
    bytes_ += bytes;
  } else if (ending == kUnusable) {
    unusable_[number] = bytes;
  } else if (ending == kNewLog) {
    ::unlink(PathOf(number, kNewLog).c_str());  // the log itself is still there
  }
}

Spool::Answer& Spool::Add(std::uint64_t number) {
  Answer answer;
  answer.place.push_back(number);
  return answers_.insert_or_assign(number, std::move(answer)).first->second;
}

std::string Spool::PathOf(std::uint64_t answer, std::string_view ending) const {
  return folder_ + '/' + std::to_string(answer) + std::string(ending);
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
    Add(written.answer);
  }
  const auto forget = [&] {
    const base::MutexLock lock(mutex_);
    answers_.erase(written.answer);
  };
  try {
    const auto file = WriteSpoolFile(path, answer);
    if (!file) {
      forget();
      return std::unexpected(file.error());
    }
    if (::fdatasync(file->get()) != 0 || ::fsync(folder_fd_.get()) != 0) {
      written.synced = base::FailWithErrno(path);
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

void Spool::SetLogBytes(Answer& answer, std::uint64_t bytes) {
  bytes_ += bytes - answer.log_bytes;
  answer.log_bytes = bytes;
}

Result<void> Spool::Append(std::uint64_t number, const std::string& log, std::string_view line) {
  auto noted = AppendToSpoolLog(log, line);
  if (!noted) return noted;
  Answer& answer = answers_[number];
  SetLogBytes(answer, answer.log_bytes + line.size());
  return {};
}

void Spool::Note(const Place& place, std::string_view what) {
  std::string line = std::string(what) + ' ' + std::to_string(place.frame);
  const std::string log = PathOf(place.answer, kLog);
  answers_[place.answer].notes.Add(line);
  line += '\n';
  auto noted = Append(place.answer, log, line);
  unnoted_.reset();
  if (!noted) unnoted_ = {place.answer, std::move(line), std::move(noted.error().message)};
  BoundLog(place.answer);
}

// When that fails the log goes on as it is, and counts.
void Spool::BoundLog(std::uint64_t number) {
  Answer& answer = answers_[number];
  if (answer.log_bytes <= answer.most_log) return;
  const std::string text = answer.notes.Text();
  const std::uint64_t most = std::max(kShortLog, kTooLong * text.size());
  if (answer.log_bytes <= most || Rewrite(number, text)) answer.most_log = most;
}

// It is on the disk before it takes the log's name: a power failure might take all of it.
Result<void> Spool::Rewrite(std::uint64_t number, std::string_view text) {
  const std::string path = PathOf(number, kNewLog);
  ::unlink(path.c_str());  // of one that failed
  {
    const auto file = WriteSpoolFile(path, text);
    if (!file) return std::unexpected(file.error());
    if (::fdatasync(file->get()) != 0 ||
        std::rename(path.c_str(), PathOf(number, kLog).c_str()) != 0) {
      auto failed = base::FailWithErrno(path);
      ::unlink(path.c_str());
      return failed;
    }
  }
  SetLogBytes(answers_[number], text.size());
  if (unnoted_ && unnoted_->answer == number) unnoted_.reset();
  return {};
}

// Tries the line again that could not be written. Of an answer that has gone it means nothing.
void Spool::NoteAgain() {
  if (!unnoted_) return;
  base::Result<void> noted;
  if (answers_.contains(unnoted_->answer)) {
    noted = Append(unnoted_->answer, PathOf(unnoted_->answer, kLog), unnoted_->line);
  }
  if (noted) return unnoted_.reset();
  unnoted_->reason = std::move(noted.error().message);
}

Result<void> Spool::TryWrite(std::size_t bytes) {
  const base::MutexLock lock(mutex_);
  const std::string path = folder_ + "/probe";
  ::unlink(path.c_str());  // of a process that was killed
  const auto file = WriteSpoolFile(path, std::string(bytes, ' '));
  if (!file) return std::unexpected(file.error());
  Result<void> synced;
  if (::fdatasync(file->get()) != 0 || ::fsync(folder_fd_.get()) != 0)
    synced = base::FailWithErrno(path);
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
  answer.notes.done.insert(place.frame);
  if (answer.notes.done.size() < answer.frames) Note(place, "done");
  RemoveIfDone(place.answer);
}

void Spool::RemoveIfDone(std::uint64_t number) {
  const Answer& answer = answers_[number];
  if (answer.notes.done.size() >= answer.frames) Remove(number);
}

void Spool::Remove(std::uint64_t number) {
  const std::string path = PathOf(number, kAnswer);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    std::string reason = path + ": " + std::strerror(errno);
    if (unremoved_.insert_or_assign(number, std::move(reason)).second) {
      // So that the next start does not do it again.
      const std::set<std::size_t> done = answers_[number].notes.done;
      for (const std::size_t frame : done) Note({number, frame}, "done");
    }
    return;
  }
  // In this order: lines without an answer mean nothing.
  ::unlink(PathOf(number, kLog).c_str());
  bytes_ -= answers_[number].bytes + answers_[number].log_bytes;
  answers_.erase(number);
  unremoved_.erase(number);
}

Result<Spool::Left> Spool::Read(std::uint64_t number) {
  auto text = ReadSpoolFile(PathOf(number, kAnswer));
  if (!text) return std::unexpected(std::move(text.error()));
  Answer& answer = answers_[number];
  if (answer.unread) {
    auto notes = ReadSpoolLog(PathOf(number, kLog));
    if (!notes) return std::unexpected(std::move(notes.error()));
    answer.notes = std::move(*notes);
    answer.unread = false;
    BoundLog(number);
  }
  return Left{.answer = number, .text = std::move(*text), .notes = answer.notes};
}

std::optional<Spool::Left> Spool::TakeLeft() {
  const base::MutexLock lock(mutex_);
  while (!left_.empty()) {
    const std::uint64_t number = left_.front();
    auto left = Read(number);
    if (!left) unread_[number] = std::move(left.error().message);
    auto& place = answers_[number].place;
    place.splice(place.end(), left_, left_.begin());
    if (!left) continue;
    unread_.erase(number);
    return std::move(*left);
  }
  return std::nullopt;
}

void Spool::PutBack(std::uint64_t answer) noexcept {
  const base::MutexLock lock(mutex_);
  if (const auto found = answers_.find(answer); found != answers_.end()) Leave(found->second);
}

void Spool::SetAside(std::uint64_t answer) {
  const base::MutexLock lock(mutex_);
  // All that takes memory is before what cannot be undone.
  const std::string path = PathOf(answer, kAnswer);
  const std::string log = PathOf(answer, kLog);
  const std::string torn_path = PathOf(answer, kTornAnswer);
  const std::string torn_log = PathOf(answer, kTornLog);
  std::map<std::uint64_t, std::uint64_t> torn = {{answer, answers_[answer].bytes}};
  if (std::rename(path.c_str(), torn_path.c_str()) != 0) {
    unread_[answer] = path + " holds no frames, and cannot be set aside: " + std::strerror(errno);
    return;
  }
  (void)std::rename(log.c_str(), torn_log.c_str());
  torn_.merge(torn);
  bytes_ -= answers_[answer].log_bytes;
  answers_.erase(answer);
}

std::string Spool::KeepUnusable(std::uint64_t answer) {
  const base::MutexLock lock(mutex_);
  // All that takes memory is before what cannot be undone.
  const std::string written = PathOf(answer, kAnswer);
  std::string path = PathOf(answer, kUnusable);
  std::uint64_t bytes = answers_[answer].bytes;
  std::map<std::uint64_t, std::uint64_t> unusable = {{answer, bytes}};
  if (std::rename(written.c_str(), path.c_str()) != 0) {
    Remove(answer);  // it has no frames
    return {};
  }
  bytes_ -= bytes;  // it has no log
  answers_.erase(answer);
  const std::uint64_t share = most_bytes_ / kUnusableShare;
  if (bytes > share && ::truncate(path.c_str(), static_cast<off_t>(share)) == 0) bytes = share;
  unusable.begin()->second = bytes;
  unusable_.merge(unusable);
  BoundUnusable();
  if (!unusable_.contains(answer)) path.clear();
  return path;
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
    if (const auto found = answers_.find(number); found != answers_.end()) Leave(found->second);
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
