#include "telemetry/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace sampleproc::telemetry {
namespace {

// At most this much is written once a pipe reports room: POSIX takes as much in one piece.
constexpr std::size_t kPiece = 4096;
// Besides its text.
constexpr std::size_t kLineOverhead = 96;
constexpr int kLookMs = 100;
// For the thread to see that it is to end.
constexpr std::chrono::milliseconds kEndOfWrite{3 * kLookMs};

}  // namespace

class LogWriter::Queue {
 public:
  Queue(int fd, LossLine loss_line) : fd_(fd), loss_line_(std::move(loss_line)) {}

  void Put(std::string&& text, std::shared_ptr<base::LineCounts>&& counts) noexcept;
  bool Flush(const base::Deadline& end);
  // The thread ends when all is written; when `at_once`, with what it is at. Whether it has ended
  // until `end`.
  bool Close(bool at_once, const base::Deadline& end);
  void Run() noexcept;

  std::uint64_t lost_lines() const {
    const base::MutexLock lock(mutex_);
    return lost_lines_;
  }
  std::optional<int> failure() const {
    const base::MutexLock lock(mutex_);
    return failure_;
  }
  std::shared_ptr<const LogProgress> progress() const { return progress_; }

 private:
  struct Line {
    std::string text;
    std::shared_ptr<base::LineCounts> counts;
    base::WallTime when{};
    std::uint64_t lost_before = 0;
  };
  using Lines = std::list<Line>;  // splicing takes no memory

  static std::size_t BytesOf(const Line& line) { return line.text.size() + kLineOverhead; }

  bool Keep(Line&& line) noexcept REQUIRES(mutex_);
  bool AwaitPiece(Lines& piece);
  void WritePiece(Lines& piece);
  void TellLoss();
  void TellLast();
  void SettleFront(Lines& piece, bool written);
  std::string TextOf(const Lines& piece, std::vector<std::size_t>& ends) const;
  std::size_t WriteOut(std::string_view text);
  bool GivenUp() const;
  void NoteProgress();
  void NoteFailure(int error_number);

  const int fd_;
  const LossLine loss_line_;
  const std::shared_ptr<LogProgress> progress_ = std::make_shared<LogProgress>();

  std::uint64_t untold_ = 0;  // the thread's own: lost since the last line that was written
  std::optional<int> loss_;   // the thread's own: the error number of a write among them
  bool torn_ = false;         // the thread's own: the last line is there in part

  mutable base::Mutex mutex_;
  base::CondVar more_;     // for the thread
  base::CondVar settled_;  // for whoever waits for the thread
  Lines lines_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;  // of `lines_` and of what the thread is at
  bool full_ GUARDED_BY(mutex_) = false;
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;  // since the last line that was kept
  std::uint64_t lost_lines_ GUARDED_BY(mutex_) = 0;
  std::optional<int> failure_ GUARDED_BY(mutex_);  // of the last write
  bool idle_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  bool at_once_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
};

bool LogWriter::Queue::Keep(Line&& line) noexcept {
  const std::size_t bytes = BytesOf(line);
  if (full_ && bytes_ > kMostBytes / 2) return false;
  full_ = bytes_ > 0 && bytes_ + bytes > kMostBytes;
  if (full_) return false;
  try {
    lines_.push_back(std::move(line));
  } catch (const std::exception&) {
    return false;
  }
  bytes_ += bytes;
  return true;
}

void LogWriter::Queue::Put(std::string&& text,
                           std::shared_ptr<base::LineCounts>&& counts) noexcept {
  base::LineCounts* const told = counts.get();
  Line line{std::move(text), counts, base::SystemClock().Wall(), 0};
  const base::MutexLock lock(mutex_);
  line.lost_before = dropped_;
  if (!Keep(std::move(line))) {
    ++dropped_;
    ++lost_lines_;
    if (told != nullptr) ++told->lost;
    return;
  }
  dropped_ = 0;
  ++progress_->kept;
  if (!std::exchange(idle_, false)) return;
  more_.NotifyOne();
}

bool LogWriter::Queue::Flush(const base::Deadline& end) {
  const base::MutexLock lock(mutex_);
  const std::uint64_t wanted = progress_->kept;
  std::uint64_t seen = progress_->writes;
  base::Deadline still(base::SystemClock(), kStill);
  while (progress_->settled < wanted && !end.Expired() && !still.Expired()) {
    settled_.WaitUntil(mutex_, base::Deadline::Earlier(end, still));
    if (std::exchange(seen, progress_->writes) != progress_->writes)
      still = base::Deadline(base::SystemClock(), kStill);
  }
  return progress_->settled >= wanted;
}

bool LogWriter::Queue::Close(bool at_once, const base::Deadline& end) {
  const base::MutexLock lock(mutex_);
  closing_ = true;
  at_once_ = at_once_ || at_once;
  more_.NotifyAll();
  while (!ended_ && !end.Expired()) settled_.WaitUntil(mutex_, end);
  return ended_;
}

void LogWriter::Queue::Run() noexcept {
  progress_->thread = ::gettid();
  Lines piece;
  while (AwaitPiece(piece)) {
    if (piece.empty() && untold_ > 0) TellLoss();
    while (!piece.empty()) {
      try {
        WritePiece(piece);
      } catch (const std::exception&) {  // no memory
        SettleFront(piece, false);
      }
    }
  }
  TellLast();
  const base::MutexLock lock(mutex_);
  ended_ = true;
  settled_.NotifyAll();
}

// Whole lines, so that those of others who write to the same pipe come between them. None: it is
// time to try whether it can be written again. False: it is the end.
bool LogWriter::Queue::AwaitPiece(Lines& piece) {
  const base::MutexLock lock(mutex_);
  const bool failed = failure_ && untold_ > 0;
  const base::Deadline trial(base::SystemClock(), failed ? kTrial : base::kForever);
  while (lines_.empty() && !closing_ && !trial.Expired()) {
    idle_ = true;
    more_.WaitUntil(mutex_, trial);
  }
  idle_ = false;
  if (lines_.empty() && !closing_) return true;
  if (lines_.empty() || at_once_) return false;
  std::size_t size = 0;
  do {
    size += lines_.front().text.size() + 1;
    piece.splice(piece.end(), lines_, lines_.begin());
  } while (!lines_.empty() && size + lines_.front().text.size() < kPiece);
  return true;
}

std::string LogWriter::Queue::TextOf(const Lines& piece, std::vector<std::size_t>& ends) const {
  std::string text(torn_ ? "\n" : "");
  std::uint64_t lost = untold_;
  for (const Line& line : piece) {
    lost += line.lost_before;
    if (lost > 0) text += loss_line_(lost, line.when, loss_) + '\n';
    lost = 0;
    text += line.text;
    text += '\n';
    ends.push_back(text.size());
  }
  return text;
}

// Settles the lines of the piece up to the first that is lost, that one included.
void LogWriter::Queue::WritePiece(Lines& piece) {
  std::vector<std::size_t> ends;
  const std::string text = TextOf(piece, ends);
  const std::size_t written = WriteOut(text);
  if (written > 0) torn_ = text[written - 1] != '\n';
  for (const std::size_t end : ends) {
    SettleFront(piece, end <= written);
    if (end > written) return;
  }
}

void LogWriter::Queue::SettleFront(Lines& piece, bool written) {
  const Line line = std::move(piece.front());
  piece.pop_front();
  untold_ = written ? 0 : untold_ + line.lost_before + 1;
  if (written) loss_.reset();
  if (line.counts) ++(written ? line.counts->written : line.counts->lost);
  const base::MutexLock lock(mutex_);
  bytes_ -= BytesOf(line);
  ++progress_->settled;
  if (!written) ++lost_lines_;
  settled_.NotifyAll();
}

// Without a line that it stands in front of.
void LogWriter::Queue::TellLoss() {
  try {
    const std::string line =
        (torn_ ? "\n" : "") + loss_line_(untold_, base::SystemClock().Wall(), loss_) + '\n';
    const std::size_t written = WriteOut(line);
    if (written > 0) torn_ = line[written - 1] != '\n';
    if (written == line.size()) {
      untold_ = 0;
      loss_.reset();
    }
  } catch (const std::exception&) {  // no memory
    return;
  }
}

// What no later line tells any more.
void LogWriter::Queue::TellLast() {
  {
    const base::MutexLock lock(mutex_);
    if (at_once_) return;
    untold_ += std::exchange(dropped_, 0);
  }
  if (untold_ > 0) TellLoss();
}

bool LogWriter::Queue::GivenUp() const {
  const base::MutexLock lock(mutex_);
  return at_once_;
}

void LogWriter::Queue::NoteProgress() {
  const base::MutexLock lock(mutex_);
  ++progress_->writes;
  failure_.reset();
  settled_.NotifyAll();
}

void LogWriter::Queue::NoteFailure(int error_number) {
  loss_ = error_number;
  const base::MutexLock lock(mutex_);
  failure_ = error_number;
}

// Returns how much was taken: less than all when a write failed, or when it is to end at once.
std::size_t LogWriter::Queue::WriteOut(std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    pollfd ready{fd_, POLLOUT, 0};
    const bool given_up = GivenUp();
    const int room = ::poll(&ready, 1, given_up ? 0 : kLookMs);
    if (room == 0 && !given_up) continue;
    if (room == 0) break;
    if (room < 0 && errno == EINTR) continue;
    if (room < 0) {
      NoteFailure(errno);
      break;
    }
    const ssize_t written = ::write(fd_, text.data() + done, std::min(text.size() - done, kPiece));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN && !given_up) {
      ::poll(nullptr, 0, 1);
      continue;
    }
    if (written <= 0) {
      NoteFailure(written < 0 ? errno : EIO);
      break;
    }
    done += static_cast<std::size_t>(written);
    NoteProgress();
  }
  return done;
}

LogWriter::LogWriter(int fd, LossLine loss_line)
    : queue_(std::make_shared<Queue>(fd, std::move(loss_line))),
      thread_([queue = queue_] { queue->Run(); }),
      crash_flush_(queue_->progress()) {}

LogWriter::~LogWriter() {
  const bool all = queue_->Flush(base::Deadline(base::SystemClock(), kLastLines));
  if (queue_->Close(!all, base::Deadline(base::SystemClock(), kEndOfWrite)) ||
      queue_->Close(true, base::Deadline(base::SystemClock(), kEndOfWrite))) {
    thread_.join();
  } else {
    thread_.detach();  // it hangs in a write
  }
}

void LogWriter::Put(std::string&& line, std::shared_ptr<base::LineCounts> counts) noexcept {
  queue_->Put(std::move(line), std::move(counts));
}

bool LogWriter::Flush(const base::Deadline& end) { return queue_->Flush(end); }

std::uint64_t LogWriter::lost_lines() const { return queue_->lost_lines(); }

std::optional<int> LogWriter::failure() const { return queue_->failure(); }

}  // namespace sampleproc::telemetry
