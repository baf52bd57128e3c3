// Which steps a pipeline has.
#include "process/pipeline.h"

#include <catch2/catch.hpp>

#include "resources/memory_budget.h"
#include "support/places.h"

namespace sampleproc::process {
namespace {

struct Steps {
  Steps() { options.opencv_module = testing::kOpencvModule; }

  std::vector<std::string> Of(const std::vector<std::string>& names, bool only_memory) {
    auto detectors = Detectors::Open(options, {names}, budget);
    REQUIRE(detectors);
    StepSet set(options, *detectors);
    const auto pipeline = Pipeline::Make(names, set, only_memory);
    if (!pipeline) FAIL(pipeline.error().message);
    frame::FrameResult result;
    pipeline->Skip("", result);
    std::vector<std::string> steps;
    for (const auto& step : result.steps) steps.push_back(step.name);
    needs = pipeline->needs();
    return steps;
  }

  Options options;
  resources::MemoryBudget budget{std::size_t{1} << 30};
  StepNeeds needs;
};

using Names = std::vector<std::string>;

TEST_CASE("of frames that were looked at before only what remembers is done again") {
  Steps steps;
  CHECK(steps.Of({"stats", "motion", "faces"}, true) == Names{"motion"});
  CHECK(steps.Of({"stats", "faces"}, true).empty());
  CHECK(steps.Of({"stats", "motion", "faces"}, false) == Names{"stats", "motion", "faces"});
}

TEST_CASE("tracks depend on what all steps find, so all are done again") {
  Steps steps;
  CHECK(steps.Of({"stats", "motion", "faces", "track"}, true) ==
        Names{"stats", "motion", "faces", "track"});
  CHECK(steps.needs.candidates);
  CHECK(steps.needs.camera_order);
}

}  // namespace
}  // namespace sampleproc::process
