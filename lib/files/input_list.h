// The inputs a command line names, one at a time and always in the same order.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
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
  std::optional<base::Error> error = {};
  std::optional<std::size_t> argument = {};  // which of the arguments it came from, if from one
  bool recorded_requests = false;            // by its name, *.ndjson, or as it was given
};

// What a command line says.
struct InputNames {
  std::vector<std::string> arguments;
  bool recursive = false;
  bool raw_pixels = false;                    // files of raw pixels are looked for as well
  std::vector<std::string> requests = {};     // files of recorded requests
  std::unique_ptr<NameList> names = nullptr;  // each is as if it were an argument
  // Whether what a directory has by that path, whose name is not looked for, is the run's own, such
  // as the output that it writes: then it is not counted among what is passed over.
  std::function<bool(const std::string& path)> is_own = nullptr;
};

// Walks the arguments in the order given, then the requests, then the list. A file that is named is
// taken whatever its name is. In a directory, names are taken in byte order: regular files (also
// behind symbolic links) whose ending is that of a picture (jpg, jpeg, jpe, jfif, png, webp, npy)
// or a video (video::VideoEndings()) in either case, and with `recursive` the directories in it,
// except symbolic links to directories, so there are no loops. With `raw_pixels`, names that end in
// raw or a raw format's name are taken too. Recordings of requests are not looked for: the records
// of an earlier run have the same ending. Names that begin with a dot are passed over, files and
// directories. What is neither file, directory nor FIFO is an error when named; all but files and
// directories is passed over when found; a directory that cannot be read and a picture's link that
// leads nowhere are errors.
//
// Memory: the names of one directory for each level of nesting, however many files there are.
// Used by one thread at a time.
class InputList {
 public:
  explicit InputList(InputNames given) : given_(std::move(given)) {}

  // The next input, or nothing at the end.
  std::optional<Input> Next();

  // How many entries of directories are not taken, by why: "hidden", "without an ending", "not
  // regular", "that --recursive enters", "reached by a link" (directories), or a file's ending,
  // such as ".heic".
  const std::map<std::string, std::size_t>& passed_over() const { return passed_over_; }

  // Whether the list has come to its end without having had a name.
  bool has_empty_list() const { return has_empty_list_; }

  // How many there are, when that can be said without reading directories or the list.
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
  std::nullopt_t PassOver(const std::string& kind);

  InputNames given_;
  std::size_t next_argument_ = 0;
  std::size_t next_requests_ = 0;
  std::optional<std::size_t> argument_;  // the one that is being walked
  std::vector<Directory> open_;          // outermost first
  std::map<std::string, std::size_t> passed_over_;
  bool has_names_ = false;  // the list has had one
  bool has_empty_list_ = false;
};

}  // namespace sampleproc::files
