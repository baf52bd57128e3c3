// What is noted of an answer's frames beside it in the spool, and how that is read and written.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sampleproc::consumer {

// A log of lines: "try N", frame N is begun again after a crash; "back N", that was a stop, no
// crash; "done N", it needs nothing more. N counts from 0 in the order of the answer. What is no
// such line, or was cut off before its end, means nothing.
struct SpoolNotes {
  std::set<std::size_t> done;
  std::map<std::size_t, int> tries;  // those that no "back" has taken back; none is 0

  // Takes in one line without its newline.
  void Add(std::string_view line);
  // The fewest lines that say as much: nothing of the tries of frames that are done.
  std::string Text() const;
};

// Reads a log however long it is, a piece at a time: what it takes is bounded by the frames that it
// names. One that does not exist holds nothing. Fails with kIo, the path and the system's reason.
base::Result<SpoolNotes> ReadSpoolLog(const std::string& path);

// Adds a line, which ends with its newline; makes the file when it is missing. On failure, with
// kIo, the log is as it was, as far as the disk lets it.
base::Result<void> AppendToSpoolLog(const std::string& path, std::string_view line);

}  // namespace sampleproc::consumer
