#include "consumer/outcomes.h"

#include <exception>
#include <memory>
#include <utility>

namespace sampleproc::consumer {

// One frame's settlement, from its hand-over to the source's word on it. A source that drops it
// without a word, because something threw, has not settled the frame: it counts as returned.
class Outcomes::Settling {
 public:
  Settling(Outcomes& outcomes, Ending ending, ResultRecord record, std::string reason)
      : outcomes_(&outcomes),
        ending_(ending),
        record_(std::move(record)),
        reason_(std::move(reason)) {}
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;
  ~Settling() {
    if (outcomes_ == nullptr) return;
    outcomes_->log_.Error("a frame could not be settled with its source",
                          {{"frame_id", std::string_view(record_.frame_id)}});
    ending_ = Ending::kReturned;
    Done(true);
  }

  void Done(bool ours) {
    Outcomes* const outcomes = std::exchange(outcomes_, nullptr);
    try {
      if (ending_ == Ending::kDone && ours) outcomes->sinks_.Take(record_);
    } catch (const std::exception& error) {
      outcomes->log_.Error("a result did not reach a sink",
                           {{"frame_id", std::string_view(record_.frame_id)},
                            {"error", std::string_view(error.what())}});
    }
    outcomes->ledger_.Settled(ending_, reason_, ours);
    outcomes->on_settled_();
  }

 private:
  Outcomes* outcomes_;  // null once the source has had its word
  Ending ending_;
  ResultRecord record_;
  std::string reason_;
};

void Outcomes::End(const CameraOrder::Place& place, Settlement settlement) {
  bool counted = false;
  try {
    auto settling = std::make_unique<Settling>(*this, settlement.ending,
                                               ResultRecord{settlement.frame_id, settlement.record},
                                               settlement.reason);
    counted = true;  // by it, whatever happens
    if (settlement.ending == Ending::kReturned || settlement.ending == Ending::kDropped) {
      order_.Leave(place, []() noexcept {});
      return Settle(std::move(settlement), std::move(settling));
    }
    order_.Leave(place, [this, settlement = std::move(settlement),
                         settling = std::move(settling)]() mutable noexcept {
      Settle(std::move(settlement), std::move(settling));
    });
  } catch (const std::exception&) {
    // There is no memory to settle it; its camera goes on without it, which takes none.
    if (!counted) on_settled_();
    order_.Leave(place, []() noexcept {});
  }
}

void Outcomes::Settle(Settlement settlement, std::unique_ptr<Settling> settling) noexcept {
  try {
    source_.Settle(std::move(settlement),
                   [settling = std::move(settling)](bool ours) { settling->Done(ours); });
  } catch (const std::exception& error) {
    log_.Error("a frame's settlement failed", {{"error", std::string_view(error.what())}});
  }
}

}  // namespace sampleproc::consumer
