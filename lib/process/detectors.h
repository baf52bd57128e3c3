// The neural detectors of a pipeline: the part of their steps that all workers share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "cameras/directory.h"
#include "detect/detector.h"
#include "process/options.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// Any thread. A detector that has been opened stays.
class Detectors {
 public:
  using Pipelines = cameras::Directory::Pipelines;

  // Opens the detectors that the pipelines name, each once; `options` and `budget` must outlive
  // them. Fails as detect::Detector::Open fails.
  static base::Result<std::shared_ptr<Detectors>> Open(const Options& options,
                                                       const Pipelines& pipelines,
                                                       resources::MemoryBudget& budget);

  // Opens those that are not open yet. One thread at a time.
  base::Result<void> Add(const Pipelines& pipelines);

  // The detector of the step `name`, or null.
  std::shared_ptr<detect::Detector> Find(std::string_view name) const;

  std::vector<std::shared_ptr<detect::Detector>> all() const;

  // Whether one of these steps is a network that frames wait for one after the other.
  bool TakeTurns(const std::vector<std::string>& steps) const;

  // Is told of frames that wait so, as by detect::Session::Watch, for all detectors: also for those
  // that are opened later.
  void Watch(detect::Session::OnWaiting watcher);

 private:
  Detectors(const Options& options, resources::MemoryBudget& budget)
      : options_(options), budget_(budget) {}

  const Options& options_;
  resources::MemoryBudget& budget_;
  mutable base::Mutex mutex_;
  std::vector<std::shared_ptr<detect::Detector>> all_ GUARDED_BY(mutex_);
  detect::Session::OnWaiting watcher_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::process
