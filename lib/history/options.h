// What is kept of events, and for how long.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace sampleproc::history {

struct Options {
  // Of the database, which is made when it is not there; beside it are path-wal and path.lock.
  // No other program reads it while it is in use. "" keeps no history.
  std::string path;

  // Older messages are deleted. Longer costs nothing but disk.
  std::chrono::milliseconds age = std::chrono::hours(30 * 24);

  // Of all its files together. What would be beyond pushes out the oldest.
  std::size_t bytes = std::size_t{1024} * 1024 * 1024;
};

// Of the pictures of events.
struct SnapshotOptions {
  // The folder, which is made when it is not there and its parent is; one process uses it at a
  // time.
  // "" keeps none.
  std::string path;

  // What would be beyond pushes out the oldest. A file is as large as the frame was that came,
  // about 50 to 500 kB; what is known of one takes 192 bytes of memory.
  std::size_t bytes = std::size_t{1024} * 1024 * 1024;
  int files = 20'000;

  // Older pictures are deleted.
  std::chrono::milliseconds age = std::chrono::hours(30 * 24);
};

}  // namespace sampleproc::history
