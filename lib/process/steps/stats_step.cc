#include "process/steps/luma_stats.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

class StatsStep : public Step {
 public:
  std::string_view Name() const override { return "stats"; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport&) override {
    result.stats = ComputeLumaStats(input.picture.luma());
    return {};
  }
};

}  // namespace

std::unique_ptr<Step> MakeStatsStep(const Options&) { return std::make_unique<StatsStep>(); }

}  // namespace sampleproc::process
