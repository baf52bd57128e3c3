#include "sim/sources.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "consumer/sources/buffer_answer.h"
#include "support/base64_encode.h"

namespace sampleproc::sim {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using consumer::Delivery;
using consumer::Ending;
using consumer::Settlement;

constexpr Time kRoundTrip = kMillisecond;
// A source's own short wait for frames, and its patience with an upstream that hangs.
constexpr Time kWait = 1 * kSecond;
constexpr Time kPatience = 5 * kSecond;
constexpr Time kClaimIdle = 30 * kSecond;
constexpr int kMaxDeliveries = 5;
constexpr Time kLastSettlements = 1 * kSecond;

std::string UrlOf(const World& world, const SimFrame& frame) {
  const CameraPlan& camera = world.plan.cameras[static_cast<std::size_t>(frame.plan->camera)];
  return "http://h" + std::to_string(camera.host) + "/" + std::to_string(frame.number);
}

}  // namespace

Result<void> SimSource::Reach() {
  world_.Sleep(kRoundTrip);
  if (interrupted_) return Fail(ErrorCode::kShuttingDown, "no more frames are pulled");
  if (world_.Now(FaultKind::kSourceDown)) {
    return Fail(ErrorCode::kUnavailable, "cannot connect to the upstream (connection refused)");
  }
  const auto hangs = world_.Now(FaultKind::kSourceHangs);
  if (!hangs) return {};
  const Time patience = world_.now() + kPatience;
  world_.WaitFor(this, std::min(*hangs, patience));
  if (interrupted_) return Fail(ErrorCode::kCancelled, "cancelled");
  if (world_.now() < patience) return {};
  return Fail(ErrorCode::kRequestTimeout, "timed out after 5 s waiting for the upstream");
}

Result<std::vector<Delivery>> SimSource::Pull(std::size_t count) {
  const Scheduler::Exempt exempt;
  const Time began = world_.now();
  const bool fails = world_.Now(FaultKind::kSourceDown) || world_.Now(FaultKind::kSourceHangs);
  if (fails && !failing_since_) failing_since_ = began;
  if (auto reached = Reach(); !reached) return std::unexpected(reached.error());
  failing_since_.reset();
  auto taken = Take(count);
  if (!taken || !taken->empty()) return taken;
  world_.WaitFor(this, std::min(NextArrival(), world_.now() + kWait));
  if (interrupted_) return Fail(ErrorCode::kCancelled, "cancelled");
  return Take(count);
}

Result<void> SimSource::Probe() {
  const Scheduler::Exempt exempt;
  return Reach();
}

void SimSource::Interrupt(const base::Deadline& /*end*/) {
  const Scheduler::Exempt exempt;
  interrupted_ = true;
  world_.Wake(this);
}

Delivery SimSource::Make(SimFrame& frame, int deliveries) {
  const FramePlan& plan = *frame.plan;
  const CameraPlan& camera = world_.plan.cameras[static_cast<std::size_t>(plan.camera)];
  Delivery delivery;
  delivery.ticket = next_ticket_++;
  delivery.deliveries = deliveries;
  consumer::FrameEntry& entry = delivery.entry;
  entry.frame_id = World::IdOf(frame.number);
  if (!plan.camera_id.empty()) entry.camera_id = plan.camera_id;
  entry.format = kPictureFormat;
  entry.width = kPictureWidth;
  entry.height = kPictureHeight;
  if (camera.where == Where::kEntry && !plan.missing) {
    entry.frame_data = MakePicture(plan.look);
    if (plan.broken) entry.frame_data.resize(entry.frame_data.size() / 2);
  }
  if (camera.where == Where::kKey) entry.frame_buffer_key = "k" + std::to_string(frame.number);
  if (camera.where == Where::kUrl) entry.frame_url = UrlOf(world_, frame);
  ++frame.handed;
  in_hand_[delivery.ticket] = frame.number;
  world_.Say("source: hands out " + entry.frame_id + " of '" + plan.camera_id + "', delivery " +
             std::to_string(deliveries));
  return delivery;
}

SimFrame& SimSource::CheckSettlement(const Settlement& settlement) {
  constexpr const char* kEndings[] = {"done", "dropped", "dead", "returned"};
  const auto held = in_hand_.find(settlement.ticket);
  if (held == in_hand_.end()) world_.Fail(settlement.frame_id + " is settled twice, or never was");
  SimFrame& frame = world_.frames[static_cast<std::size_t>(held->second)];
  const std::string id = World::IdOf(frame.number);
  world_.Say("source: " + id + " is " + kEndings[static_cast<std::size_t>(settlement.ending)] +
             " " + std::string(settlement.reason));
  in_hand_.erase(held);
  frame.late = expects_losses_;
  if (frame.plan->camera_id.empty()) return frame;
  // What is returned or dropped is read by nobody.
  if (settlement.ending != Ending::kDone && settlement.ending != Ending::kDead) return frame;
  std::uint64_t& last = last_read_[frame.plan->camera_id];
  // What could not even be held has no place in the order.
  const bool never_held = settlement.ending == Ending::kDead && settlement.reason == "internal" &&
                          world_.Lately(FaultKind::kOutOfMemory, 0, kRoundTrip);
  if (never_held) return frame;
  if (settlement.ticket < last) {
    world_.Fail(id + " is settled after a later frame of its camera");
  }
  last = std::max(last, settlement.ticket);
  return frame;
}

StreamSource::StreamSource(World& world, Stream& stream, std::string name)
    : SimSource(world), stream_(stream), name_(std::move(name)), settler_([this] { Settler(); }) {}

StreamSource::~StreamSource() {
  closing_ = true;
  close_by_ = world_.now() + kLastSettlements;
  world_.Wake(&queue_);
  settler_.join();
}

Time StreamSource::NextArrival() const {
  const auto& frames = world_.plan.frames;
  return stream_.next < frames.size() ? frames[stream_.next].arrives : kNever;
}

bool StreamSource::HoldsSuspect() const { return !suspects_.empty(); }

// As the real one does: what another has left for long enough, one at a time.
void StreamSource::Claim(std::vector<Delivery>& deliveries) {
  for (auto& [number, pending] : stream_.pending) {
    if (pending.owner == name_ && held_.contains(number)) {
      pending.since = world_.now();
      continue;
    }
    if (HoldsSuspect() || !deliveries.empty()) continue;
    if (world_.now() - pending.since < kClaimIdle) continue;
    if (pending.trimmed) continue;
    pending.owner = name_;
    pending.since = world_.now();
    ++pending.attempts;
    SimFrame& frame = world_.frames[static_cast<std::size_t>(number)];
    Delivery delivery = Make(frame, pending.attempts);
    held_.insert(number);
    if (pending.attempts > 1) suspects_.insert(delivery.ticket);
    if (pending.attempts > kMaxDeliveries) {
      delivery.broken = Fail(ErrorCode::kInternal, "delivered too often").error();
    }
    deliveries.push_back(std::move(delivery));
  }
  for (auto each = stream_.pending.begin(); each != stream_.pending.end();) {
    const bool left = each->second.trimmed && each->second.owner != name_;
    each = left ? stream_.pending.erase(each) : std::next(each);
  }
}

Result<std::vector<Delivery>> StreamSource::Take(std::size_t count) {
  std::vector<Delivery> deliveries;
  TakeAway();
  Claim(deliveries);
  const bool lost = world_.Now(FaultKind::kRepliesLost) && world_.random.Percent(40);
  while (deliveries.size() < count && NextArrival() <= world_.now()) {
    const auto number = static_cast<int>(stream_.next++);
    stream_.pending[number] = {.owner = name_, .since = world_.now(), .attempts = lost ? 0 : 1};
    if (lost) continue;
    deliveries.push_back(Make(world_.frames[static_cast<std::size_t>(number)], 1));
    held_.insert(number);
  }
  if (lost && deliveries.empty()) return Fail(ErrorCode::kIo, "the connection was closed");
  return deliveries;
}

// What others do to the stream meanwhile.
void StreamSource::TakeAway() {
  if (!world_.Now(FaultKind::kTrimmed)) return;
  for (auto& [number, pending] : stream_.pending) {
    if (pending.trimmed || !world_.random.Percent(10)) continue;
    world_.Say("stream: " + World::IdOf(number) + " is trimmed");
    pending.trimmed = true;
    if (held_.contains(number)) continue;
    world_.End(world_.frames[static_cast<std::size_t>(number)], &SimFrame::elsewhere, "trimmed");
  }
}

void StreamSource::Settle(Settlement settlement, consumer::OnSettled done) {
  const Scheduler::Exempt exempt;
  const SimFrame& frame = CheckSettlement(settlement);
  suspects_.erase(settlement.ticket);
  queue_.push_back({frame.number, std::move(settlement), std::move(done)});
  world_.Wake(&queue_);
}

void StreamSource::Settler() {
  const Scheduler::Exempt exempt;
  for (;;) {
    while (queue_.empty() && !closing_) world_.WaitFor(&queue_, kNever);
    if (queue_.empty() || world_.now() >= close_by_) return;
    world_.Sleep(kRoundTrip);
    if (world_.Now(FaultKind::kSourceDown) || world_.Now(FaultKind::kSourceHangs) ||
        world_.Now(FaultKind::kSettlingFails)) {
      world_.Sleep(50 * kMillisecond);
      continue;
    }
    Left left = std::move(queue_.front());
    queue_.pop_front();
    const bool ours = SettleOne(left);
    const Scheduler::Exempt not_exempt(false);
    left.done(ours);
  }
}

// False: somebody else has settled it.
bool StreamSource::SettleOne(const Left& left) {
  const Settlement& settlement = left.settlement;
  const int number = left.frame;
  held_.erase(number);
  SimFrame& frame = world_.frames[static_cast<std::size_t>(number)];
  const auto pending = stream_.pending.find(number);
  const bool taken = world_.Now(FaultKind::kTakenOver) && world_.random.Percent(20);
  if (taken && pending != stream_.pending.end()) {
    world_.Say("stream: another consumer has settled " + World::IdOf(number));
    world_.End(frame, &SimFrame::elsewhere, "taken over");
    stream_.pending.erase(pending);
    return false;
  }
  if (pending == stream_.pending.end() || pending->second.owner != name_) return false;
  switch (settlement.ending) {
    case Ending::kDone:
      world_.End(frame, &SimFrame::done, "");
      break;
    case Ending::kDropped:
      world_.End(frame, &SimFrame::dropped, settlement.reason);
      break;
    case Ending::kDead:
      world_.End(frame, &SimFrame::dead, settlement.reason);
      break;
    case Ending::kReturned:
      // Anybody's after a while; a hand-out that never reached work does not count.
      pending->second.since = world_.now();
      pending->second.owner.clear();
      if (!settlement.worked_on) --pending->second.attempts;
      if (pending->second.trimmed) world_.End(frame, &SimFrame::elsewhere, "trimmed");
      return true;
  }
  stream_.pending.erase(pending);
  return true;
}

Time BufferSource::NextArrival() const {
  const auto& frames = world_.plan.frames;
  return next_ < frames.size() ? frames[next_].arrives : kNever;
}

Result<std::vector<Delivery>> BufferSource::Take(std::size_t count) {
  if (keeper_ != nullptr) {
    keeper_->Sweep();
    if (auto left = keeper_->NextLeft(next_ticket_)) {
      SimFrame& frame = world_.FrameOf(left->entry.frame_id);
      frame.written = true;
      Delivery delivery = Make(frame, left->deliveries);
      delivery.broken = std::move(left->broken);
      std::vector<Delivery> one;
      one.push_back(std::move(delivery));
      return one;
    }
    if (keeper_->Full()) return Fail(ErrorCode::kUnavailable, "the spool is full");
  }
  std::vector<Delivery> deliveries;
  const bool lost = world_.Now(FaultKind::kRepliesLost) && world_.random.Percent(40);
  std::string answer = R"({"frames":[)";
  while (deliveries.size() < count && NextArrival() <= world_.now()) {
    SimFrame& frame = world_.frames[next_++];
    if (lost) {
      world_.End(frame, &SimFrame::elsewhere, "lost by its buffer");
      continue;
    }
    Delivery delivery = Make(frame, 1);
    if (keeper_ != nullptr) {
      answer += std::string(deliveries.empty() ? "" : ",") + R"({"frame_id":")" +
                delivery.entry.frame_id + R"("})";
    }
    deliveries.push_back(std::move(delivery));
  }
  if (lost && deliveries.empty()) return Fail(ErrorCode::kIo, "the connection was closed");
  if (keeper_ == nullptr || deliveries.empty()) return deliveries;
  if (auto kept = keeper_->Write(answer + "]}")) {
    keeper_->Keep(*kept, deliveries);
    for (const Delivery& each : deliveries) {
      world_.FrameOf(each.entry.frame_id).written = true;
    }
  }
  return deliveries;
}

void BufferSource::Settle(Settlement settlement, consumer::OnSettled done) {
  const Scheduler::Exempt exempt;
  SimFrame& frame = CheckSettlement(settlement);
  const Ending ending = settlement.ending;
  if (ending == Ending::kDone) world_.End(frame, &SimFrame::done, "");
  if (ending == Ending::kDropped) world_.End(frame, &SimFrame::dropped, settlement.reason);
  if (ending == Ending::kDead) world_.End(frame, &SimFrame::dead, settlement.reason);
  if (ending == Ending::kReturned && !frame.written) {
    if (!expects_losses_) world_.Fail(World::IdOf(frame.number) + " is returned to nobody");
    world_.End(frame, &SimFrame::elsewhere, "lost by a stop that gave up");
  }
  const Scheduler::Exempt not_exempt(false);
  done(true);
  if (keeper_ != nullptr) keeper_->Settled(settlement.ticket, ending);
}

}  // namespace sampleproc::sim
