// Where the consumer's frames come from, and who is told what became of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/trace_context.h"
#include "consumer/frame_entry.h"
#include "consumer/spooled_answer.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// A frame that was handed to us.
struct Delivery {
  std::uint64_t ticket = 0;  // the source's name for it until it is settled; never 0, never reused
  FrameEntry entry;
  // How often it has been handed out, this time included. From the second time on somebody died or
  // gave up over it: such a frame is worked alone.
  int deliveries = 1;
  // What is wrong with the entry; it then goes to the dead letters, or is dropped where there are
  // none.
  std::optional<base::Error> broken;
  // Why it is to be dropped unseen ("trimmed", of static lifetime); empty for all others.
  std::string_view drop = {};
  // Of the entry's bytes, where the source has counted them.
  resources::Reservation memory = {};
  std::optional<base::TraceContext> received = {};  // of the pull that brought it
  std::string message_id = {};  // of the entry at the source; "" where entries have none
  std::optional<base::WallTime> added = {};  // when it came to the source, where that tells
  // Where it is written down, so that the next start does it again; null when it is not.
  std::shared_ptr<const SpooledAnswer> spooled = {};
};

// When its frame was taken: by its timestamp, where that can be read, else when it came to the
// source. Nothing where neither is known.
std::optional<base::WallTime> TakenAt(const Delivery& delivery);

// How a frame ended. Each ends in exactly one of these.
enum class Ending {
  kDone,      // looked at; `record` is the result
  kDropped,   // not looked at on purpose; `reason` says why
  kDead,      // cannot be done; `reason` says why
  kReturned,  // not looked at because we stop: somebody else's, or ours at the next start
};

struct Settlement {
  std::uint64_t ticket = 0;
  Ending ending = Ending::kDone;
  std::string frame_id;
  std::string record;  // one line of JSON without the newline; of kDone only
  // A stable word of static lifetime ("max_age", "no_pixels", "invalid-frame"); of the others.
  std::string_view reason = {};
  bool worked_on = false;  // a worker has had it; a hand-out without that is no attempt at it
  std::size_t camera = 0;  // one number for each camera whose results keep their order; 0 for none
  std::string traceparent = {};  // of the trace that the frame belongs to; "" for none
  std::string tracestate = {};   // that goes with it
  std::shared_ptr<const SpooledAnswer> spooled = {};  // of the delivery
};

// Called once, from any thread. False: another owner had settled the frame before, so nothing of
// ours counts and the record goes nowhere else. True also where the upstream's answer got lost, so
// that either of us may have been the one: better twice than never. It must not call the source.
using OnSettled = std::move_only_function<void(bool ours)>;

// Pull and Reset are called by one thread, Probe by another one beside it. Settle and Interrupt by
// any.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  // At most `count` frames; none when nothing came within the source's own short wait (a second or
  // less). Fails with kUnavailable, kRequestTimeout or kIo when the upstream cannot be reached or
  // does not answer as agreed, kConfig when waiting does not help (a wrong password);
  // `retry_after` is the upstream's own word. Frames in hand stay valid through failures.
  virtual base::Result<std::vector<Delivery>> Pull(std::size_t count) = 0;

  // Hands over what became of a frame; once for each. Never waits for the network, and takes no
  // memory that was not taken when the frame was pulled: it must not throw. What cannot be settled
  // now (the upstream is away) is kept and tried again: it is bounded by what was pulled, because
  // frames count as in hand until `done` has been called.
  virtual void Settle(Settlement settlement, OnSettled done) = 0;

  // Settlements that the upstream refuses at the moment, of frames that ended without a result:
  // they are small and bounded, and need not count as frames in hand.
  virtual std::size_t Parked() const { return 0; }
  // Has `told` called, from any thread, whenever there may be more of them. Before the first
  // Settle; what it calls outlives the last one.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): those that have some keep it.
  virtual void OnParked(std::function<void()> /*told*/) {}

  // Whether settlements reach the upstream: success, or what is wrong. Never waits for the network.
  virtual base::Result<void> Settling() const { return {}; }

  // Whether a frame that is settled as kReturned is worked on later: by somebody else, or by us at
  // the next start. Where it is not, a consumer that stops finishes what it holds.
  virtual bool TakesBack() const = 0;

  // Whether this frame, settled as kReturned, comes again later, also to us while we go on: so
  // that it need not wait in hand for a pixel host that is away, and keep others waiting.
  virtual bool HandsOutAgain(const Delivery& /*frame*/) const { return TakesBack(); }

  // Forgets connections after repeated failure; the next Pull begins from nothing.
  virtual void Reset() = 0;

  // How the upstream says it is: success, or what is wrong. At most a few seconds. Success where
  // pulls say it all.
  virtual base::Result<void> Probe() { return {}; }

  // Ends a Pull or Probe that waits, with kCancelled, within a second or two and by `end`; those
  // after it fail with kShuttingDown at once. Settle goes on working until Close.
  virtual void Interrupt(const base::Deadline& end) = 0;

  // Settles what is left and takes leave of the upstream, by `end`; what is not settled by then
  // stays as it is. Once nobody pulls or settles any more. Without it the destructor does so,
  // within a bound of its own.
  virtual void Close(const base::Deadline& /*end*/) {}
};

}  // namespace sampleproc::consumer
