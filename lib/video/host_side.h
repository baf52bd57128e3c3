// The program's half of one open video: what the module may ask of it, whatever the pictures come
// from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "resources/memory_budget.h"
#include "video/module_abi.h"
#include "video/options.h"

namespace sampleproc::video {

// Used by one thread at a time; the budget must outlive it. Time is what the Turn of the running
// call leaves, memory is reserved in the budget and given back with this object.
class HostSide {
 public:
  HostSide(const Options& options, resources::MemoryBudget& budget)
      : deadline_(options.deadline), budget_patience_(options.budget_patience), budget_(budget) {}
  HostSide(const HostSide&) = delete;
  HostSide& operator=(const HostSide&) = delete;

  // Lends the allowance to the module's questions while it lives, with Options::deadline of CPU
  // time. `where` completes "ran out of time in ..." and is static memory.
  class Turn {
   public:
    Turn(HostSide& side, const base::Allowance& allowance, std::string_view where);
    ~Turn() { side_.allowance_ = nullptr; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    HostSide& side_;
    base::Allowance allowance_;
  };

  // Why the module was told no; for ModuleStatus::kStopped.
  const std::optional<base::Error>& refusal() const { return refusal_; }

 protected:
  // ModuleHost's, which is told of this object as a HostSide*.
  static bool MayGoOn(void* self) noexcept;
  static bool MayHold(void* self, std::uint64_t bytes) noexcept;
  static bool MayDecode(void* self, std::uint64_t bytes, int width, int height,
                        std::uint64_t frames) noexcept;

  void Refuse(base::Error error) { refusal_ = std::move(error); }

  // What a failure of the module is; `message` is whole.
  base::Error ErrorOf(ModuleStatus status, std::string message) const;

 private:
  // Holds so many, provided that `beside` more could ever have room.
  bool Hold(std::uint64_t bytes, std::uint64_t beside, const std::string& what);

  const std::chrono::milliseconds deadline_;
  const std::chrono::milliseconds budget_patience_;
  resources::MemoryBudget& budget_;
  std::vector<resources::Reservation> reservations_;  // their sum is held_
  std::uint64_t held_ = 0;
  const base::Allowance* allowance_ = nullptr;  // of the call that runs
  std::string_view where_;
  std::optional<base::Error> refusal_;
};

}  // namespace sampleproc::video
