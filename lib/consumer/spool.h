// What a frame buffer has handed out, on disk until it is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"

namespace sampleproc::consumer {

// A folder with a file for each answer:
//
//   lock            held (flock(2)) by the one process that uses the folder
//   NUMBER.json     an answer with its frames, as it came
//   NUMBER.log      lines about them: "try N", frame N is begun again after a crash; "back N", that
//                   was a stop, no crash; "done N", it needs nothing more
//
// An answer is on disk when Write returns, whatever becomes of the process or the machine. The
// lines survive the process; a power failure may take the last of them, and then a frame that was
// done is done again. Thread-safe.
class Spool {
 public:
  struct Place {
    std::uint64_t answer = 0;
    std::size_t frame = 0;  // its index in the answer
  };

  // An answer that an earlier process did not finish.
  struct Left {
    std::uint64_t answer = 0;
    std::string text;
    std::set<std::size_t> done;
    std::map<std::size_t, int> tries;
  };

  // Makes the folder when it is missing. Holds `most_bytes`, and the answer that goes beyond. Fails
  // with kConfig: the folder cannot be used, or another process uses it.
  static base::Result<std::unique_ptr<Spool>> Open(const std::string& folder,
                                                   std::uint64_t most_bytes);

  bool Full() const { return bytes() >= most_bytes_; }
  std::uint64_t bytes() const;

  // Returns the answer's number. Fails with kIo and the system's reason.
  base::Result<std::uint64_t> Write(std::string_view answer);
  // An answer has so many frames; it is removed when all of them are done.
  void Expect(std::uint64_t answer, std::size_t frames);
  void Trying(const Place& place) const { Note(place, "try"); }
  void NotTried(const Place& place) const { Note(place, "back"); }
  void Done(const Place& place);

  // The oldest that was left; each once. One that cannot be read stays where it is.
  std::optional<Left> TakeLeft();

 private:
  struct Answer {
    std::uint64_t bytes = 0;
    std::size_t frames = 0;
    std::set<std::size_t> done;
  };

  Spool(std::string folder, std::uint64_t most_bytes, base::Descriptor lock,
        base::Descriptor folder_fd);
  base::Result<void> FindLeft();
  base::Result<void> WriteFile(const std::string& path, std::string_view text) const;
  std::string PathOf(std::uint64_t answer, std::string_view ending) const;
  void Note(const Place& place, std::string_view what) const;
  void RemoveIfDone(std::uint64_t number);

  const std::string folder_;
  const std::uint64_t most_bytes_;
  const base::Descriptor lock_;
  const base::Descriptor folder_fd_;  // to put the folder itself on disk

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Answer> answers_;  // guarded by mutex_
  std::deque<std::uint64_t> left_;           // guarded by mutex_; of an earlier process, untaken
  std::uint64_t bytes_ = 0;                  // guarded by mutex_
  std::uint64_t next_ = 1;                   // guarded by mutex_
};

}  // namespace sampleproc::consumer
