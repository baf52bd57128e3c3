// Publishes events, counts and pictures to an MQTT broker, and tells Home Assistant of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/mutex.h"
#include "frame/event.h"
#include "mqtt/board.h"
#include "mqtt/module_abi.h"
#include "mqtt/options.h"
#include "mqtt/outbox.h"
#include "mqtt/session.h"
#include "mqtt/topics.h"
#include "resilience/backoff.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"

namespace sampleproc::mqtt {

// What a publisher works with; the references must outlive it.
struct PublisherContext {
  const base::Clock& clock;
  resources::MemoryBudget& budget;
  telemetry::Conditions& conditions;
  resilience::Backoff backoff;
  std::string version;
  std::string client_id;  // where the options have none
  // Asks for the picture of an event that the broker may have forgotten. The answer, null when
  // there is none, is given once, in any thread, while the publisher lives. May be empty.
  using Answer = std::function<void(JpegPtr)>;
  std::function<void(const std::string& event_id, Answer answer)> fetch = {};
};

// Since the start.
struct PublisherCounts {
  bool connected = false;
  std::uint64_t logins = 0;
  // Messages that the broker has acknowledged.
  std::uint64_t events = 0;
  std::uint64_t states = 0;  // counts, entities and what is cleared
  std::uint64_t pictures = 0;
  // For want of room while the broker was away or slow.
  std::uint64_t dropped_events = 0;
  std::uint64_t dropped_pictures = 0;  // or too large, or lost with a connection
  std::uint64_t refused =
      0;  // can never be sent, as their topic is too long, or the broker says no
  std::uint64_t unlisted = 0;  // messages of events whose camera has no place on the board
  std::size_t waiting = 0;
};

// Thread-safe. All that is published goes through a thread of its own; nobody waits for the broker.
// Messages of events wait in an Outbox and are published at least once and in order, of all else
// only the newest (Board). While the broker cannot be reached, refuses the login, does not
// acknowledge for kOverdue or so slowly that events are dropped, the condition `mqtt` lasts; it is
// tried again and again, and gets everything that it should keep once it is back. So does it while
// the broker refuses messages, as its access list may have it: what it should keep is then
// published anew every kAskedAgain. A broker that does not speak MQTT 5 cannot say that.
class Publisher final : private Session::Listener {
 public:
  // What it takes of the memory budget: the outbox, and what is on its way to the broker. Pictures
  // come with their memory, and take as much again while they are on their way.
  static constexpr std::size_t kMemory = std::size_t{8} * 1024 * 1024;
  static constexpr std::size_t kMostPicture = std::size_t{8} * 1024 * 1024;    // one JPEG
  static constexpr std::size_t kMostPictures = std::size_t{16} * 1024 * 1024;  // that wait
  static constexpr std::chrono::seconds kOverdue{5};
  // A broker that has not acknowledged something for so long is given up, and connected to anew.
  static constexpr std::chrono::seconds kGivenUp{20};
  // A connection that has stood for so long has been a good one: its loss is a first failure.
  static constexpr std::chrono::seconds kGoodConnection{10};
  static constexpr std::chrono::seconds kDropsLast{30};  // in the condition
  static constexpr std::chrono::seconds kAskedAgain{30};
  // Nobody waits longer at the end for a broker that cannot be reached.
  static constexpr std::chrono::seconds kLongestLastTry{2};

  // Loads the module, from `module` or where it is installed, and reads the password. Fails with
  // kUnavailable or kConfig. Precondition: the options have a URL that ParseMqttUrl takes.
  static base::Result<std::unique_ptr<Publisher>> Make(const Options& options,
                                                       const Board::Settings& settings,
                                                       PublisherContext context,
                                                       resources::Reservation room,
                                                       const std::string& module = {});
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Begins to connect. Once.
  void Start();

  // The cameras of the configuration, at the start and after a reload.
  void Configure(const std::vector<KnownCamera>& cameras);

  // Never waits and never fails: what there is no room for is dropped and counted.
  void Take(const frame::Event& event) noexcept;
  void TakePicture(const std::string& camera, const std::string& event_id, JpegPtr jpeg) noexcept;

  // Nothing more comes: publishes what waits until `end`, then that it is offline, and leaves.
  void BeginFinish(const base::Deadline& end);
  // Waits for that until `end`. Returns how many messages of events the broker has not got.
  std::size_t Finish(const base::Deadline& end);
  // After Finish: whether the thread ends until `end`, which it may not while the system looks up a
  // name; then it must not be destroyed.
  bool AwaitEnd(const base::Deadline& end);

  // Tells of its state. To be called every second or so.
  void LookAfter();

  PublisherCounts counts() const;

 private:
  enum class Kind { kEvent, kState, kPicture, kAvailability };
  // A message on its way.
  struct Sent {
    int id = 0;
    Kind kind = Kind::kState;
    base::MonoTime since{};
    std::size_t bytes = 0;
    std::string topic = {};
    Outbox::Message event = {};          // of kEvent
    Board::Subject subject = {};         // of kState and kPicture
    resources::Reservation memory = {};  // of kPicture: of the library's copy
    bool acknowledged = false;
    int code = 0;  // with which it was; see Session::Listener
    bool IsTaken() const { return acknowledged && code < kNotTaken; }
  };
  // That the broker does not take messages, the first of which it was.
  struct Refusal {
    std::string topic;
    Kind kind = Kind::kState;
    int code = 0;
    std::uint64_t messages = 0;
  };

  Publisher(const Options& options, const Board::Settings& settings, Broker broker,
            std::optional<std::string> password, PublisherContext context,
            resources::Reservation room, std::shared_ptr<const Module> module);

  void OnPublished(int id, int code) noexcept override;
  void OnReceived(std::string_view topic, std::string_view payload,
                  bool retained) noexcept override;

  void Wake() const noexcept;
  // The thread's.
  void Run() noexcept;
  void Pause();
  base::Result<void> Serve();
  base::Result<Login> LoginNow() const;
  base::Result<void> LoggedIn(Session& session);
  base::Result<void> Fill(Session& session);
  base::Result<bool> SendNext(Session& session);
  base::Result<void> Send(Session& session, Sent sent, const std::string& topic,
                          std::string_view payload, bool retain);
  base::Result<void> SendAvailability(Session& session, std::string_view state);
  bool MayHavePicture() const;
  void AskForPictures();
  void TakeFetched(const std::string& camera, const std::string& event_id, JpegPtr jpeg) noexcept;
  void Settle();
  void SettleOne(const Sent& sent) REQUIRES(mutex_);
  void AskAgain();
  base::Result<void> CheckAnswers() const;
  base::Result<void> EndSweep(Session& session);
  bool IsDrained();
  base::Deadline Farewell() const;
  base::Result<void> SayGoodbye(Session& session);
  void Lost(const base::Result<void>& served) noexcept;
  bool IsFinishing() const;

  std::string Problem() const REQUIRES(mutex_);
  void Tell() REQUIRES(mutex_);
  void TellIfPossible() noexcept REQUIRES(mutex_);

  const Options options_;
  const Broker broker_;
  const std::optional<std::string> password_;  // as read at the start
  const PublisherContext context_;
  const resources::Reservation room_;
  const std::shared_ptr<const Module> module_;
  const Topics topics_;
  const base::Descriptor wake_;
  const base::CancelFlag cancel_;

  // The thread's own.
  std::deque<Sent> sent_;  // not acknowledged, oldest first
  std::size_t sent_bytes_ = 0;
  bool availability_due_ = false;  // that we are online has to be said
  bool swept_ = false;             // what the broker kept from another time has been looked at
  std::optional<base::MonoTime> sweep_end_;
  std::optional<base::MonoTime> ask_again_;  // while messages are refused
  std::uint64_t asked_refused_ = 0;          // counts_.refused then
  base::MonoTime logged_in_at_{};
  bool has_answered_ = false;  // this connection, by an acknowledgement
  int failures_ = 0;           // in a row
  int short_connections_ = 0;  // that were lost soon after the login, in a row

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Board board_ GUARDED_BY(mutex_);
  Outbox outbox_ GUARDED_BY(mutex_);
  PublisherCounts counts_ GUARDED_BY(mutex_);
  std::string failure_ GUARDED_BY(mutex_);  // of the last attempt; "" while it is connected
  std::optional<Refusal> refusal_ GUARDED_BY(mutex_);
  std::optional<base::MonoTime> trying_since_ GUARDED_BY(mutex_);
  std::optional<base::MonoTime> oldest_sent_ GUARDED_BY(mutex_);
  std::size_t events_sent_ GUARDED_BY(mutex_) = 0;     // and not acknowledged
  std::uint64_t told_dropped_ GUARDED_BY(mutex_) = 0;  // that are told of no longer
  std::uint64_t seen_dropped_ GUARDED_BY(mutex_) = 0;
  base::MonoTime dropped_at_ GUARDED_BY(mutex_){};
  bool fetching_ GUARDED_BY(mutex_) = false;
  std::optional<base::Deadline> finish_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = true;  // the thread

  std::jthread thread_;
};

// Logs in at the broker and leaves again, within a few seconds. What it says is for people; fails
// as Session::Open does.
base::Result<std::string> TryBroker(const Options& options, const std::string& module = {});

}  // namespace sampleproc::mqtt
