// Decides which frame goes where: from its pull to its pixels, to a worker, to its outcome.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/mutex.h"
#include "cameras/directory.h"
#include "consumer/dropped_cameras.h"
#include "consumer/frame_source.h"
#include "consumer/goodput.h"
#include "consumer/held_frame.h"
#include "consumer/ledger.h"
#include "consumer/message_traces.h"
#include "consumer/options.h"
#include "consumer/outcomes.h"
#include "consumer/pixels/camera_paths.h"
#include "consumer/pixels/fetchers.h"
#include "consumer/pixels/host_conditions.h"
#include "consumer/pixels/missing_pixels.h"
#include "consumer/pixels/pixel_hosts.h"
#include "consumer/pixels/pixels.h"
#include "consumer/pull_room.h"
#include "consumer/sink_set.h"
#include "consumer/suspect_gate.h"
#include "consumer/waiting_room.h"
#include "consumer/wakeups.h"
#include "consumer/workers.h"
#include "frame/frame_result.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"
#include "telemetry/first_few.h"

namespace sampleproc::consumer {

// What a dispatcher works with; all of it must outlive the dispatcher.
struct DispatcherContext {
  FrameSource& source;
  const SinkSet& sinks;
  const PixelLoader& pixels;  // asked for places only; `fetchers` fetch
  Fetchers& fetchers;
  Workers& workers;
  Wakeups& wakeups;
  process::WorkContext work;
  resources::MemoryBudget& budget;
  Ledger& ledger;
  telemetry::Conditions& conditions;
  base::Logger& log;
  const MessageTraces* traces = nullptr;  // null: nothing is recorded
  // What is configured for single cameras; null: nothing.
  const cameras::Directory* cameras = nullptr;
  // The CPU time of the thread that asks: tells a slow frame from a busy machine. Null: nobody
  // asks.
  const base::Clock* worker_cpu = nullptr;
};

struct DispatcherOptions {
  const Options& consumer;
  const process::Options& process;
};

// A state machine (FrameState, held_frame.h) under one lock. It has no thread and never sleeps:
// pulled frames, fetched pixels, ended visits, settled outcomes and ticks come in by calls, and
// each of them moves what can be moved. Thread-safe. The rules:
//
//   - pixels are fetched before a frame takes a worker, within consumer.fetch_timeout; hosts are
//     bounded and paused one by one (PixelHosts). The frames of a host that is away wait for it,
//     and take no room from others; a fetch that goes on for long is cut short for a host that
//     cannot be asked at all
//   - with policy latest a frame whose pixels are being fetched is replaced by no newer one
//   - a camera's frames go to the workers in order, cameras in turn by the work that their frames
//     are (WaitingRoom), no more at a time than keep the workers busy
//   - with max_age, and with policy latest, frames are pulled as they come and the least useful
//     ones are dropped early: oldest first, of the camera with most
//   - a suspect is worked alone, so that it takes nobody along when it ends the process; but the
//     others wait for no longer than a second, so that one that hangs does not stop them
//   - what failed by no fault of the frame waits and is tried again, for as long as that lasts;
//     what may be its fault costs one of max_retries lives; its own fault is the end (Verdict). A
//     deadline that passed while the machine was busy with others costs none, some times
//   - outcomes of a camera go out in its frames' order (Outcomes)
//   - a frame whose worker does not come back is dead once it is given up (GiveUpStuck): who the
//     culprit is, is known here, unlike with a process that died
//   - an exception on a frame's way costs that frame, nothing else: every way out of here takes no
//     memory
//
// Fetchers and workers must have ended before Stop, and the source before the dispatcher: what it
// still has to say of settlements comes here.
class Dispatcher {
 public:
  Dispatcher(const DispatcherContext& context, const DispatcherOptions& options);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // How many more frames may be pulled now.
  std::size_t Room() const EXCLUDES(mutex_);
  // The same; its caller waits, until `stop`, for room: for a whole batch, for any while the
  // workers have nothing left to begin, or for any that has not become more within a moment.
  std::size_t AwaitRoom(const base::CancelFlag& stop) EXCLUDES(mutex_);

  // Takes frames that were pulled, in their order. One that there is no memory to hold ends at once
  // (Outcomes::GivenUp), the others go on.
  void Accept(std::vector<Delivery> deliveries) noexcept EXCLUDES(mutex_);

  // Does what only time can bring about: see Wakeups.
  void Tick() EXCLUDES(mutex_);

  // Begins no more work: what waits is returned where the source takes it back, else finished.
  void BeginDrain() EXCLUDES(mutex_);
  // Frames that were accepted and are not settled yet.
  std::uint64_t held() const EXCLUDES(mutex_);
  // BeginDrain; then its caller waits until no frame is held, or `end`. Returns how many are.
  std::uint64_t Drain(const base::Deadline& end) EXCLUDES(mutex_);

  // Fetches end at once, work on frames at its next check; those frames are returned, or dropped
  // where nobody would hand them out again.
  void Cancel() EXCLUDES(mutex_);

  // Settles what workers have been at for `limit` as dead, with the reason "stuck"; a result that
  // comes later is thrown away. With no other worker left, what waits for one is returned where the
  // source takes it back.
  void GiveUpStuck(std::chrono::milliseconds limit) EXCLUDES(mutex_);

  // Nothing is done from now on, whoever calls.
  void Stop() EXCLUDES(mutex_);

  // The age of the oldest frame that no worker is at; zero when there is none.
  std::chrono::nanoseconds OldestAge() const EXCLUDES(mutex_);

 private:
  // Why a frame goes back whose host is away.
  static constexpr const char* kPixelHost = "pixel_host";
  static constexpr const char* kStopped = "stopped";
  static constexpr const char* kTooOld = "max_age";
  static constexpr const char* kNewerFrame = "newer_frame";
  static constexpr const char* kNoPixels = "no_pixels";
  static constexpr std::chrono::milliseconds kLongestPause{1'000};
  // After so many failures in a row, the first being 1.
  static std::chrono::milliseconds PauseAfter(int failures);

  // Frames whose end is decided: what is still to be done about them is done without the lock.
  using Endings = HeldList;

  void GoOut(Endings endings) noexcept EXCLUDES(mutex_);
  void Settled() noexcept EXCLUDES(mutex_);

  // In the order of a frame's life.
  void AcceptOne(Delivery& delivery, process::BatchPart part) noexcept EXCLUDES(mutex_);
  HeldPtr Hold(Delivery& delivery) REQUIRES(mutex_);
  void Enter(const HeldPtr& held, Endings& endings) REQUIRES(mutex_);
  void MakeRoom(Endings& endings) REQUIRES(mutex_);
  void ForgetHosts(base::MonoTime now) REQUIRES(mutex_);
  void BoundWaitingForHosts(Endings& endings) REQUIRES(mutex_);
  bool SuspectGoesBack(const HeldFrame& held) const REQUIRES(mutex_);
  void StartFetch(const HeldPtr& held, base::MonoTime now) REQUIRES(mutex_);
  void Fetched(const HeldPtr& held, const std::string& host, base::MonoTime asked,
               base::Result<FetchedPixels> pixels) noexcept EXCLUDES(mutex_);
  void FetchFailed(const HeldPtr& held, const std::string& host, base::MonoTime asked,
                   const base::Error& error, Endings& endings) REQUIRES(mutex_);
  void FetchGivenUp(const HeldPtr& held, const std::string& host, std::chrono::milliseconds pause,
                    Endings& endings) REQUIRES(mutex_);
  bool KeyRefused(const HeldPtr& held, const std::string& host, const base::Error& error,
                  Endings& endings) REQUIRES(mutex_);
  void HostFailed(const HeldPtr& held, const std::string& host, base::MonoTime asked,
                  const base::Error& error, Endings& endings) REQUIRES(mutex_);
  void WaitApart(const HeldPtr& held, const CameraPaths::Path& path, Endings& endings)
      REQUIRES(mutex_);
  void AskApart(const CameraPaths::Path& path) REQUIRES(mutex_);
  void HostAnswered(const HeldFrame& held, const std::string& host, base::MonoTime asked)
      REQUIRES(mutex_);
  void TellHost(const std::string& host, const std::string& why, std::chrono::milliseconds pause)
      REQUIRES(mutex_);
  bool NewerInstead(const HeldPtr& held, Endings& endings) REQUIRES(mutex_);
  bool StartVisit(const HeldPtr& held, base::MonoTime now, Endings& endings) REQUIRES(mutex_);
  std::optional<Visit::Assignment> BeginVisit(const HeldPtr& held) noexcept EXCLUDES(mutex_);
  void EndVisit(const HeldPtr& held, base::Result<frame::FrameResult> result) noexcept
      EXCLUDES(mutex_);
  std::string Record(const HeldFrame& held, const frame::FrameResult& result) const;

  // What moves frames.
  void Move(Endings& endings) noexcept REQUIRES(mutex_);
  void StartVisits(base::MonoTime now, Endings& endings) REQUIRES(mutex_);
  void StartFetches(base::MonoTime now, Endings& endings) REQUIRES(mutex_);
  void CutForOthers(base::MonoTime now, std::size_t ahead) REQUIRES(mutex_);
  void DropFetchedAhead() REQUIRES(mutex_);
  void LookAround(base::MonoTime now, Endings& endings) REQUIRES(mutex_);
  void AskForTick(base::MonoTime now) REQUIRES(mutex_);
  HeldPtr NextHanded(std::uint64_t after) const EXCLUDES(mutex_);

  // How frames fail and end.
  void Failed(const HeldPtr& held, const base::Error& error, Endings& endings) REQUIRES(mutex_);
  bool LosesLife(HeldFrame& held) const REQUIRES(mutex_);
  void TryAgain(const HeldPtr& held, const base::Error& error, Endings& endings) REQUIRES(mutex_);
  void Pause(HeldFrame& held, std::chrono::milliseconds time) REQUIRES(mutex_);
  void Die(const HeldPtr& held, const base::Error& error, Endings& endings) REQUIRES(mutex_);
  bool WasStarved(const HeldFrame& held) const REQUIRES(mutex_);
  base::LogLevel LevelOfDeath(const HeldFrame& held, base::ErrorCode code) REQUIRES(mutex_);
  void EndWithoutPixels(const HeldPtr& held, Endings& endings) REQUIRES(mutex_);
  void End(const HeldPtr& held, Ending ending, std::string_view reason, Endings& endings) noexcept
      REQUIRES(mutex_);
  void GiveUp(const HeldPtr& held, const std::exception& why, Endings& endings) noexcept
      REQUIRES(mutex_);
  void CountFailure(HeldFrame& held, const base::Error& error) REQUIRES(mutex_);
  void CountStuck(const HeldFrame& held) noexcept;

  void SetState(HeldFrame& held, FrameState state) REQUIRES(mutex_);
  void TakeBack(const HeldFrame& held) REQUIRES(mutex_);
  void CountDrop(const HeldFrame& held, std::string_view reason) noexcept REQUIRES(mutex_);
  bool TooOld(const HeldFrame& held) const;
  bool TooLateFor(const HeldFrame& held, const std::string& host) const REQUIRES(mutex_);
  std::size_t RoomNow() const REQUIRES(mutex_);
  bool IsWorthAPull() const REQUIRES(mutex_);

  const DispatcherContext context_;
  const Options& options_;
  const process::Options& process_;
  const base::Clock& clock_;
  const PullRoom pull_room_;
  Outcomes outcomes_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  WaitingRoom waiting_ GUARDED_BY(mutex_);
  PixelHosts hosts_ GUARDED_BY(mutex_);
  CameraPaths paths_ GUARDED_BY(mutex_);
  HostConditions host_conditions_ GUARDED_BY(mutex_);
  MissingPixels missing_ GUARDED_BY(mutex_);
  DroppedCameras dropped_ GUARDED_BY(mutex_);
  SuspectGate suspects_ GUARDED_BY(mutex_);
  Goodput goodput_ GUARDED_BY(mutex_);
  telemetry::FirstFewOfEach few_deaths_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, HeldPtr> handed_ GUARDED_BY(mutex_);  // kQueued and kInWork, by number
  std::uint64_t next_number_ GUARDED_BY(mutex_) = 1;
  std::size_t held_ GUARDED_BY(mutex_) = 0;
  std::size_t without_memory_ GUARDED_BY(mutex_) = 0;     // held ones without a reservation
  base::MonoTime not_before_ GUARDED_BY(mutex_){};        // a pause after the workers refused
  base::MonoTime one_by_one_until_ GUARDED_BY(mutex_){};  // nothing is fetched ahead: no memory
  base::MonoTime next_look_ GUARDED_BY(mutex_){};         // by LookAround
  base::MonoTime next_cut_ GUARDED_BY(mutex_){};          // by CutForOthers
  std::size_t cuts_ GUARDED_BY(mutex_) = 0;  // fetches that are cut short and have not ended
  std::optional<base::CancelFlag> to_cut_ GUARDED_BY(mutex_);   // without the lock
  std::optional<base::MonoTime> pause_end_ GUARDED_BY(mutex_);  // of some waiting frame, the first
  std::optional<base::MonoTime> asked_for_ GUARDED_BY(mutex_);  // the tick
  bool without_workers_ GUARDED_BY(mutex_) = false;             // all of them are stuck
  bool draining_ GUARDED_BY(mutex_) = false;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace sampleproc::consumer
