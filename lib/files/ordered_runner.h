// Works through inputs with several threads and hands out the records in the order of the inputs,
// so that the output is the same for any number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "files/input_list.h"
#include "files/record.h"

namespace sampleproc::files {

struct RunOptions {
  int jobs = 1;  // threads; 1 means the calling thread alone

  // Ends the run with the record of that many failures in order; nothing after it is handed out.
  // 1 is fail-fast, 0 goes on to the end.
  std::size_t max_failures = 0;
};

// One input that a worker has taken.
struct Task {
  frame::SourceRef source;
  std::string frame_id;  // "<source>#<index>"
  int worker = 0;        // 0 .. jobs - 1; one task at a time has a given number
};

struct RunTotals {
  std::size_t done = 0;    // records handed out, failed ones included
  std::size_t failed = 0;  // of these
  bool stopped = false;    // by the stop flag, while there might have been more
};

// Called by any of the threads at any time, several at once. An exception it throws becomes the
// error of that frame's record.
using Work = std::function<base::Result<frame::FrameResult>(const Task& task)>;

// Called once for each record, in order, never twice at once, but by changing threads. A failure
// ends the run, and so does an exception, as kInternal.
using Emit = std::function<base::Result<void>(const Record& record)>;

// Runs until the inputs end, `options.max_failures` is reached, `emit` fails (whose error is
// returned) or `stop` is set; then what was begun is finished and handed out. An input that carries
// an error gets its record without any work. At most 4 * jobs records wait for an earlier one, so
// memory does not depend on the number of inputs.
base::Result<RunTotals> RunOrdered(const RunOptions& options, InputList& inputs, const Work& work,
                                   const Emit& emit, const base::CancelFlag& stop);

}  // namespace sampleproc::files
