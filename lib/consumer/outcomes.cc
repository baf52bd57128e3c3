#include "consumer/outcomes.h"

#include <exception>
#include <memory>
#include <utility>

#include "consumer/record_log.h"

namespace sampleproc::consumer {

// One frame's settlement, from its hand-over to the source's word on it. A source that drops it
// without a word, because something threw, has not settled the frame: it counts as returned.
class Outcomes::Settling {
 public:
  // When it throws, `settlement` is as it was.
  Settling(Outcomes& outcomes, Settlement&& settlement, const std::optional<std::string>& camera,
           base::Span&& process)
      : record_{.frame_id = settlement.frame_id,
                .json = settlement.record,
                .traceparent = settlement.traceparent,
                .tracestate = settlement.tracestate,
                .camera_id = camera.value_or(""),
                .spooled = settlement.spooled},
        settlement_(std::move(settlement)),
        ending_(settlement_.ending),
        reason_(settlement_.reason),
        outcomes_(&outcomes),
        process_(std::move(process)) {}
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;
  ~Settling() {
    if (outcomes_ == nullptr) return;
    RecordLog(record_, outcomes_->log_).Error("a frame could not be settled with its source");
    ending_ = Ending::kReturned;
    Done(true);
  }

  // For the source; once.
  Settlement TakeSettlement() noexcept {
    sent_ = base::SystemClock().Now();
    if (outcomes_->traces_ != nullptr) settle_ = outcomes_->traces_->Settle(process_.parent());
    return std::move(settlement_);
  }

  void Done(bool ours) noexcept {
    Outcomes* const outcomes = std::exchange(outcomes_, nullptr);
    settle_.End();
    outcomes->ledger_.SettlingTook(base::SystemClock().Now() - sent_);
    TellEnding(ending_, reason_, ours, process_);
    process_.End();
    if (ending_ == Ending::kDone && ours) outcomes->sinks_.Take(record_, outcomes->log_);
    outcomes->Settled(ending_, reason_, ours);
  }

 private:
  const ResultRecord record_;
  Settlement settlement_;
  Ending ending_;
  const std::string_view reason_;
  Outcomes* outcomes_;  // null once the source has had its word
  base::Span process_;
  base::Span settle_;
  base::MonoTime sent_ = base::SystemClock().Now();
};

// The same without a record, and without memory: it is small enough to be its own function.
class Outcomes::BareSettling {
 public:
  BareSettling(Outcomes& outcomes, Ending ending) : outcomes_(&outcomes), ending_(ending) {}
  BareSettling(BareSettling&& other) noexcept
      : outcomes_(std::exchange(other.outcomes_, nullptr)), ending_(other.ending_) {}
  BareSettling& operator=(BareSettling&&) = delete;
  ~BareSettling() {
    if (outcomes_ != nullptr) outcomes_->Settled(Ending::kReturned, kNoMemory, true);
  }

  void operator()(bool ours) noexcept {
    std::exchange(outcomes_, nullptr)->Settled(ending_, kNoMemory, ours);
  }

 private:
  static constexpr std::string_view kNoMemory = "no_memory";

  Outcomes* outcomes_;  // null once the source has had its word
  Ending ending_;
};

void Outcomes::End(const CameraOrder::Place& place, Settlement settlement,
                   base::Span process) noexcept {
  std::unique_ptr<Settling> settling;
  const bool in_order = settlement.ending == Ending::kDone || settlement.ending == Ending::kDead;
  if (place.camera) settlement.camera = std::hash<std::string>()(*place.camera) | 1U;
  try {
    settling =
        std::make_unique<Settling>(*this, std::move(settlement), place.camera, std::move(process));
  } catch (const std::exception&) {  // no memory
    order_.Leave(place, []() noexcept {});
    return SendBare(std::move(settlement));
  }
  // What goes along is small enough for its function to take no memory, here and in Send.
  auto send = [this, settling = std::move(settling)]() mutable noexcept {
    Send(std::move(settling));
  };
  if (in_order) return order_.Leave(place, std::move(send));
  order_.Leave(place, []() noexcept {});
  send();
}

void Outcomes::Send(std::unique_ptr<Settling> settling) noexcept {
  try {
    Settlement settlement = settling->TakeSettlement();
    source_.Settle(std::move(settlement),
                   [settling = std::move(settling)](bool ours) noexcept { settling->Done(ours); });
  } catch (const std::exception& error) {
    log_.Error("a frame's settlement failed", {{"error", std::string_view(error.what())}});
  }
}

// Without its result.
void Outcomes::SendBare(Settlement settlement) noexcept {
  if (settlement.ending == Ending::kDone) {
    const Fate fate = GivenUp();
    settlement.ending = fate.ending;
    settlement.reason = fate.reason;
    settlement.record = {};
  }
  log_.Error("there is no memory to settle a frame in order",
             {{"frame_id", std::string_view(settlement.frame_id)},
              {"trace_id", base::TraceIdOf(settlement.traceparent)}});
  try {
    BareSettling done(*this, settlement.ending);
    source_.Settle(std::move(settlement), std::move(done));
  } catch (const std::exception& error) {
    log_.Error("a frame's settlement failed", {{"error", std::string_view(error.what())}});
  }
}

void Outcomes::Settled(Ending ending, std::string_view reason, bool ours) noexcept {
  ledger_.Settled(ending, reason, ours);
  on_settled_();
}

}  // namespace sampleproc::consumer
