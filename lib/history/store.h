// The history's file: what is in it, how it is asked, and how it is kept small.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "history/database.h"
#include "history/options.h"
#include "history/record.h"

namespace sampleproc::history {

// A message as it is answered: its number and its line of JSON.
struct Row {
  std::int64_t id = 0;
  std::string json;

  bool operator==(const Row&) const = default;
};

struct Page {
  std::vector<Row> rows;    // newest first
  bool more = false;        // there are older ones that fit
  std::int64_t newest = 0;  // of all messages, whether they fit or not
};

// A database that was given another name because it is damaged.
struct Aside {
  std::string file;  // its name before
  std::string name;  // and since
  std::string why;   // what is wrong with it
};

// A database of SQLite with a write-ahead log (sqlite.org/wal.html), synchronous = NORMAL: what has
// been committed is there after the process has died in any way. After the machine has died the
// last few seconds may be missing, the file is whole all the same. One process uses a file at a
// time, which path.lock sees to (flock(2); beside the file itself where the path is a link to it),
// and SQLite's exclusive locking mode, for any other program: who opens the file meanwhile is told
// that it is locked. There is no path-shm then.
//
//   record      id, event_id, camera, class, type, at (microseconds), told (likewise), json
//   in_zone     record, zone
//   open_event  camera, event_id: of what has begun and not ended
//   by_time     at, record, camera, class, type: of each message, for questions
//   arrived     id: the messages up to it have got where the journal tells them
//
// A file of version 1 has no by_time. It is made when such a file is opened and filled by Upgrade;
// until it has all messages the file's version is 2, afterwards 3, as that of a new file. A file
// without `arrived` gets it when it is opened: what is in it counts as arrived.
//
// Of each event it has one `new` and one `end` at most: what comes with the id of an event that has
// ended, as from frames that are processed again, is not taken.
//
// Size: the database has at most three quarters of Options::bytes, which SQLite itself holds to
// (max_page_count); its log is written back at a sixteenth, which with the largest transaction
// stays below the last quarter.
//
// A database of ours that is damaged is set aside: it and its log get the name path.damaged-1, or
// the first free number up to kMostAside, and a new one is begun. Nothing is deleted. What is told
// from ours by its own mark or by that of path.lock; a file that is not known to be ours stays.
//
// Used by one thread at a time. What fails is kIo.
class Store {
 public:
  // Records that one Append takes at most, and their bytes.
  static constexpr std::size_t kMostRecords = 500;
  static constexpr std::size_t kMostBytes = 256 * 1024;
  // Of Options::bytes.
  static constexpr std::size_t kLeastBytes = 8 * 1024 * 1024;
  // Databases that are set aside and not moved away; with so many, a further one fails.
  static constexpr int kMostAside = 5;
  static constexpr const char* kNoDatabase = "file is not a database";  // as SQLite says it

  // "evnt", which tells our databases from others, and their layouts, as described above.
  static constexpr std::int64_t kApplication = 0x65766e74;
  static constexpr std::int64_t kFirstVersion = 1;
  static constexpr std::int64_t kIncompleteVersion = 2;
  static constexpr std::int64_t kVersion = 3;

  // Opens the file or makes it; one of ours that is damaged is set aside before, which `on_aside`
  // is told. Fails when it is no database, one of something else, used by another process, cannot
  // be written, or is damaged and cannot be set aside.
  static base::Result<std::unique_ptr<Store>> Open(
      const Options& asked, const base::Clock& clock,
      const std::function<void(const Aside&)>& on_aside = {});

  // Where its file has lost its name, what is in its log goes into the file all the same, and the
  // log is no other file's.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Commits them together, or nothing. Returns their numbers, in their order; 0 is a record of an
  // event that has ended. What is too old or too much goes before.
  base::Result<std::vector<std::int64_t>> Append(std::span<const RecordPtr> records);

  // Deletes what is too old, and the oldest of what is too much.
  base::Result<void> Trim();

  // Adds some of the messages that by_time lacks to it. Until it has all of them, questions may
  // take as long as it takes to read the whole file.
  bool complete() const { return complete_; }
  base::Result<void> Upgrade();

  // Messages that fit, numbered below `before` (0: any), newest first. kDeadline or kCancelled when
  // the allowance ends before it is done.
  base::Result<Page> List(const Filter& filter, std::int64_t before, std::size_t most,
                          const base::Allowance& allowance);

  // Those that fit, numbered above `after`, oldest first.
  base::Result<std::vector<Message>> After(const Filter& filter, std::int64_t after,
                                           std::size_t most, const base::Allowance& allowance);

  // The last `most` messages of an event, oldest first. Cameras that number their frames alike may
  // have events with one id: then of the camera that told last.
  base::Result<std::vector<Row>> Find(const std::string& event_id, std::size_t most,
                                      const base::Allowance& allowance);

  // The last message of each event that has begun and not ended, oldest first.
  base::Result<std::vector<std::string>> Unfinished();

  std::int64_t newest() const { return newest_; }

  // The last number that was kept as arrived; Keep does nothing for a lower one.
  base::Result<std::int64_t> Arrived();
  base::Result<void> KeepArrived(std::int64_t number);

  // When the last message came; when the file was made, while it has none.
  base::Result<base::WallTime> LeftOff();

  // Whether it has a message of the event.
  base::Result<bool> Knows(const std::string& event_id);

  // Has what comes numbered above `number`, too.
  base::Result<void> GoOnBehind(std::int64_t number);

  // Whether its path, or that of its log, names another file by now, or none: what is in the open
  // one will not be found by the next who opens it.
  bool Moved() const;

  // How often a message was left out of an answer because its line is damaged.
  std::uint64_t damaged() const { return damaged_; }

  // Fails when the file has lost its end since it was used last: SQLite sees that late.
  base::Result<void> Check();

  // Whether the file is damaged, as some failure has shown.
  bool IsDamaged() const { return corrupt_ || database_->corrupt(); }

  // Gives the damaged file and its log another name. The store can only be destroyed afterwards.
  base::Result<Aside> SetAside(const std::string& why);

  // The sizes of its files.
  std::uint64_t bytes() const;

  // Whether it has to be opened anew after the last failure.
  bool broken() const { return database_->broken(); }
  const std::string& trouble() const { return database_->trouble(); }  // what the last one was

 private:
  Store(const Options& options, std::string asked_path, const base::Clock& clock,
        base::Descriptor lock, std::unique_ptr<Database> database);

  // Keeps the file's size when it has been written to.
  struct Measure {
    explicit Measure(Store& written) : store(written) {}
    Measure(const Measure&) = delete;
    Measure& operator=(const Measure&) = delete;
    ~Measure() { store.size_ = store.BytesOf(""); }
    Store& store;
  };

  std::unexpected<base::Error> Unusable(const std::string& why) const;
  // Of the file whose name is the path and this.
  std::uint64_t BytesOf(const std::string& ending) const;
  bool IsOurs() const;
  void Mark();
  base::Result<void> SetUp();
  base::Result<void> MakeTables();
  base::Result<void> PrepareAll();
  base::Result<void> MakeByTime();
  base::Result<void> MakeArrived();
  bool IsWhole(std::string_view json);
  // Those of `numbers` whose lines are whole.
  base::Result<void> AddWhole(std::span<const std::int64_t> numbers,
                              std::vector<Message>& messages);
  base::Result<std::vector<Message>> Gather(const Filter& filter, std::int64_t from, bool down,
                                            std::size_t most);
  base::Result<std::int64_t> Insert(const Record& record);
  base::Result<bool> TooMuch();
  base::Result<std::int64_t> DeleteSome(const std::string& which);
  base::Result<void> Shrink();

  // A file, whatever it is called.
  struct FileId {
    dev_t device = 0;
    ino_t number = 0;
    bool operator==(const FileId&) const = default;
  };
  // nullopt: there is none. `otherwise`, when it cannot be known.
  static std::optional<FileId> IdOf(const std::string& path,
                                    const std::optional<FileId>& otherwise);

  const Options options_;         // with the file's own name
  const std::string asked_path_;  // may be a link to it
  const base::Clock& clock_;
  base::Descriptor lock_;
  const std::unique_ptr<Database> database_;
  std::optional<FileId> file_;
  std::optional<FileId> log_;
  std::uint64_t size_ = 0;  // of the file, when it was written to last
  bool corrupt_ = false;
  bool complete_ = false;      // by_time
  std::int64_t upgraded_ = 0;  // and what is numbered so or below is in it, if not
  std::int64_t newest_ = 0;
  std::uint64_t damaged_ = 0;
  Statement known_;
  Statement is_open_;
  Statement insert_;
  Statement insert_zone_;
  Statement insert_time_;
  Statement line_;
  Statement open_;
  Statement close_;
};

}  // namespace sampleproc::history
