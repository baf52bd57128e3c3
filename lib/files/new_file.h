// Files that are written as a whole before they have the name that they are to get.
#pragma once

#include <expected>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace sampleproc::files {

// The descriptor of a file without a name in `folder`, to be read and written, which is gone with
// its last descriptor unless it is given a name; none, with errno, where it cannot be made: not
// every file system has such files.
base::Descriptor OpenNameless(const std::string& folder, unsigned mode);

// Writes what the file `from` holds over that of the file `path`, which has to be there; whether
// that went well, else errno says why. When the disk has no room for it, `path` is left as it was.
bool WriteOver(int from, const std::string& path);

// A file that is to become the file `target`. It has no name meanwhile where the file system can do
// that (Linux's do, NFS and FAT do not), so that nothing of it is left of a process that is killed;
// else, and for the moment in which it takes the place of an old file, it is called
// .sampleproc-NAME.part in the same folder, or -1, -2 … behind NAME beside other runs. A file of
// such a name is taken away by the next one with that target when no process has it any more
// (sole_writer.h); where files cannot be locked, it stays. Unless it was put in its place or is
// kept, it is gone with the object. Used by one thread at a time.
class NewFile {
 public:
  // Fails with the reason of the file system.
  static std::expected<NewFile, std::error_code> Make(const std::string& target);

  // Of a file with a name, open to be read and written, that stays when it is not put in its place.
  static NewFile Of(base::Descriptor file, std::string name, std::string target);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int fd() const { return file_.get(); }

  // The file that a process that is gone had left, and Make took away; "" when there was none.
  const std::string& removed() const { return removed_; }

  // It becomes the file `target`, also in the place of one that is there. Once, as PutWhereNone.
  std::error_code Put();

  // The same only if there is none by now, in one step.
  std::error_code PutWhereNone();

  // It stays, under a name of its own, which is returned: TARGET.PID.part, or the one of Of.
  std::expected<std::string, std::error_code> Keep();

  // It goes, also one of Of.
  void Drop();

 private:
  NewFile(base::Descriptor file, std::string name, std::string target)
      : file_(std::move(file)), name_(std::move(name)), target_(std::move(target)) {}

  bool Link(const std::string& name) const;
  bool TakeName();
  bool IsStored() const;

  base::Descriptor file_;
  std::string name_;  // "" when it has none, or that of `target`
  std::string target_;
  std::string removed_;
  bool stays_ = false;  // under its name
};

// The names of which NewFile of that target takes a file away that nobody has any more.
std::vector<std::string> NewFileNames(const std::string& target);

// Whether a file called `name` is one on its way to become the file called `target`, or was.
bool IsNewFileOf(const std::string& name, const std::string& target);

}  // namespace sampleproc::files
