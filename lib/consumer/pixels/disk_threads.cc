#include "consumer/pixels/disk_threads.h"

#include <string>
#include <system_error>
#include <utility>

namespace sampleproc::consumer {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;

DiskThreads::~DiskThreads() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  arrived_.NotifyAll();
  for (std::thread& thread : threads) thread.join();
}

bool DiskThreads::AwaitEnd(const base::Deadline& end) {
  const MutexLock lock(mutex_);
  stopping_ = true;
  arrived_.NotifyAll();
  ended_.NotifyAll();
  while (alive_ > 0 && !end.Expired()) ended_.WaitUntil(mutex_, end);
  return alive_ == 0;
}

Result<void> DiskThreads::AddThread() {
  if (idle_ >= waiting_.size() || threads_.size() == most_) return {};
  try {
    threads_.emplace_back([this] { Work(); });
    ++alive_;
  } catch (const std::system_error& error) {
    if (!threads_.empty()) return {};  // those that there are come to it
    return Fail(ErrorCode::kOverloaded,
                std::string("there is no thread to read the frame's file: ") + error.what());
  }
  return {};
}

Result<FetchedPixels> DiskThreads::Run(Job job, const base::Allowance& allowance) {
  const auto task = std::make_shared<Task>(Task{.job = std::move(job)});
  const MutexLock lock(mutex_);
  waiting_.push_back(task);
  auto added = AddThread();
  arrived_.NotifyOne();
  while (added && !task->done && !stopping_ && !allowance.deadline.Expired() &&
         !allowance.cancel.Cancelled()) {
    ended_.WaitUntil(mutex_, allowance.deadline, allowance.cancel);
  }
  if (task->thrown) std::rethrow_exception(task->thrown);
  if (task->done) return std::move(*task->result);
  const bool had_not_begun = std::erase(waiting_, task) > 0;
  if (!added) return std::unexpected(std::move(added.error()));
  if (stopping_) return Fail(ErrorCode::kShuttingDown, "stopping");
  if (allowance.cancel.Cancelled()) return Fail(ErrorCode::kCancelled, "nobody waits for it");
  return Fail(ErrorCode::kRequestTimeout,
              had_not_begun
                  ? "the folder with the frames (consumer.storage_root) has not answered earlier "
                    "reads yet"
                  : "the folder with the frames (consumer.storage_root) does not answer");
}

void DiskThreads::Do(Task& task) noexcept {
  try {
    task.result = task.job();
  } catch (...) {
    task.thrown = std::current_exception();
  }
}

void DiskThreads::Work() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      ++idle_;
      arrived_.Wait(mutex_);
      --idle_;
      continue;
    }
    TaskPtr task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.Unlock();
    Do(*task);
    lock.Lock();
    task->done = true;
    ended_.NotifyAll();
    lock.Unlock();
    task.reset();  // of what nobody waits for any more, the memory too
    lock.Lock();
  }
  --alive_;
  ended_.NotifyAll();
}

}  // namespace sampleproc::consumer
