// Where process-file puts an annotated picture.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace sampleproc::apps {

// Below one directory, by the name of the argument an input came from: the file "a/b.png" becomes
// DIR/b.png.jpg, and "d/e.png" found in the argument "x/d" becomes DIR/d/e.png.jpg. Names are
// unique because two arguments with the same last component are refused. An input from a list of
// files keeps its whole path, without "..": two that differ only in that write over each other.
class AnnotatedPaths {
 public:
  // Fails with kUsage when two arguments would write over each other, or when pictures would be
  // written where the run, or the next one, looks for its inputs; kIo when `directory` cannot be
  // made.
  static base::Result<AnnotatedPaths> Make(std::filesystem::path directory,
                                           const std::vector<std::string>& arguments,
                                           bool recursive);

  // `source` is an argument, begins with one and '/', or is from a list of files.
  std::filesystem::path For(const std::string& source) const;

 private:
  std::filesystem::path directory_;
  std::vector<std::string> arguments_;
};

}  // namespace sampleproc::apps
