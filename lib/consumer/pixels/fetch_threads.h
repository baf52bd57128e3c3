// Threads that wait for pixels, so that no worker does.
#pragma once

#include <deque>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "consumer/pixels/fetchers.h"
#include "consumer/pixels/pixels.h"

namespace sampleproc::consumer {

class FetchThreads final : public Fetchers {
 public:
  // The references must outlive it. With fewer threads than were asked for when the system has no
  // more, but at least one.
  FetchThreads(int threads, PixelLoader& loader, base::Logger& log);
  // Stops.
  ~FetchThreads() override;

  void Start(PixelPlace place, base::Allowance allowance, OnFetched done) override;

  // Returns when every fetch has ended, which is soon when all allowances are cancelled; those that
  // had not begun end with kShuttingDown. No fetch may be started from now on.
  void Stop();

 private:
  struct Job {
    PixelPlace place;
    base::Allowance allowance;
    OnFetched done;
  };

  void Run();
  void Do(Job job) const noexcept;
  base::Result<FetchedPixels> Fetch(const Job& job) const noexcept;

  PixelLoader& loader_;
  base::Logger& log_;
  base::Mutex mutex_;
  base::CondVar arrived_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace sampleproc::consumer
