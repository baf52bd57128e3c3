#include "modules/module_loader.h"

#include <catch2/catch.hpp>

namespace sampleproc::modules {
namespace {

TEST_CASE("the module is looked for beside the program, then where it is installed", "[modules]") {
  const auto candidates = ModuleCandidates("/opt-like/bin/sampleproc", "sampleproc_video.so");
  REQUIRE(candidates.size() == 3);
  CHECK(candidates[0] == "/opt-like/bin/sampleproc_video.so");
  CHECK(candidates[1].string().starts_with("/opt-like/lib"));
  CHECK(candidates[1].string().ends_with("/sampleproc/sampleproc_video.so"));
  CHECK(candidates[2].is_absolute());
}

}  // namespace
}  // namespace sampleproc::modules
