// The disk below a run's spool: its files are real, its faults are the plan's, and it syncs at
// once.
#pragma once

#include <functional>
#include <string>

namespace sampleproc::sim {

// One at a time: this binary's open, write, rename, fsync and flock look for it (disk.cc). What is
// not below its folder is as ever.
class Disk {
 public:
  // A folder of its own, removed with the disk. While `full` says so, nothing can be written.
  explicit Disk(std::function<bool()> full);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& folder() const { return folder_; }
  // As the kernel does when a process ends: its files are closed, with the locks on them.
  void CloseAll();

 private:
  std::string folder_;
};

}  // namespace sampleproc::sim
