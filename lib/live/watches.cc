#include "live/watches.h"

#include <utility>

namespace sampleproc::live {

void Watches::Replace(const cameras::AllOptions& cameras, const cameras::Directory& directory) {
  std::map<std::string, std::shared_ptr<CameraWatch>> old;
  std::vector<std::string> fresh;
  {
    const base::MutexLock lock(mutex_);
    old = std::exchange(watches_, {});
    for (const auto& [id, options] : cameras) {
      if (options.url.empty()) continue;
      const auto known = old.find(id);
      if (known == old.end() || !known->second->IsFor(options, directory.Find(id))) {
        fresh.push_back(id);
        continue;
      }
      watches_.emplace(id, std::move(known->second));
      old.erase(known);
    }
  }
  // The old ones end, all at once, before the new ones begin: a camera may take one client only.
  for (const auto& [id, watch] : old) watch->BeginStop();
  old.clear();
  context_.logins.Configured();
  for (const std::string& id : fresh) {
    auto watch = std::make_shared<CameraWatch>(id, cameras.at(id), directory.Find(id), context_);
    const base::MutexLock lock(mutex_);
    watches_.emplace(id, std::move(watch));
  }
}

void Watches::BeginStop() {
  const base::MutexLock lock(mutex_);
  for (const auto& [id, watch] : watches_) watch->BeginStop();
}

void Watches::Cancel() {
  const base::MutexLock lock(mutex_);
  for (const auto& [id, watch] : watches_) watch->Cancel();
}

// Who asks for the gauges meanwhile does not wait.
void Watches::AwaitIdle(const base::Deadline& end) {
  std::vector<std::shared_ptr<CameraWatch>> all;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [id, watch] : watches_) all.push_back(watch);
  }
  for (const auto& watch : all) watch->AwaitIdle(end);
}

std::vector<cameras::CameraGauges> Watches::gauges() const {
  std::vector<cameras::CameraGauges> gauges;
  const base::MutexLock lock(mutex_);
  gauges.reserve(watches_.size());
  for (const auto& [id, watch] : watches_) gauges.push_back(watch->gauges());
  return gauges;
}

}  // namespace sampleproc::live
