// Which settings the frames of a camera have. The same for every door.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "cameras/options.h"
#include "frame/camera.h"

namespace sampleproc::cameras {

// Thread-safe.
class Directory {
 public:
  // `defaults` are those of cameras that nobody has configured, and of frames without a camera;
  // what stands in a camera's options beats them.
  Directory(frame::CameraSettings defaults, const AllOptions& cameras);

  // Never null. What a frame was given stays as it is, whatever Replace does.
  frame::CameraPtr Find(const std::optional<std::string>& camera_id) const;

  // Puts `cameras` in the place of those that there were. A camera whose settings are the same goes
  // on as if nothing had happened.
  void Replace(const AllOptions& cameras);

  // Every list of steps that a camera has, and the defaults': now, or with `cameras`.
  using Pipelines = std::set<std::vector<std::string>>;
  Pipelines pipelines() const;
  Pipelines PipelinesOf(const AllOptions& cameras) const;

  std::size_t size() const;               // configured cameras
  std::vector<std::string> ids() const;   // theirs, sorted
  bool Has(const std::string& id) const;  // whether it is configured

 private:
  using Table = std::unordered_map<std::string, frame::CameraPtr>;

  std::shared_ptr<const Table> Now() const;
  frame::CameraSettings Resolve(const Options& options) const;

  const frame::CameraPtr defaults_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const Table> table_ GUARDED_BY(mutex_);
  Pipelines pipelines_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::cameras
