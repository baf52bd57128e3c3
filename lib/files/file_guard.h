// Keeps a run from writing over what it reads, and from writing two things into one file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "files/identity.h"

namespace sampleproc::files {

// The error of an output, called `output`, that is `destroyed` too.
std::unexpected<base::Error> WouldDestroy(const std::string& output, const std::string& destroyed);

// The one way to what is at `path`, or would be there once it is written: without links, dots and a
// slash at its end.
std::filesystem::path ShortestWayTo(const std::filesystem::path& path);

// Two names of one file are seen to be one: links, devices, redirected standard input and output,
// and, where nothing is there yet, paths that lead to one place. What holds no bytes, as a
// terminal, a pipe or /dev/null, is never destroyed. Used by one thread at a time; CheckRead and
// CheckWrite by any.
class FileGuard {
 public:
  // The run writes `path` ("-" is standard output), which messages call `name`. Fails with kUsage
  // when it is a file that was added before, read or written.
  base::Result<void> Write(const std::string& path, const std::string& name);

  // The run reads `path` ("-" is standard input), `what` it is to the run. Fails with kUsage when
  // it is a file that is written.
  base::Result<void> Read(const std::string& path, const std::string& what);

  // The same, without remembering it.
  base::Result<void> CheckWrite(const std::string& path, const std::string& name) const;
  base::Result<void> CheckRead(const std::string& path, const std::string& what) const;

  // Whether there is a written one that could be an input.
  bool HasWritten() const { return !written_.empty(); }

  // The written ones that are, or are to be, in `folder`.
  std::vector<std::filesystem::path> WrittenIn(const std::filesystem::path& folder) const;

 private:
  struct File {
    std::string name;
    std::optional<Identity> identity;  // of one that is there
    std::filesystem::path path;        // the shortest way to it; empty for what keeps nothing

    static File At(const std::string& path, int descriptor_of_dash, std::string name);
    bool HasBytes() const { return identity || !path.empty(); }
    bool IsSameAs(const File& other) const;
  };

  static base::Result<void> Check(const std::vector<File>& known, const File& file, bool is_output);

  std::vector<File> written_;
  std::vector<File> read_;
  bool writes_to_dash_ = false;
};

}  // namespace sampleproc::files
