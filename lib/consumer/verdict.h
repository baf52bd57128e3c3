// What a failure means for a pulled frame: the consumer's side of "one error, one meaning".
#pragma once

#include "base/error.h"

namespace sampleproc::consumer {

enum class Verdict {
  // The frame is sound, something around it is not (no memory, a full queue, a dependency that is
  // away, a password that is wrong): it waits and is tried again, for as long as that lasts. Takes
  // none of its lives; what it waits for is told as a condition.
  kTransient,

  // The frame or we may be at fault (its work took too long, a bug): it is tried again
  // consumer.max_retries times, then it is dead with the code's name as the reason.
  kDoubtful,

  // It cannot be done however often it is tried: dead at once, with the code's name as the reason.
  kFrameFault,

  // Its pixels are nowhere: dropped or dead, as consumer.no_pixels says.
  kNoPixels,

  // We stop, or whoever asked is gone: it goes back to its source.
  kReturned,
};

// The verdict on a frame that failed with `code`. A pure function; the same table as HTTP's status
// (http/error_response.h) and the exit code (apps/exit_code.h), tested as one:
// tests/unit/apps/error_table_test.cc.
Verdict VerdictOf(base::ErrorCode code);

}  // namespace sampleproc::consumer
