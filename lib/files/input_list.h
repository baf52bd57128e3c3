// The inputs a command line names, one at a time and always in the same order.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "files/name_list.h"

namespace sampleproc::files {

// A file to be read, or something that was named, or found, and cannot be.
struct Input {
  std::string path;  // as given, or the directory as given plus the name found; "-" is stdin
  std::optional<base::Error> error;
};

// Walks the arguments in the order given. A file that is named is taken whatever its name is. In a
// directory, names are taken in byte order: regular files (also behind symbolic links) whose
// extension is jpg, jpeg or png in any case, and with `recursive` the directories in it, except
// symbolic links to directories, so there are no loops. What is neither file nor directory is an
// error when named and passed over when found; a directory that cannot be read and a picture's link
// that leads nowhere are errors.
//
// Memory: the names of one directory for each level of nesting, however many files there are.
// Used by one thread at a time.
class InputList {
 public:
  // `names`, when given, go on where the arguments end; each of them is as if it were an argument.
  InputList(std::vector<std::string> arguments, bool recursive,
            std::unique_ptr<NameList> names = nullptr)
      : arguments_(std::move(arguments)), recursive_(recursive), names_(std::move(names)) {}

  // The next input, or nothing at the end.
  std::optional<Input> Next();

  // How many there are, when that can be said without reading directories.
  std::optional<std::size_t> Total() const;

 private:
  struct Directory {
    std::string path;
    std::vector<std::string> names;  // descending, so that the next one is the last
  };

  std::optional<Input> Named(const std::string& path);
  std::optional<Input> Listed(base::Result<std::string> name);
  std::optional<Input> Found(const std::string& path);
  std::optional<Input> Enter(const std::string& path);

  const std::vector<std::string> arguments_;
  const bool recursive_;
  const std::unique_ptr<NameList> names_;
  std::size_t next_argument_ = 0;
  std::vector<Directory> open_;  // outermost first
};

}  // namespace sampleproc::files
