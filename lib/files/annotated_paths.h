// Where process-file puts an annotated picture.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "files/task.h"

namespace sampleproc::files {

// Below one directory, by the name of the argument an input came from: the file "a/b.png" becomes
// DIR/b.png.jpg, and "d/e.png" found in the argument "x/d" becomes DIR/d/e.png.jpg. A frame of a
// video or of a recording is DIR/clip.mp4/000012.jpg, by its index. Two arguments with the same
// last component are refused, so each frame has a file of its own, also where one argument lies in
// another. An input that came from no argument (a list, recorded requests) keeps its whole path,
// ".." written as "__"; one that would so get among an argument's pictures is refused.
class AnnotatedPaths {
 public:
  // Fails with kUsage when pictures would be written over each other, over an argument, or where
  // the run, or the next one, looks for its inputs.
  static base::Result<AnnotatedPaths> Make(std::filesystem::path directory,
                                           const std::vector<std::string>& arguments,
                                           bool recursive);

  // Fails with kIo.
  base::Result<void> MakeDirectory() const;

  // Fails with kUsage.
  base::Result<std::filesystem::path> For(const Task& task) const;

 private:
  base::Result<std::filesystem::path> BaseFor(const Task& task) const;
  base::Result<std::filesystem::path> ForListed(const std::string& source) const;

  std::filesystem::path directory_;
  std::vector<std::string> arguments_;
};

}  // namespace sampleproc::files
