// Brings what became of a frame to the source, the sinks and the ledger, in its camera's order.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "consumer/camera_order.h"
#include "consumer/frame_source.h"
#include "consumer/ledger.h"
#include "consumer/message_traces.h"
#include "consumer/sink_set.h"

namespace sampleproc::consumer {

// Thread-safe; hold no lock. Everything must outlive the last call of `on_settled`.
class Outcomes {
 public:
  // `on_settled` is called when the source has taken a frame's settlement, from any thread. It must
  // not throw.
  Outcomes(FrameSource& source, const SinkSet& sinks, Ledger& ledger, base::Logger& log,
           std::function<void()> on_settled, const MessageTraces* traces = nullptr)
      : source_(source),
        sinks_(sinks),
        ledger_(ledger),
        log_(log),
        on_settled_(std::move(on_settled)),
        traces_(traces) {}

  // Without memory it throws, and nobody has joined.
  CameraOrder::Place Join(const std::optional<std::string>& camera) { return order_.Join(camera); }

  // The frame has ended as `settlement` says. Once for each place. Results and deaths go out in the
  // order of their camera's frames; what is returned or dropped is read by nobody, and goes at
  // once. What there is no memory to send on its way ends as GivenUp says, at once too.
  // `process`, the frame's span, ends when the source has taken the settlement.
  void End(const CameraOrder::Place& place, Settlement settlement,
           base::Span process = {}) noexcept;

  bool TakesBack() const { return source_.TakesBack(); }

  // How a frame ends that something unexpected was thrown at: it is done later where the source
  // takes it back.
  struct Fate {
    Ending ending;
    std::string_view reason;
  };
  Fate GivenUp() const {
    return TakesBack() ? Fate{Ending::kReturned, {}} : Fate{Ending::kDead, "internal"};
  }

 private:
  class Settling;
  class BareSettling;

  void Send(std::unique_ptr<Settling> settling) noexcept;
  void SendBare(Settlement settlement) noexcept;
  void Settled(Ending ending, std::string_view reason, bool ours) noexcept;

  FrameSource& source_;
  const SinkSet& sinks_;
  Ledger& ledger_;
  base::Logger& log_;
  const std::function<void()> on_settled_;
  const MessageTraces* const traces_;  // may be null
  CameraOrder order_;
};

}  // namespace sampleproc::consumer
