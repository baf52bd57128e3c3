// Lines of the log on their way to a descriptor that may be a pipe whose reader is slow or asleep,
// or a disk that is full or hangs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "telemetry/crash_flush.h"

namespace sampleproc::telemetry {

// Writes on a thread of its own, in the order in which lines are put, so that nobody who logs waits
// for the reader. Lines that do not fit while kMostBytes wait are dropped, until half of that is
// free; so are those whose write fails. They are counted, and a line in their place says how many
// they were; after a write that failed that line is tried every kTrial. A crash of the process
// waits for those that are waiting (CrashFlush). Thread-safe.
class LogWriter {
 public:
  // The line, without its end, that says how many are missing in front of one made at `when`.
  // `error_number` is that of the write which failed; none when all of them found no room.
  using LossLine = std::function<std::string(std::uint64_t lost, base::WallTime when,
                                             std::optional<int> error_number)>;

  static constexpr std::chrono::milliseconds kTrial{1'000};
  // What waits at most; a single line may be larger.
  static constexpr std::size_t kMostBytes = 1U << 20;
  // Whoever takes nothing for so long is not waited for at the end.
  static constexpr std::chrono::milliseconds kStill{500};
  // At most this long does the end of the writer take for the lines that wait.
  static constexpr std::chrono::milliseconds kLastLines{2'000};

  // `fd` stays open for as long as the process lives.
  LogWriter(int fd, LossLine loss_line);
  // Writes what waits, as Flush. A write that does not end is left to itself.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Never waits and never throws. `counts`, if any, learns what becomes of the line.
  void Put(std::string&& line, std::shared_ptr<base::LineCounts> counts = {}) noexcept;

  // Waits until what was put before is written or lost: until `end`, or until nothing has been
  // taken for kStill. Returns whether it is.
  bool Flush(const base::Deadline& end);

  std::uint64_t lost_lines() const;
  // The error number of the last write; none when it succeeded, or there was none yet.
  std::optional<int> failure() const;

 private:
  class Queue;

  const std::shared_ptr<Queue> queue_;  // of the thread too, which may stay behind in a write
  std::thread thread_;
  const CrashFlush crash_flush_;
};

}  // namespace sampleproc::telemetry
