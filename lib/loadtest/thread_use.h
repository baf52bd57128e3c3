// What a thread of the generator needs of the machine, and what it asks of it.
#pragma once

namespace sampleproc::loadtest {

// What the calling thread has used of a core and how long it has waited for one
// (/proc/thread-self/schedstat), in seconds since it began.
struct ThreadTimes {
  double cpu = 0;
  double waited = 0;
};

ThreadTimes OwnTimes();

// Asks the kernel to wake the calling thread when its time has come, not 50 us later, and for turns
// so short (Linux 6.12 and later) that it need not wait for the whole turn of another. Older
// kernels refuse; the run is then as late as it says. Priority is not asked for: it would be the
// target's.
void AskForPromptWakeUps();

}  // namespace sampleproc::loadtest
