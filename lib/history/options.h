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

// Of the clips of events.
struct ClipOptions {
  // The folder, as that of the pictures, and another one. "" keeps none.
  std::string path;

  // What a clip shows besides the event itself: so long before it begins and after it ends. Longer
  // takes memory, for what comes is held for that long although nothing happens.
  std::chrono::milliseconds before = std::chrono::seconds(5);
  std::chrono::milliseconds after = std::chrono::seconds(5);

  // A clip is no longer than this, however long its event is.
  std::chrono::milliseconds longest = std::chrono::minutes(2);

  // Bytes of memory that pictures which were held take together, and those of one camera; the
  // oldest are let go for new ones. All of it is taken from the budget at the start, so that it
  // never stands in a frame's way.
  std::size_t memory = std::size_t{64} * 1024 * 1024;
  std::size_t camera_memory = std::size_t{16} * 1024 * 1024;

  // Of the files, as those of the pictures. What is being written counts in and stays.
  std::size_t bytes = std::size_t{10} * 1024 * 1024 * 1024;
  int files = 5'000;
  std::chrono::milliseconds age = std::chrono::hours(7 * 24);
};

}  // namespace sampleproc::history
