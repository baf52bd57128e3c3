#include "consumer/spool.h"

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
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace sampleproc::consumer {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::string_view kAnswer = ".json";
constexpr std::string_view kLog = ".log";
constexpr std::string_view kUnfinished = ".tmp";
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;  // pictures of people

std::unexpected<base::Error> Unusable(const std::string& folder, std::string_view reason) {
  return Fail(ErrorCode::kConfig,
              "consumer.http.spool_dir, " + folder + ": " + std::string(reason));
}

std::unexpected<base::Error> Failed(const std::string& path) {
  return Fail(ErrorCode::kIo, path + ": " + std::strerror(errno));
}

std::optional<std::uint64_t> NumberOf(const fs::path& path) {
  const std::string stem = path.stem().string();
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (error != std::errc() || stop != stem.data() + stem.size()) return std::nullopt;
  return number;
}

std::string Text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
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

// Before anybody else uses it.
Result<void> Spool::FindLeft() {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    const auto number = NumberOf(entry.path());
    if (!number) continue;
    next_ = std::max(next_, *number + 1);
    if (entry.path().extension() == kUnfinished) ::unlink(entry.path().c_str());
    if (entry.path().extension() != kAnswer) continue;
    const std::uint64_t bytes = entry.file_size(error);
    if (error) break;
    answers_[*number].bytes = bytes;
    bytes_ += bytes;
  }
  if (error) return Unusable(folder_, error.message());
  for (const auto& [number, answer] : answers_) left_.push_back(number);
  return {};
}

std::uint64_t Spool::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::string Spool::PathOf(std::uint64_t answer, std::string_view ending) const {
  return folder_ + '/' + std::to_string(answer) + std::string(ending);
}

Result<void> Spool::WriteFile(const std::string& path, std::string_view text) const {
  const base::Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (file.get() < 0) return Failed(path);
  while (!text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0 && errno != EINTR) return Failed(path);
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fdatasync(file.get()) != 0) return Failed(path);
  return {};
}

Result<std::uint64_t> Spool::Write(std::string_view answer) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_++;
  }
  const std::string unfinished = PathOf(number, kUnfinished);
  auto written = WriteFile(unfinished, answer);
  if (written && (std::rename(unfinished.c_str(), PathOf(number, kAnswer).c_str()) != 0 ||
                  ::fsync(folder_fd_.get()) != 0)) {
    written = Failed(unfinished);
  }
  if (!written) {
    ::unlink(unfinished.c_str());
    return std::unexpected(std::move(written.error()));
  }
  const std::lock_guard lock(mutex_);
  answers_[number].bytes = answer.size();
  bytes_ += answer.size();
  return number;
}

void Spool::Expect(std::uint64_t answer, std::size_t frames) {
  const std::lock_guard lock(mutex_);
  answers_[answer].frames = frames;
  RemoveIfDone(answer);
}

void Spool::Note(const Place& place, std::string_view what) const {
  const base::Descriptor log(::open(PathOf(place.answer, kLog).c_str(),
                                    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode));
  const std::string line = std::string(what) + ' ' + std::to_string(place.frame) + '\n';
  // What cannot be noted is done again after a crash: no frame is lost by it.
  (void)!::write(log.get(), line.data(), line.size());
}

void Spool::Done(const Place& place) {
  const std::lock_guard lock(mutex_);
  Answer& answer = answers_[place.answer];
  answer.done.insert(place.frame);
  if (answer.done.size() < answer.frames) Note(place, "done");
  RemoveIfDone(place.answer);
}

// Under the lock.
void Spool::RemoveIfDone(std::uint64_t number) {
  const auto found = answers_.find(number);
  if (found->second.done.size() < found->second.frames) return;
  // In this order: lines without an answer mean nothing.
  ::unlink(PathOf(number, kAnswer).c_str());
  ::unlink(PathOf(number, kLog).c_str());
  bytes_ -= found->second.bytes;
  answers_.erase(found);
}

std::optional<Spool::Left> Spool::TakeLeft() {
  const std::lock_guard lock(mutex_);
  if (left_.empty()) return std::nullopt;
  Left left;
  left.answer = left_.front();
  left_.pop_front();
  left.text = Text(PathOf(left.answer, kAnswer));
  std::istringstream lines(Text(PathOf(left.answer, kLog)));
  std::string what;
  std::size_t frame = 0;
  while (lines >> what >> frame) {
    if (what == "done") left.done.insert(frame);
    if (what == "try") ++left.tries[frame];
    if (what == "back") --left.tries[frame];
  }
  answers_[left.answer].done = left.done;
  return left;
}

}  // namespace sampleproc::consumer
