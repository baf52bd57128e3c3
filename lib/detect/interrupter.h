// Ends runs of a library when their deadline passes or whoever wanted them is gone.
#pragma once

#include <functional>
#include <list>
#include <thread>

#include "base/deadline.h"
#include "base/mutex.h"

namespace sampleproc::detect {

// One thread that sleeps until the next deadline. Thread-safe.
class Interrupter {
 public:
  Interrupter();
  ~Interrupter();
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;

 private:
  struct Watched {
    base::Deadline deadline;
    const std::function<void()>& stop;
  };

 public:
  // A run that is watched for as long as this exists. `stop` is called once at each of the two
  // ends, from any thread, and must outlive this; never after the destructor.
  class Watch {
   public:
    Watch(Interrupter& interrupter, const base::Allowance& allowance,
          const std::function<void()>& stop);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Interrupter& interrupter_;
    std::list<Watched>::iterator place_;
    const base::CancelWatch cancel_;
  };

 private:
  void Work();

  base::Mutex mutex_;
  base::CondVar changed_;
  std::list<Watched> watched_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last, so that it starts when all else is there
};

}  // namespace sampleproc::detect
