#include "consumer/pixels/fetch_threads.h"

#include <exception>
#include <new>
#include <utility>

#include "base/out_of_memory.h"

namespace sampleproc::consumer {

using base::ErrorCode;

FetchThreads::FetchThreads(int threads, PixelLoader& loader, base::Logger& log)
    : loader_(loader), log_(log) {
  threads_.reserve(static_cast<std::size_t>(threads));
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
  } catch (const std::exception& error) {
    if (threads_.empty()) throw;
    log_.Warning("fewer threads fetch pixels than consumer.fetches says",
                 {{"threads", static_cast<std::int64_t>(threads_.size())},
                  {"error", std::string_view(error.what())}});
  }
}

FetchThreads::~FetchThreads() { Stop(); }

void FetchThreads::Start(PixelPlace place, base::Allowance allowance, OnFetched done) {
  {
    const base::MutexLock lock(mutex_);
    jobs_.push_back({std::move(place), std::move(allowance), std::move(done)});
  }
  arrived_.NotifyOne();
}

void FetchThreads::Stop() {
  std::deque<Job> left;
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    left.swap(jobs_);
  }
  arrived_.NotifyAll();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  for (Job& job : left) job.done(base::Fail(ErrorCode::kShuttingDown, "stopping"));
}

void FetchThreads::Run() {
  base::MutexLock lock(mutex_);
  for (;;) {
    while (jobs_.empty() && !stopping_) arrived_.Wait(mutex_);
    if (stopping_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.Unlock();
    Do(std::move(job));
    lock.Lock();
  }
}

void FetchThreads::Do(Job job) const noexcept { job.done(Fetch(job)); }

base::Result<FetchedPixels> FetchThreads::Fetch(const Job& job) const noexcept {
  try {
    return loader_.Fetch(job.place, job.allowance);
  } catch (const std::bad_alloc&) {
    return base::OutOfMemory();
  } catch (const std::exception& error) {
    log_.Error("a fetch of pixels threw", {{"error", std::string_view(error.what())}});
    return base::Fail(ErrorCode::kInternal, "a bug");
  }
}

}  // namespace sampleproc::consumer
