#include "cameras/directory.h"

#include <algorithm>
#include <utility>

namespace sampleproc::cameras {

Directory::Directory(frame::CameraSettings defaults, const AllOptions& cameras)
    : defaults_(std::make_shared<const frame::Camera>(std::move(defaults))),
      table_(std::make_shared<const Table>()) {
  Replace(cameras);
}

namespace {

// In the order of their names, so that the same configuration always is the same scene.
frame::Scene SceneOf(const Options& options) {
  frame::Scene scene;
  for (const auto& [name, zone] : options.zones) {
    scene.zones.push_back({name, zone.polygon, zone.classes, zone.dwell});
  }
  for (const auto& [name, line] : options.lines) {
    scene.lines.push_back(
        {name, line.from.value_or(frame::Point{}), line.to.value_or(frame::Point{}), line.classes});
  }
  return scene;
}

}  // namespace

frame::CameraSettings Directory::Resolve(const Options& options) const {
  frame::CameraSettings settings = defaults_->settings();
  settings.is_configured = true;
  if (!options.pipeline.empty()) settings.pipeline = options.pipeline;
  settings.own_threshold = options.threshold > 0;
  if (settings.own_threshold) settings.threshold = options.threshold;
  settings.classes = options.classes;
  settings.mask = options.mask;
  settings.fps = options.fps;
  settings.scene = SceneOf(options);
  if (options.max_age.count() > 0) settings.max_age = options.max_age;
  return settings;
}

frame::CameraPtr Directory::Find(const std::optional<std::string>& camera_id) const {
  if (!camera_id) return defaults_;
  const std::shared_ptr<const Table> table = Now();
  const auto found = table->find(*camera_id);
  return found == table->end() ? defaults_ : found->second;
}

void Directory::Replace(const AllOptions& cameras) {
  const std::shared_ptr<const Table> before = Now();
  auto table = std::make_shared<Table>();
  for (const auto& [id, options] : cameras) {
    frame::CameraSettings settings = Resolve(options);
    const auto known = before->find(id);
    table->emplace(id, known != before->end() && known->second->settings() == settings
                           ? known->second
                           : std::make_shared<const frame::Camera>(std::move(settings)));
  }
  Pipelines pipelines = PipelinesOf(cameras);
  const base::MutexLock lock(mutex_);
  table_ = std::move(table);
  pipelines_ = std::move(pipelines);
}

Directory::Pipelines Directory::PipelinesOf(const AllOptions& cameras) const {
  Pipelines pipelines = {defaults_->settings().pipeline};
  for (const auto& [id, options] : cameras) {
    if (!options.pipeline.empty()) pipelines.insert(options.pipeline);
  }
  return pipelines;
}

Directory::Pipelines Directory::pipelines() const {
  const base::MutexLock lock(mutex_);
  return pipelines_;
}

std::shared_ptr<const Directory::Table> Directory::Now() const {
  const base::MutexLock lock(mutex_);
  return table_;
}

std::size_t Directory::size() const { return Now()->size(); }

bool Directory::Has(const std::string& id) const { return Now()->contains(id); }

std::vector<std::string> Directory::ids() const {
  const std::shared_ptr<const Table> table = Now();
  std::vector<std::string> ids;
  ids.reserve(table->size());
  for (const auto& [id, camera] : *table) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

}  // namespace sampleproc::cameras
