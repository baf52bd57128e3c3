#include "consumer/dispatcher.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "consumer/frame_time.h"
#include "frame/result_json.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// With policy latest frames are read ahead, so that there is a newest one to choose: one for each
// of this many cameras.
constexpr std::size_t kReadAhead = 256;

// How long a suspect may keep the others waiting: what kills a process does so soon.
constexpr milliseconds kSuspectTime{1'000};

constexpr const char* kTooOld = "max_age";

// With no worker left nothing is to come but what the source has to say of those that were
// returned.
constexpr milliseconds kLastSettlements{1'000};

constexpr milliseconds kPauseAfterRefusal{20};
constexpr milliseconds kLook{50};  // the clock may be one that no thread can sleep on

constexpr std::chrono::seconds kOldAge = telemetry::ConsumerGauges::kOldFrame;
constexpr std::chrono::seconds kYoungAge{5};

std::size_t HandLimit(const DispatcherOptions& options, const process::WorkerPool& pool) {
  const auto workers = static_cast<std::size_t>(pool.workers());
  if (options.consumer.policy == Policy::kLatest) return workers + 1;
  return workers + static_cast<std::size_t>(options.process.batch_size);
}

std::size_t HoldLimit(const DispatcherOptions& options, std::size_t hand_limit) {
  if (options.consumer.policy == Policy::kLatest) return hand_limit + kReadAhead;
  return hand_limit + static_cast<std::size_t>(options.consumer.batch_size);
}

// Of a frame without one: of all that this processor ever made up, if its clock does not go back.
std::string MadeUpId(base::WallTime now, std::uint64_t number) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return "consumer_frame_" + std::to_string(since.count()) + '_' + std::to_string(number);
}

bool MayPass(ErrorCode code) {
  return code == ErrorCode::kOverloaded || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kRequestTimeout || code == ErrorCode::kIo;
}

}  // namespace

Dispatcher::Dispatcher(DispatcherContext context, const DispatcherOptions& options)
    : context_(context),
      options_(options.consumer),
      process_(options.process),
      hand_limit_(HandLimit(options, context_.pool)),
      hold_limit_(HoldLimit(options, hand_limit_)),
      waiting_(options.consumer.policy),
      workers_(process::BatchWorkersOf(context_.pool)),
      batcher_(process::BatcherOptions(options.process), *workers_, context_.work.clock,
               context_.log, {}),
      feeder_([this] { Feed(); }) {}

Dispatcher::~Dispatcher() { Stop(); }

void Dispatcher::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (feeder_.joinable()) feeder_.join();
  batcher_.Close();
}

std::size_t Dispatcher::Room() const {
  if (draining_ || without_workers_ || without_memory_ > 0) return 0;
  return hold_limit_ - std::min(hold_limit_, held_ - std::min(held_, context_.source.Parked()));
}

std::size_t Dispatcher::AwaitRoom(milliseconds patience) {
  Lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return IsWorthAPull() || draining_; });
  return Room();
}

// A pull for each frame that leaves would cost the upstream as much as the frames themselves.
bool Dispatcher::IsWorthAPull() const {
  const std::size_t room = Room();
  if (room >= static_cast<std::size_t>(options_.batch_size)) return true;
  const bool idle = handed_.size() <= static_cast<std::size_t>(context_.pool.workers());
  return room > 0 && waiting_.size() == 0 && idle;
}

HeldPtr Dispatcher::Hold(Delivery delivery) {
  auto held = std::make_shared<HeldFrame>();
  held->number = next_number_++;
  FrameEntry& entry = delivery.entry;
  const base::WallTime now = context_.work.clock.Wall();
  if (entry.frame_id.empty()) entry.frame_id = MadeUpId(now, held->number);
  held->taken = entry.timestamp ? ParseFrameTime(*entry.timestamp).value_or(now) : now;
  held->place = order_.Join(entry.camera_id);
  if (!delivery.broken && delivery.drop.empty()) {
    auto reservation = context_.budget.TryReserve(entry.frame_data.size(), "a pulled frame");
    if (reservation) {
      held->reservation = std::move(*reservation);
    } else {
      held->without_memory = true;
    }
    held->work.emplace(context_.work, entry.frame_id, base::Allowance{.cancel = cancel_});
  }
  held->delivery = std::move(delivery);
  return held;
}

void Dispatcher::Accept(std::vector<Delivery> deliveries) {
  context_.ledger.Offered(deliveries.size());
  std::vector<HeldPtr> replaced;
  {
    const std::lock_guard lock(mutex_);
    for (Delivery& delivery : deliveries) {
      HeldPtr held = Hold(std::move(delivery));
      ++held_;
      if (held->without_memory) ++without_memory_;
      if (auto older = waiting_.Add(std::move(held))) replaced.push_back(std::move(older));
    }
    changed_.notify_all();
  }
  for (const HeldPtr& older : replaced) Leave(older, false, Ending::kDropped, "newer_frame");
}

void Dispatcher::PassStuckSuspect() {
  if (!alone_ || !alone_->longest.Expired()) return;
  stuck_.insert(alone_->number);
  alone_.reset();
}

bool Dispatcher::MayStart() {
  PassStuckSuspect();
  const HeldFrame* next = waiting_.Next();
  if (next == nullptr || handed_.size() >= hand_limit_) return false;
  if (context_.work.clock.Now() < not_before_) return false;
  if (alone_ || without_workers_) return false;
  return !next->suspect() || handed_.size() == stuck_.size();
}

HeldPtr Dispatcher::TakeNext() {
  HeldPtr next = waiting_.TakeNext();
  handed_.emplace(next->number, Handed{next});
  if (next->suspect()) {
    alone_ = {next->number, base::Deadline(context_.work.clock, kSuspectTime)};
  }
  return next;
}

// The opposite of TakeNext.
void Dispatcher::TakeBack(const HeldFrame& held) {
  handed_.erase(held.number);
  stuck_.erase(held.number);
  if (alone_ && alone_->number == held.number) alone_.reset();
}

// One thread hands frames on, so that they come to the workers in order.
void Dispatcher::Feed() {
  Lock lock(mutex_);
  while (!stopping_) {
    if (MayStart()) {
      const HeldPtr next = TakeNext();
      lock.unlock();
      Hand(next);
      lock.lock();
      continue;
    }
    WatchAge();
    if (waiting_.size() == 0) {
      changed_.wait(lock, [this] { return stopping_ || waiting_.size() > 0; });
    } else {
      changed_.wait_for(lock, kLook);
    }
  }
}

// Under the lock.
void Dispatcher::WatchAge() {
  const auto oldest = waiting_.Oldest();
  const auto age = oldest ? context_.work.clock.Wall() - *oldest : nanoseconds(0);
  if (said_old_ || age < kOldAge) {
    if (age < kYoungAge) said_old_ = false;
    return;
  }
  said_old_ = true;
  context_.log.Warning(
      "the oldest waiting frame is older than 10 s: frames come faster than they are worked on; "
      "for live cameras set consumer.policy = \"latest\" and consumer.max_age",
      {{"age_s", std::chrono::duration<double>(age).count()}});
}

void Dispatcher::Hand(const HeldPtr& held) {
  auto added =
      batcher_.Add([this, held](process::BatchPart part) { Start(held, std::move(part)); });
  if (!added && Enter(*held, Stage::kOurs)) Leave(held, true, Ending::kReturned);
}

bool Dispatcher::TooOld(const HeldFrame& held) const {
  return options_.max_age > milliseconds(0) &&
         context_.work.clock.Wall() - held.taken > options_.max_age;
}

void Dispatcher::Start(const HeldPtr& held, process::BatchPart part) {
  if (!Enter(*held, Stage::kOurs)) return;
  if (const auto reason = held->delivery.drop; !reason.empty()) {
    return Leave(held, true, Ending::kDropped, std::string(reason));
  }
  if (held->delivery.broken) return Fail(held, *held->delivery.broken);
  if (TooOld(*held)) return Leave(held, true, Ending::kDropped, kTooOld);
  Enter(*held, Stage::kWaits);
  auto submitted = context_.pool.Submit(
      [this, held, part = std::move(part)](process::Processor& processor,
                                           process::CameraTurns::Turn turn) mutable {
        Work(held, processor, std::move(turn), part);
      });
  if (submitted || !Enter(*held, Stage::kOurs)) return;
  if (submitted.error().code == ErrorCode::kShuttingDown) {
    return Leave(held, true, Ending::kReturned);
  }
  TryLater(held);
}

void Dispatcher::Work(const HeldPtr& held, process::Processor& processor,
                      process::CameraTurns::Turn turn, process::BatchPart& part) {
  if (!Enter(*held, Stage::kInWork)) return;
  auto looked = LookAt(*held, processor, std::move(turn));
  if (!Enter(*held, Stage::kOurs)) return;
  if (!looked) return Fail(held, looked.error());
  if (!*looked) return Leave(held, true, Ending::kDropped, kTooOld);
  held->work->Completed((*looked)->result);
  part.Succeeded();
  Leave(held, true, Ending::kDone, std::move((*looked)->record));
}

// Nothing when its turn came later than it was handed on, and too late.
base::Result<std::optional<Dispatcher::Looked>> Dispatcher::LookAt(
    HeldFrame& held, process::Processor& processor, process::CameraTurns::Turn turn) {
  try {
    auto begun = held.work->Begin();
    if (!begun) return std::unexpected(std::move(begun.error()));
    if (TooOld(held)) return std::nullopt;
    if (auto loaded = LoadPixels(held); !loaded) return std::unexpected(std::move(loaded.error()));
    auto result = held.work->Run(processor, *held.frame, std::move(turn));
    if (!result) return std::unexpected(std::move(result.error()));
    std::string record = Record(held, *result);
    return Looked{std::move(*result), std::move(record)};
  } catch (const std::exception& error) {
    return base::Fail(ErrorCode::kInternal, error.what());
  }
}

// False: the frame has been given up meanwhile, and is not ours to settle.
bool Dispatcher::Enter(const HeldFrame& held, Stage stage) {
  const std::lock_guard lock(mutex_);
  const auto handed = handed_.find(held.number);
  if (handed == handed_.end()) return false;
  handed->second.stage = stage;
  handed->second.since = context_.work.clock.Now();
  return true;
}

// Frames that are given up stay as they are: a worker may be at them, or come to them yet, and so
// does the memory that they take.
void Dispatcher::GiveUpStuck(milliseconds limit) {
  const bool nobody_left = context_.pool.Stuck(limit) >= context_.pool.workers();
  std::vector<HeldPtr> stuck;
  std::vector<HeldPtr> returned;
  {
    const std::lock_guard lock(mutex_);
    without_workers_ = nobody_left;
    const base::MonoTime now = context_.work.clock.Now();
    for (const auto& [number, handed] : handed_) {
      const bool lost = handed.stage == Stage::kInWork && now - handed.since >= limit;
      const bool waits = handed.stage == Stage::kWaits;
      if (lost) stuck.push_back(handed.held);
      if (waits && nobody_left && context_.source.TakesBack()) returned.push_back(handed.held);
    }
    for (const HeldPtr& held : stuck) TakeBack(*held);
    for (const HeldPtr& held : returned) TakeBack(*held);
    changed_.notify_all();
  }
  for (const HeldPtr& held : stuck) {
    const std::string& id = held->delivery.entry.frame_id;
    context_.log.Error("a worker does not come back from this frame: it is given up",
                       {{"frame_id", std::string_view(id)},
                        {"deliveries", std::int64_t{held->delivery.deliveries}}});
    context_.work.metrics.FrameFailed(
        base::Fail(ErrorCode::kDeadline, "its worker does not come back").error());
    SettleInOrder(*held, Ending::kDead, id, "stuck");
  }
  for (const HeldPtr& held : returned) {
    SettleInOrder(*held, Ending::kReturned, held->delivery.entry.frame_id, {});
  }
}

// Pixels that came with the entry are paid for since then. Of others nobody knows the size before
// they are here; they count from then on, also while the frame waits for another try.
base::Result<void> Dispatcher::LoadPixels(HeldFrame& held) {
  if (held.frame) return {};
  const bool fetched = held.delivery.entry.frame_data.empty();
  const base::Allowance& allowance = held.work->allowance();
  auto frame = context_.pixels.Load(held.delivery.entry, allowance);
  if (!frame) return std::unexpected(std::move(frame.error()));
  if (fetched) {
    auto reservation = context_.budget.TryReserve(frame->storage.size(), "fetched pixels");
    if (!reservation) return std::unexpected(std::move(reservation.error()));
    held.reservation = std::move(*reservation);
  }
  held.frame = std::move(*frame);
  return {};
}

std::string Dispatcher::Record(const HeldFrame& held, const frame::FrameResult& result) const {
  const auto& timestamp = held.delivery.entry.timestamp;
  std::string record;
  frame::AppendMessageJson({.processor_id = options_.processor_id, .timestamp = timestamp}, result,
                           {.simulated_gpu = process_.simulate_gpu}, record);
  return record;
}

void Dispatcher::Fail(const HeldPtr& held, const base::Error& error) {
  const bool worked = held->work.has_value();
  if (worked && MayPass(error.code) && held->tries++ < options_.max_retries) {
    held->work->TryAgain({.cancel = cancel_});
    return TryLater(held);
  }
  if (worked) held->work->Failed(error);
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kShuttingDown) {
    return Leave(held, true, Ending::kReturned);
  }
  if (error.code == ErrorCode::kNotFound) {
    const bool dead = options_.no_pixels == NoPixels::kDead;
    return Leave(held, true, dead ? Ending::kDead : Ending::kDropped, "no_pixels");
  }
  context_.log.Warning("a pulled frame cannot be done",
                       {{"frame_id", std::string_view(held->delivery.entry.frame_id)},
                        {"error_type", base::ErrorCodeName(error.code)},
                        {"error", std::string_view(error.message)},
                        {"deliveries", std::int64_t{held->delivery.deliveries}}});
  Leave(held, true, Ending::kDead, std::string(base::ErrorCodeName(error.code)));
}

void Dispatcher::TryLater(const HeldPtr& held) {
  HeldPtr obsolete;
  {
    const std::lock_guard lock(mutex_);
    TakeBack(*held);
    not_before_ = context_.work.clock.Now() + kPauseAfterRefusal;
    if (!draining_ || !context_.source.TakesBack()) {
      obsolete = waiting_.PutBack(held);
      changed_.notify_all();
      if (!obsolete) return;
    }
  }
  if (obsolete) return Leave(obsolete, false, Ending::kDropped, "newer_frame");
  Leave(held, false, Ending::kReturned);
}

// `text` is the record of what is done, the reason of the rest.
void Dispatcher::Leave(const HeldPtr& held, bool was_handed, Ending ending, std::string text) {
  held->work.reset();
  held->frame.reset();
  held->delivery.entry.frame_data = {};
  held->reservation.Release();
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(held->without_memory, false)) --without_memory_;
    if (was_handed) TakeBack(*held);
    changed_.notify_all();
  }
  SettleInOrder(*held, ending, std::move(held->delivery.entry.frame_id), std::move(text));
}

void Dispatcher::SettleInOrder(const HeldFrame& held, Ending ending, std::string id,
                               std::string text) {
  order_.Leave(held.place, [this, ending, ticket = held.delivery.ticket, id = std::move(id),
                            text = std::move(text)]() mutable {
    const bool done = ending == Ending::kDone;
    ResultRecord record{id, done ? text : std::string()};
    std::string reason = done ? std::string() : std::move(text);
    Settlement settlement{.ticket = ticket,
                          .ending = ending,
                          .frame_id = std::move(id),
                          .record = record.json,
                          .reason = reason};
    context_.source.Settle(std::move(settlement),
                           [this, ending, record = std::move(record), reason = std::move(reason)](
                               bool ours) { Settled(ending, record, reason, ours); });
  });
}

void Dispatcher::Settled(Ending ending, const ResultRecord& record, std::string_view reason,
                         bool ours) {
  if (ending == Ending::kDone && ours) context_.sinks.Take(record);
  context_.ledger.Settled(ending, reason, ours);
  const std::lock_guard lock(mutex_);
  --held_;
  changed_.notify_all();
}

std::uint64_t Dispatcher::Drain(const base::Deadline& end) {
  std::vector<HeldPtr> returned;
  Lock lock(mutex_);
  draining_ = true;
  if (context_.source.TakesBack()) {
    while (HeldPtr held = waiting_.TakeNext()) returned.push_back(std::move(held));
  }
  changed_.notify_all();
  lock.unlock();
  for (const HeldPtr& held : returned) Leave(held, false, Ending::kReturned);
  lock.lock();
  base::Deadline patience = end;
  if (without_workers_) {
    patience = base::Deadline::Earlier(end, base::Deadline(context_.work.clock, kLastSettlements));
  }
  while (held_ > 0 && !patience.Expired()) changed_.wait_for(lock, kLook);
  return held_;
}

nanoseconds Dispatcher::OldestAge() const {
  const std::lock_guard lock(mutex_);
  const auto oldest = waiting_.Oldest();
  if (!oldest) return nanoseconds(0);
  return std::max(nanoseconds(0), nanoseconds(context_.work.clock.Wall() - *oldest));
}

}  // namespace sampleproc::consumer
