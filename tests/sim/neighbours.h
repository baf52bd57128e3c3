// Models of what a service asks and tells besides its upstream: where pixels are, and where results
// go.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/pixels/entry_pixels.h"
#include "consumer/sinks/sink_queue.h"
#include "sim/world.h"

namespace sampleproc::sim {

// Redis keys and HTTP hosts that have the pixels of the plan's frames.
consumer::PixelPlaces MakePlaces(World& world);

// What a sink's other side has been given, which outlives the processes that deliver.
class Receiver {
 public:
  Receiver(World& world, int number) : world_(world), number_(number) {}

  int number() const { return number_; }
  // A process begins; what it sends again has come before.
  void Begin() { last_.clear(); }
  void Take(const consumer::ResultRecord& record);
  bool Has(int frame) const { return seen_.contains(frame); }

 private:
  World& world_;
  const int number_;
  std::set<int> seen_;
  std::map<std::string, int> last_;  // the newest frame of each camera
};

class SimTarget final : public consumer::SinkTarget {
 public:
  SimTarget(World& world, Receiver& receiver)
      : world_(world), receiver_(receiver), name_("sink-" + std::to_string(receiver.number())) {}

  std::string_view name() const override { return name_; }
  base::Result<Settled> Deliver(std::span<const consumer::ResultRecord* const> records,
                                const base::Allowance& allowance) override;

 private:
  World& world_;
  Receiver& receiver_;
  const std::string name_;
};

}  // namespace sampleproc::sim
