#include "consumer/sink_set.h"

#include <catch2/catch.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace sampleproc::consumer {
namespace {

// One that delivers what it holds in the moment in which somebody looks, until it is closed.
class Late final : public ResultSink {
 public:
  explicit Late(bool hangs) : hangs_(hangs) {}
  std::string_view name() const override { return "late"; }
  void Take(const ResultRecord&) override { ++counts_.taken; }
  void Flush(const base::Deadline&) override {}
  bool Close(const base::Deadline&) override {
    closed_ = true;
    return !hangs_;
  }
  SinkCounts counts() const override {
    const SinkCounts counts = counts_;
    Deliver();
    return counts;
  }
  std::uint64_t HeldForAgain() const override {
    Deliver();
    return 0;
  }
  bool has_delivered() const { return counts_.delivered > 0; }

 private:
  void Deliver() const {
    if (!closed_) counts_.delivered = counts_.taken;
  }

  const bool hangs_;
  mutable SinkCounts counts_;
  bool closed_ = false;
};

TEST_CASE("what is told as lost is not delivered any more") {
  for (const bool hangs : {false, true}) {
    std::vector<std::unique_ptr<ResultSink>> sinks;
    sinks.push_back(std::make_unique<Late>(hangs));
    const auto& late = dynamic_cast<Late&>(*sinks.front());
    const SinkSet set(std::move(sinks));
    set.sinks().front()->Take({.frame_id = "f", .json = "{}"});
    const auto left = set.Flush({});
    REQUIRE(left.size() == 1);
    CHECK(left[0].lost == 1);
    CHECK_FALSE(late.has_delivered());
    CHECK(set.AwaitEnd({}) == (hangs ? "late" : ""));
  }
}

}  // namespace
}  // namespace sampleproc::consumer
