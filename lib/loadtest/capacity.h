// The search for the highest rate that holds.
#pragma once

#include <optional>

namespace sampleproc::loadtest {

// Doubles the rate until it does not hold, or halves it until it does, then closes in by the
// geometric mean until the two are within `precision`. A rate has failed when it failed twice in a
// row: one bad moment of the machine is not the target's limit.
class CapacitySearch {
 public:
  struct Options {
    double first = 10;        // requests a second
    double least = 0.1;       // below, nothing holds
    double most = 1'000'000;  // above, it is not looked
    double precision = 0.03;
  };

  explicit CapacitySearch(const Options& options) : options_(options), rate_(options.first) {}

  // The rate to try next; nothing when the search is over.
  std::optional<double> Next() const;

  // How the rate that Next() named did.
  void Tell(bool holds);

  double capacity() const { return holds_; }  // the highest rate that held; 0 when none did

 private:
  void Choose();

  const Options options_;
  double rate_;
  double holds_ = 0;
  double fails_ = 0;  // the lowest rate that failed twice; 0 when none did
  bool failed_once_ = false;
  bool is_over_ = false;
};

}  // namespace sampleproc::loadtest
