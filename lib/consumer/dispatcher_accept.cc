// How pulled frames come in: what is held of each, and what of them waits.
#include <exception>
#include <utility>

#include "cameras/roster.h"
#include "consumer/dispatcher.h"
#include "consumer/pixels/entry_pixels.h"
#include "process/batch.h"

namespace sampleproc::consumer {
namespace {

// Of a frame without one: of all that this processor ever made up, if its clock does not go back.
std::string MadeUpId(base::WallTime now, std::uint64_t number) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return "consumer_frame_" + std::to_string(since.count()) + '_' + std::to_string(number);
}

}  // namespace

HeldPtr Dispatcher::Hold(Delivery& delivery) {
  auto held = std::make_shared<HeldFrame>();
  held->number = next_number_++;
  FrameEntry& entry = delivery.entry;
  const base::WallTime now = clock_.Wall();
  if (entry.frame_id.empty()) entry.frame_id = MadeUpId(now, held->number);
  if (context_.cameras != nullptr) held->camera = context_.cameras->Find(entry.camera_id);
  // Whoever moves a dead letter back wants it looked at, however old it is by now.
  if (!entry.is_replay) {
    held->max_age = held->camera ? held->camera->settings().max_age : options_.max_age;
  }
  held->taken = TakenAt(delivery).value_or(now);
  if (context_.traces != nullptr) held->span = context_.traces->Process(delivery);
  held->traceparent = TraceparentOf(held->span, entry.traceparent);
  if (!delivery.broken && delivery.drop.empty()) {
    held->places = context_.pixels.PlacesOf(entry);
    for (PixelPlace& place : held->places) {
      const CameraPaths::Path path{place.host, entry.camera_id};
      if (!paths_.IsApart(path)) continue;
      place.host = CameraPaths::NameOf(path);
      place.behind = path.first;
    }
    held->work.emplace(context_.work, entry.frame_id,
                       base::Allowance{.cancel = held->cancel, .trace = held->span.parent()});
    held->work->Describe(entry.frame_id, entry.camera_id);
    const std::size_t bytes = entry.frame_data.size();
    base::Result<resources::Reservation> reservation = std::move(delivery.memory);
    if (reservation->bytes() < bytes) {
      reservation->Release();
      reservation = context_.budget.TryReserve(bytes, "a pulled frame");
    }
    if (reservation) {
      held->reservation = std::move(*reservation);
    } else if (reservation.error().code == base::ErrorCode::kOverloaded) {
      held->without_memory = true;
    } else {
      delivery.broken = std::move(reservation.error());  // there never is so much memory
    }
    if (!entry.frame_data.empty()) {
      held->places.clear();
      held->frame = FrameOf(entry, {});
      held->state = FrameState::kReady;
    }
  } else if (context_.work.roster != nullptr && entry.camera_id) {
    cameras::Roster& roster = *context_.work.roster;
    roster.Came(*entry.camera_id, context_.work.door);
    if (delivery.broken) {
      roster.Lost(*entry.camera_id, base::ErrorCodeName(delivery.broken->code),
                  delivery.broken->message);
    } else {
      roster.Lost(*entry.camera_id, delivery.drop);
    }
  }
  held->place = outcomes_.Join(entry.camera_id);
  held->delivery = std::move(delivery);
  return held;
}

void Dispatcher::Accept(std::vector<Delivery> deliveries) noexcept {
  context_.ledger.Offered(deliveries.size());
  try {
    process::StartBatch(deliveries.size(),
                        [this, &deliveries](std::size_t index, process::BatchPart part) {
                          AcceptOne(deliveries[index], std::move(part));
                        },
                        context_.log, {});
  } catch (const std::exception&) {  // no memory to count them together
    for (Delivery& delivery : deliveries) AcceptOne(delivery, {});
  }
}

void Dispatcher::AcceptOne(Delivery& delivery, process::BatchPart part) noexcept {
  Endings endings;
  HeldPtr held;
  {
    const base::MutexLock lock(mutex_);
    ++held_;
    try {
      held = Hold(delivery);
      held->part.emplace(std::move(part));
      if (held->without_memory) ++without_memory_;
      Enter(held, endings);
    } catch (const std::exception& error) {
      if (held) GiveUp(held, error, endings);
    }
    Move(endings);
  }
  GoOut(std::move(endings));
  if (held) return;
  context_.log.Error("a pulled frame could not be held",
                     {{"frame_id", std::string_view(delivery.entry.frame_id)}});
  const Outcomes::Fate fate = outcomes_.GivenUp();
  outcomes_.End({}, {.ticket = delivery.ticket,
                     .ending = fate.ending,
                     .frame_id = std::move(delivery.entry.frame_id),
                     .record = {},
                     .reason = fate.reason});
}

void Dispatcher::Enter(const HeldPtr& held, Endings& endings) {
  SetState(*held, held->state);
  if (const std::string_view reason = held->delivery.drop; !reason.empty()) {
    return End(held, Ending::kDropped, reason, endings);
  }
  if (held->delivery.broken) return Die(held, *held->delivery.broken, endings);
  if (cancelled_ || (draining_ && outcomes_.TakesBack())) {
    return End(held, Ending::kReturned, {}, endings);
  }
  if (TooOld(*held)) return End(held, Ending::kDropped, kTooOld, endings);
  if (!held->frame) {
    if (held->places.empty()) return EndWithoutPixels(held, endings);
    if (SuspectGoesBack(*held)) return End(held, Ending::kReturned, kPixelHost, endings);
  }
  HeldList older = waiting_.Add(held, clock_.Now());
  while (const HeldPtr each = older.Pop()) End(each, Ending::kDropped, kNewerFrame, endings);
  BoundWaitingForHosts(endings);
  MakeRoom(endings);
}

// Rather than wait for a host that is away. The source hands out no other suspect beside one.
bool Dispatcher::SuspectGoesBack(const HeldFrame& held) const {
  const PixelPlace* place = held.PlaceToAsk();
  return place != nullptr && held.suspect() && context_.source.HandsOutAgain(held.delivery) &&
         hosts_.Paused(place->host, clock_.Now());
}

}  // namespace sampleproc::consumer
