// Entries whose answer never arrives whole, as behind a network that cuts what is large.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sampleproc::consumer {

// An entry that was asked for alone, kTries times on a connection that had just worked, and whose
// answer was lost each time, is set aside: others go on, and it is tried again after a pause that
// grows up to kLongest. A decision by given times; used by one thread at a time.
class StuckEntries {
 public:
  static constexpr int kTries = 3;
  static constexpr std::chrono::milliseconds kShortest{1'000};
  static constexpr std::chrono::milliseconds kLongest{30'000};

  // The answer to it alone was lost. How long it is set aside; zero: not yet.
  std::chrono::milliseconds Lost(const std::string& id, base::MonoTime now);
  int losses(const std::string& id) const;
  // Whether it is set aside.
  bool Has(const std::string& id) const { return losses(id) >= kTries; }
  // It has arrived, or is nobody's of ours any more. True: it had been set aside.
  bool Forget(const std::string& id);
  // One that is set aside and whose pause is over.
  std::optional<std::string> Due(base::MonoTime now) const;
  // It cannot be tried now: later.
  void Postpone(const std::string& id, base::MonoTime now);

 private:
  struct Entry {
    int losses = 0;
    base::MonoTime next_try{};
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace sampleproc::consumer
