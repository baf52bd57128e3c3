// Works through inputs with several threads and hands out the records in the order of the inputs,
// so that the output is the same for any number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "base/deadline.h"
#include "base/error.h"
#include "files/record.h"
#include "files/task.h"

namespace sampleproc::files {

struct RunOptions {
  int jobs = 1;  // threads; 1 means the calling thread alone

  // Ends the run with the record of that many failures in order; nothing after it is handed out.
  // 1 is fail-fast, 0 goes on to the end.
  std::size_t max_failures = 0;
  std::size_t failed_before = 0;  // in an earlier run that this one goes on with; they count too
};

struct RunTotals {
  std::size_t done = 0;    // records handed out, failed ones included
  std::size_t failed = 0;  // of these
  bool stopped = false;    // by the stop flag, while there might have been more
  bool gave_up = false;    // with the last failure that RunOptions::max_failures allows
};

// The next frame, or nothing at the end. Called by changing threads, never twice at once; which
// thread it is decides nothing. A failure ends the run, and so does an exception, as kInternal.
using Take = std::function<base::Result<std::optional<Task>>()>;

// Called by any of the threads at any time, several at once; it may change what the record shows of
// the task, as its frame_id, or say that an output failed. An exception it throws becomes the error
// of that frame's record.
using Work = std::function<base::Result<frame::FrameResult>(Task& task)>;

// Called once for each record that is not silent, in order, never twice at once, but by changing
// threads. A failure ends the run, and so does an exception, as kInternal.
using Emit = std::function<base::Result<void>(const Record& record)>;

// Runs until the tasks end, `options.max_failures` is reached, `stop` is set, or something fails
// whose error is then returned: `take`, `emit`, or an output that `work` wrote. What was begun is
// finished and handed out, but nothing behind a failure of `emit` or of an output, nor from the
// first frame on that failed with kCancelled because its bytes were still waited for. A task that
// carries an error gets its record without any work. At most 4 * jobs records wait for an earlier
// one, so memory does not depend on the number of inputs.
base::Result<RunTotals> RunOrdered(const RunOptions& options, const Take& take, const Work& work,
                                   const Emit& emit, const base::CancelFlag& stop);

}  // namespace sampleproc::files
