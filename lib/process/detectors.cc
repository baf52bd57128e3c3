#include "process/detectors.h"

#include <algorithm>
#include <utility>

namespace sampleproc::process {

base::Result<std::shared_ptr<Detectors>> Detectors::Open(const Options& options,
                                                         const Pipelines& pipelines,
                                                         resources::MemoryBudget& budget) {
  std::shared_ptr<Detectors> detectors(new Detectors(options, budget));
  if (auto added = detectors->Add(pipelines); !added) return std::unexpected(added.error());
  return detectors;
}

base::Result<void> Detectors::Add(const Pipelines& pipelines) {
  const auto is_named = [&pipelines](const std::string& name) {
    return std::ranges::any_of(pipelines, [&name](const auto& steps) {
      return std::ranges::find(steps, name) != steps.end();
    });
  };
  for (const detect::DetectorOptions& each : options_.detectors) {
    if (!is_named(each.name) || Find(each.name) != nullptr) continue;
    auto opened = detect::Detector::Open(each, options_.models, budget_);
    if (!opened) {
      opened.error().message.insert(0, "detector." + each.name + ": ");
      return std::unexpected(opened.error());
    }
    const base::MutexLock lock(mutex_);
    (*opened)->Watch(watcher_);
    all_.push_back(std::move(*opened));
  }
  return {};
}

std::shared_ptr<detect::Detector> Detectors::Find(std::string_view name) const {
  const base::MutexLock lock(mutex_);
  for (const auto& detector : all_) {
    if (detector->options().name == name) return detector;
  }
  return nullptr;
}

std::vector<std::shared_ptr<detect::Detector>> Detectors::all() const {
  const base::MutexLock lock(mutex_);
  return all_;
}

bool Detectors::TakeTurns(const std::vector<std::string>& steps) const {
  const base::MutexLock lock(mutex_);
  return std::ranges::any_of(all_, [&steps](const auto& detector) {
    return detector->TakesTurns() &&
           std::ranges::find(steps, detector->options().name) != steps.end();
  });
}

void Detectors::Watch(detect::Session::OnWaiting watcher) {
  const base::MutexLock lock(mutex_);
  watcher_ = std::move(watcher);
  for (const auto& detector : all_) detector->Watch(watcher_);
}

}  // namespace sampleproc::process
