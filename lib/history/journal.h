// The history of events: takes them as they come, keeps them, answers questions, and tells those
// who listen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "history/event_file.h"
#include "history/feed.h"
#include "history/options.h"
#include "history/record.h"
#include "history/store.h"
#include "resilience/backoff.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"

namespace sampleproc::history {

// What a journal works with; all of it must outlive the journal.
struct JournalContext {
  const base::Clock& clock;
  telemetry::Conditions& conditions;
  base::Logger& log;
  resilience::Backoff backoff;
  // Takes the messages of events, in order, one call at a time, in any thread: where there is a
  // history once they are in it, as Journal says. Must not wait, throw or call back.
  std::function<void(std::span<const frame::Event>)> on_told = {};
  // Gives what says whether all that on_told has taken until now has got to where it is to go.
  // Empty: it has as soon as it is taken.
  using HasArrived = std::function<bool()>;
  std::function<HasArrived()> arrival = {};
};

// Of messages, since the start.
struct JournalCounts {
  std::uint64_t stored = 0;
  std::uint64_t dropped = 0;    // there was no room in memory for them
  std::uint64_t repeated = 0;   // of events that had ended; see Store
  std::size_t waiting = 0;      // to be stored
  std::uint64_t set_aside = 0;  // databases, because they were damaged
  std::uint64_t bytes = 0;      // of its files
};

// Thread-safe. Messages wait in memory, up to a bound, for a thread of the journal's own, which
// commits them together every kBatchTime or so; nobody else waits for the disk. What List and Find
// have answered has been committed, so it is there after `kill -9`. While nothing can be stored,
// the condition `history` lasts, those who listen are told all the same, and what is beyond the
// bound is dropped, which is the condition, too. It lasts while the disk has not answered for
// kSlowDisk as well; those who listen are then told when it does. So it is, for kReplacedLasts,
// when the file is removed or replaced while it is in use, which is seen within a second: what is
// not known to have been in it by then, and all that comes, goes into the file that has its name,
// or a new one. And so it is, for as long, when the file is damaged, which is set aside as Store
// has it and logged.
//
// Messages are told (JournalContext::on_told) once they are committed, so that nobody is told of
// an event that the history does not have after `kill -9`. A disk does not hold them up: they are
// told all the same while nothing can be stored, when the disk has not answered for kHeldBack, and
// when more than kMostHeldBack are held back. How far what was told has got is kept, too, message
// by message, within kArrivalPause of what arrives while more is under way: what had not arrived
// when the last process ended is told again at the start, the last kMostToldAgain messages at most,
// before the ends of what was open then.
//
// Without Options::path it has no thread and no history: it tells at once, and numbers messages by
// the time of its start.
class Journal {
 public:
  static constexpr std::chrono::milliseconds kBatchTime{100};
  static constexpr std::size_t kMostWaiting = 8192;
  static constexpr std::size_t kMostWaitingBytes = std::size_t{4} * 1024 * 1024;
  static constexpr std::size_t kMostQuestions = 32;
  // That one question may take: the thread stores nothing meanwhile.
  static constexpr std::chrono::seconds kLongestQuestion{3};
  static constexpr std::chrono::seconds kReplacedLasts{30};
  static constexpr std::chrono::seconds kSlowDisk{5};
  static constexpr std::chrono::seconds kHeldBack{1};
  static constexpr std::size_t kMostHeldBack = 1024;
  static constexpr std::size_t kMostToldAgain = 1024;
  static constexpr std::chrono::milliseconds kArrivalPause{20};
  // That the end of a journal waits for what was told to arrive.
  static constexpr std::chrono::seconds kLongestArrival{1};
  // What it takes of the memory budget when it has a history: the above, the feed, SQLite's cache.
  static constexpr std::size_t kMemory = std::size_t{8} * 1024 * 1024;

  // Both run on the journal's thread, or at once where nothing is to be asked.
  using OnPage = std::move_only_function<void(base::Result<Page>)>;
  using OnRows = std::move_only_function<void(base::Result<std::vector<Row>>)>;

  Journal(const Options& options, JournalContext context, resources::Reservation room = {});
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  bool keeps() const { return !options_.path.empty(); }

  // Never waits and never fails: what there is no memory for is dropped and counted.
  void Take(const frame::Event& event) noexcept;

  // See Store. kOverloaded when kMostQuestions wait, kUnavailable when the history cannot be read.
  // Precondition: keeps().
  void List(Filter filter, std::int64_t before, std::size_t most, const base::Allowance& allowance,
            OnPage answer);
  void Find(std::string event_id, std::size_t most, const base::Allowance& allowance,
            OnRows answer);

  // See Feed.
  base::Result<std::shared_ptr<Subscription>> Subscribe(Filter filter,
                                                        std::optional<std::int64_t> after,
                                                        std::string listener = {}) {
    return feed_->Subscribe(std::move(filter), after, std::move(listener));
  }

  // Which of the files are of events that the history does not have because the last process ended
  // before they were stored. Nothing is said of others: the history may be younger than they, or
  // have dropped their events. Never waits; none, too, when the history cannot be read.
  // Precondition: keeps().
  std::future<std::vector<std::string>> FindUnknown(std::vector<EventFile> files);

  // The last message has come: returns when all have been told, after kHeldBack at the latest.
  void BeginFinish(const base::Deadline& end);

  // Stores what waits, as far as it gets until `end` and without failing; afterwards nothing is
  // taken any more. Returns how many messages are lost.
  std::size_t Finish(const base::Deadline& end);

  // Whether the thread has ended, which may take until `end`: it has not while the disk does not
  // answer, and then the journal must not be destroyed. After Finish.
  bool AwaitEnd(const base::Deadline& end);

  // Tells of a disk that does not answer, which the thread cannot. To be called every second or so.
  void LookAfter();

  JournalCounts counts() const;
  std::size_t streams() const { return feed_->subscriptions(); }

 private:
  struct Held {
    RecordPtr record;
    std::uint64_t turn = 0;                   // in which it came; 0: before this process
    std::optional<std::uint64_t> place = {};  // in the feed, where it has no number yet
  };
  // A message that is not told yet.
  struct Untold {
    frame::Event event;
    std::uint64_t turn = 0;
  };
  // What was told until a number was the last one.
  struct Underway {
    std::int64_t number = 0;
    JournalContext::HasArrived has_arrived;
  };
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  // Is given the store, or nullptr and why there is none.
  using Question = std::move_only_function<void(Store*, const std::string&)>;

  void Run() noexcept;
  // Waits for something to do. False at the end.
  bool AwaitWork();
  bool WorkWaits() const REQUIRES(mutex_);
  base::Deadline NextLook() const REQUIRES(mutex_);
  void OpenStore();
  void Reopen(const base::Error& error);
  void LeaveMoved();
  bool LeaveDamaged(const std::string& why);
  void TellAside(const Aside& aside);
  void EndUnfinished();
  base::Result<void> TellAgain();
  // Tells what has come up to that turn.
  void TellUpTo(std::uint64_t turn) noexcept EXCLUDES(telling_, mutex_);
  void TellAtOnce(const frame::Event& event) noexcept EXCLUDES(telling_, mutex_);
  bool IsHeldUp() const REQUIRES(mutex_);
  void NoteUnderway(std::int64_t number);
  void KeepArrived();
  void StoreSome();
  bool StoreBatch();
  void TellUnnumbered();
  void AnswerNext();
  void TrimSometimes();
  void UpgradeSome();
  // Fails with kOverloaded or kShuttingDown when it is not taken.
  base::Result<void> Ask(Question question);
  void Fetch(Feed::Request request);
  // Sets a damaged file aside and goes on with a new one; otherwise it will be tried again.
  void Failed(const base::Error& error);
  void BeginWork();
  void Worked();
  void TellOfState() noexcept;

  const Options options_;
  const JournalContext context_;
  const resources::Reservation room_;
  const std::shared_ptr<Feed> feed_;

  // The thread's own.
  std::unique_ptr<Store> store_;    // nullptr: cannot be opened
  std::string failure_;             // why nothing can be stored; "" when it can
  std::deque<Held> held_;           // taken from incoming_, not stored yet
  bool begun_ = false;              // what the last process left open has been ended
  int failures_ = 0;                // in a row
  std::uint64_t told_dropped_ = 0;  // that are told of no longer
  std::uint64_t seen_dropped_ = 0;
  base::MonoTime dropped_at_{};              // when that has changed last
  std::optional<base::MonoTime> next_tell_;  // while it is told of
  base::MonoTime next_trim_{};
  base::MonoTime next_look_{};                 // at the file's name
  std::optional<base::MonoTime> replaced_at_;  // while it is told of
  std::string replaced_;                       // what has happened
  std::uint64_t seen_damaged_ = 0;             // in store_
  std::int64_t newest_ = 0;                    // of this process's numbers
  std::deque<Underway> underway_;              // by number
  std::chrono::milliseconds arrival_pause_{};  // between looks at it
  std::optional<base::MonoTime> next_arrival_;
  base::WallTime left_off_{};  // when the last process stored its last message

  base::Mutex telling_;  // held while something is told, so that the order holds; before mutex_
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Held> incoming_ GUARDED_BY(mutex_);
  std::deque<Untold> untold_ GUARDED_BY(mutex_);  // by turn
  std::uint64_t turns_ GUARDED_BY(mutex_) = 0;
  bool has_arrived_ GUARDED_BY(mutex_) = true;  // nothing is under way
  std::deque<Question> questions_ GUARDED_BY(mutex_);
  std::deque<Question> fetches_ GUARDED_BY(mutex_);  // at most one of each subscription
  base::MonoTime first_came_ GUARDED_BY(mutex_){};   // incoming_.front()
  base::MonoTime retry_at_ GUARDED_BY(mutex_){};     // while something fails
  bool failing_ GUARDED_BY(mutex_) = false;
  std::size_t waiting_ GUARDED_BY(mutex_) = 0;  // in incoming_ and held_
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  JournalCounts counts_ GUARDED_BY(mutex_);
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool given_up_ GUARDED_BY(mutex_) = false;  // while finishing: what waits cannot be stored
  bool closing_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;                  // the thread
  std::optional<base::MonoTime> busy_ GUARDED_BY(mutex_);  // since then, with one thing

  std::jthread thread_;
};

}  // namespace sampleproc::history
