// Where a command writes its records.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "files/checkpoint.h"
#include "files/new_file.h"
#include "files/stop_descriptor.h"

namespace sampleproc::apps {

enum class OutputMode {
  kReplace,       // a file is written beside the one of that name and takes its place in Commit
  kReplaceVideo,  // as kReplace; of a video, which is a regular file written at any offset
  kInPlace,       // a file is emptied and written where it is, for those who read along
  kAppend,        // what is there stays, and more comes behind it
  kGoOn,          // as kAppend, behind the first bytes of an interrupted run
};

// Standard output, a file, or a device; closes what it opened. A name of an open descriptor
// (base::FindDescriptorName) is written as that one is, where it stands, in every mode but kGoOn,
// and that of another process as with kAppend. A new file that is neither put in
// its place nor abandoned with records in it is removed.
class Output {
 public:
  // `path` "-" is standard output. With kAppend a last line without an end is ended first. With
  // kGoOn a file keeps what the checkpoint `from` says and loses the rest; when that is of no run
  // before (its output has no digest), a file that is there already stays as it is until Commit,
  // and the new one is `path`.part meanwhile, where a later kGoOn finds it; and the file is this
  // process's alone until the end (flock(2)). Fails with kIo, also where a file may not be written
  // that would be replaced; with kUsage when the file is an image or a video, does not begin with
  // what is to be kept, is gone or has more behind the end of a run that ended, `path`.part is in
  // the way, or kGoOn is to write to what is no regular file or what another process writes; a
  // failure leaves all files as they were. A
  // FIFO is waited for until it has a reader or `stop`, which may be null, says that the run is to
  // end: kCancelled. With kReplaceVideo a video that --annotate wrote may be replaced, and what is
  // no regular file is kUsage.
  static base::Result<std::unique_ptr<Output>> Open(const std::string& path, OutputMode mode,
                                                    const files::Checkpoint& from = {},
                                                    const files::StopDescriptor* stop = nullptr);

  Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Output(files::NewFile file, std::string name)
      : new_(std::move(file)), fd_(new_->fd()), name_(std::move(name)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  int fd() const { return fd_; }
  const std::string& name() const { return name_; }  // for messages

  // A sentence about what a killed run had left and Open took away; "" when there was nothing.
  std::string Removed() const;

  // The records are whole: a new file takes the place of the old one, with its mode and owner.
  // Where it cannot, as for a mount point, a file with other names (hard links) or an owner whom we
  // cannot give it to, they are written over what is there. Fails with kIo; the new file then
  // stays, and the message names it.
  base::Result<void> Commit();

  // Nothing could begin: with kGoOn a file that Open made is removed.
  void Discard();

  // The records end early; `is_torn`: for a failure, perhaps in the middle of a line, which is
  // taken off. Otherwise they become the file where there is none by now. Else what is there
  // stays, and a sentence comes back that says so, and where they are if there are any; "" when
  // there is nothing to tell.
  std::string Abandon(bool is_torn);

  // Sees to it that what was written is on disk, and returns how far that is. Of kGoOn only.
  base::Result<files::OutputEnd> Sync() const;

 private:
  static base::Result<std::unique_ptr<Output>> OpenInPlace(const std::string& path,
                                                           OutputMode mode);
  static base::Result<std::unique_ptr<Output>> OpenBeside(const std::string& path,
                                                          const std::string& target);
  static base::Result<std::unique_ptr<Output>> OpenToGoOn(const std::string& path,
                                                          const std::string& target,
                                                          bool has_content,
                                                          const files::Checkpoint& from);
  void LookLike(const struct stat& old);
  std::string WhereKept();

  std::optional<files::NewFile> new_;  // what is to become the file `target_`
  int fd_;
  std::string name_;
  std::string content_ = "records";  // for messages
  std::string target_;
  bool is_shared_ = false;     // others write there too
  bool keeps_inode_ = false;   // of the old file, which is written over
  bool is_new_ = false;        // there was no file of that name
  bool is_resumable_ = false;  // the new file is for a later run
  bool is_made_ = false;       // by Open, with kGoOn
};

}  // namespace sampleproc::apps
