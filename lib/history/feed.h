// Messages as they come, for those who listen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "history/record.h"

namespace sampleproc::history {

class Feed;

// One listener's place. Next, OnNews and the destructor are one thread's at a time. A listener who
// reads slowly takes no memory for it: only its place falls back. Where there is a history, what
// the feed has dropped meanwhile is read from there; else the subscription ends.
class Subscription : public std::enable_shared_from_this<Subscription> {
 public:
  struct Batch {
    std::vector<Message> messages;  // oldest first; those without a number will get one later
    bool ended = false;             // there will be no more
  };

  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // What is to be told next, at least one message when there is any, and no more than about
  // `most_bytes` of JSON. Never waits: nothing means that `wake` will be called when it is worth
  // asking again.
  Batch Next(std::size_t most_bytes);

  // Calls `wake` from any thread while a lock of the feed is held: it must not wait, throw or call
  // back. Not any more once the subscription is destroyed.
  void OnNews(std::function<void()> wake);

 private:
  friend class Feed;
  Subscription(std::shared_ptr<Feed> feed, Filter filter, std::string listener)
      : feed_(std::move(feed)), filter_(std::move(filter)), listener_(std::move(listener)) {}

  const std::shared_ptr<Feed> feed_;
  const Filter filter_;
  const std::string listener_;
  // The feed's lock guards all that follows.
  std::function<void()> wake_;
  bool waiting_ = false;   // for news
  bool in_past_ = false;   // reads from the history, what is numbered above after_
  bool fetching_ = false;  // waits for it
  bool ended_ = false;
  std::int64_t after_ = 0;    // the last number that was passed
  std::uint64_t place_ = 0;   // in the feed, when not in the past
  std::deque<Message> page_;  // from the history
};

// The last messages in memory, up to a bound of their number and bytes. Thread-safe; nothing waits.
class Feed : public std::enable_shared_from_this<Feed> {
 public:
  static constexpr std::size_t kMostMessages = 1024;
  static constexpr std::size_t kMostBytes = 1024 * 1024;
  static constexpr std::size_t kMostSubscriptions = 64;
  static constexpr std::size_t kMostOfListener = 16;
  static constexpr std::size_t kPageMessages = 64;

  // Has the history read up to kPageMessages messages above `after` that fit, and hands them to
  // Supply, from another thread. May throw.
  struct Request {
    std::weak_ptr<Subscription> to;
    Filter filter;
    std::int64_t after = 0;
  };
  using Fetch = std::function<void(Request)>;

  // Without a history: numbers messages itself, above `newest`.
  explicit Feed(std::int64_t newest) : newest_(newest), dropped_(newest) {}
  // With one, whose last number is known only when it Begins.
  explicit Feed(Fetch fetch) : dropped_(kUnknown), fetch_(std::move(fetch)) {}

  // The history's last number; before anything is told with a number.
  void Begin(std::int64_t newest);

  // Tells a message. With a history it is numbered above all before it, or has no number yet.
  // Returns its place.
  std::uint64_t Tell(Message message);
  // The message at that place has been numbered since.
  void Number(std::uint64_t place, std::int64_t id);

  // From the messages numbered above `after` on, or from now on. An `after` that is too old for
  // this feed, where there is no history, is the oldest there is. `listener` is who listens, in
  // words of the caller's own: so that nobody has all places, kMostOfListener are one's; "" is
  // counted as nobody's. kOverloaded when so many or kMostSubscriptions listen, kShuttingDown once
  // it is closed.
  base::Result<std::shared_ptr<Subscription>> Subscribe(Filter filter,
                                                        std::optional<std::int64_t> after,
                                                        std::string listener = {});

  // What a Fetch has found, before anything else is told or numbered: nothing means that there is
  // no more, a failure ends the subscription.
  void Supply(const std::weak_ptr<Subscription>& to, base::Result<std::vector<Message>> messages);

  // Ends all subscriptions; nobody is woken any more.
  void Close();

  std::size_t subscriptions() const;

 private:
  friend class Subscription;
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();
  static void Wake(Subscription& subscription) noexcept;
  void WakeAll() REQUIRES(mutex_);
  std::uint64_t end() const REQUIRES(mutex_) { return first_ + messages_.size(); }
  void GoTo(Subscription& subscription, std::int64_t after) REQUIRES(mutex_);
  Subscription::Batch NextOf(Subscription& subscription, std::size_t most_bytes);
  void TakeFromPage(Subscription& subscription, std::size_t most_bytes, Subscription::Batch& batch)
      REQUIRES(mutex_);
  void TakeFromFeed(Subscription& subscription, std::size_t most_bytes, Subscription::Batch& batch)
      REQUIRES(mutex_);
  void Remove(Subscription& subscription);

  mutable base::Mutex mutex_;
  std::deque<Message> messages_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t first_ GUARDED_BY(mutex_) = 0;   // the place of messages_.front()
  std::int64_t newest_ GUARDED_BY(mutex_) = 0;   // the last number
  std::int64_t dropped_ GUARDED_BY(mutex_) = 0;  // the highest number that is not here any more
  std::set<Subscription*> listeners_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  const Fetch fetch_;
};

}  // namespace sampleproc::history
