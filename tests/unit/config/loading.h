// What the tests of config/ share: files with given text, and diagnostics as one string.
#pragma once

#include <string>

#include "config/loader.h"

namespace sampleproc::config {

// A directory that goes away with its owner.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  std::string Write(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name = "") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class TempFile {
 public:
  explicit TempFile(const std::string& text) : path_(dir_.Write("t.toml", text)) {}
  const std::string& path() const { return path_; }

 private:
  TempDir dir_;
  std::string path_;
};

// The name of a file without contents: nothing of the machine's own configuration gets in.
inline std::string Empty() { return "/dev/null"; }

// All diagnostics, with directories cut off the names of files.
std::string Render(const Loaded& loaded);

// The diagnostics of a file with this text.
std::string RenderFile(const std::string& text);

}  // namespace sampleproc::config
