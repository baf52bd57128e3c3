// Where the frames of a frame buffer's answer are written down.
#pragma once

#include <string>
#include <utility>

namespace sampleproc::consumer {

// A file of a spool, which the next start does again as long as its frames are not done.
class SpooledAnswer {
 public:
  explicit SpooledAnswer(std::string path) : path_(std::move(path)) {}

  // Whether the file is there at this moment: somebody may have removed it, or the folder. Asks the
  // disk.
  bool IsThere() const;

 private:
  const std::string path_;
};

}  // namespace sampleproc::consumer
