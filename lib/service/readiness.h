// Whether requests should come to this service: the facts that the probes ask for.
#pragma once

#include <atomic>
#include <functional>
#include <tuple>
#include <utility>

namespace sampleproc::service {

// Starts as starting; Started, BeginDrain and BeginRefusing are called once each, in this order, by
// whoever starts and stops the service. All functions from any thread.
class Readiness {
 public:
  struct Facts {
    bool starting = true;   // not all parts are there yet
    bool draining = false;  // the stop signal has come
    int workers = 0;
    int stuck_workers = 0;  // of them, at one frame for longer than service.stuck_after

    // Overload is no reason to be unready: it is answered with 503 and passes.
    bool Ready() const { return !starting && !draining && stuck_workers == 0; }
    // Only a restart helps a service whose every worker is stuck. A drain must not be cut short by
    // whoever restarts what is not alive.
    bool Alive() const { return workers == 0 || stuck_workers < workers; }
  };

  // How the workers are: {all, stuck}. Set before anything asks.
  void WatchWorkers(std::function<std::pair<int, int>()> workers) { workers_ = std::move(workers); }

  void Started() { started_.store(true, std::memory_order_relaxed); }
  void BeginDrain() { draining_.store(true, std::memory_order_relaxed); }

  // New work is refused from now on: after the drain delay, in which it is still taken.
  void BeginRefusing() { refusing_.store(true, std::memory_order_relaxed); }

  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  bool refusing() const { return refusing_.load(std::memory_order_relaxed); }

  Facts Ask() const {
    Facts facts;
    facts.starting = !started_.load(std::memory_order_relaxed);
    facts.draining = draining();
    if (workers_) std::tie(facts.workers, facts.stuck_workers) = workers_();
    return facts;
  }

 private:
  std::atomic<bool> started_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> refusing_ = false;
  std::function<std::pair<int, int>()> workers_;
};

}  // namespace sampleproc::service
