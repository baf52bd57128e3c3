#include "frame/frame_state.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace sampleproc::frame {
namespace {

TEST_CASE("every transition of the table leads where it says, every other one nowhere") {
  using enum FrameState;
  const std::map<std::pair<FrameState, FrameAction>, FrameState> valid = {
      {{kReceived, FrameAction::kValidate}, kValidated},
      {{kValidated, FrameAction::kQueue}, kQueued},
      {{kQueued, FrameAction::kStart}, kProcessing},
      {{kProcessing, FrameAction::kComplete}, kCompleted},
      {{kProcessing, FrameAction::kFail}, kFailed},
      {{kFailed, FrameAction::kRetry}, kRetry},
      {{kRetry, FrameAction::kRequeue}, kQueued},
      {{kCompleted, FrameAction::kArchive}, kArchived},
      {{kFailed, FrameAction::kArchive}, kArchived},
  };
  for (std::size_t s = 0; s < kFrameStates; ++s) {
    for (std::size_t a = 0; a < kFrameActions; ++a) {
      const auto state = static_cast<FrameState>(s);
      const auto action = static_cast<FrameAction>(a);
      INFO(FrameStateName(state) << " " << FrameActionName(action));
      const auto expected = valid.find({state, action});
      const auto next = NextState(state, action);
      CHECK(next.has_value() == (expected != valid.end()));
      if (next && expected != valid.end()) CHECK(*next == expected->second);
    }
  }
}

TEST_CASE("states and actions have names of their own") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFrameStates; ++i) {
    names.insert(FrameStateName(static_cast<FrameState>(i)));
    names.insert(FrameActionName(static_cast<FrameAction>(i)));
  }
  CHECK(names.size() == kFrameStates + kFrameActions);
}

}  // namespace
}  // namespace sampleproc::frame
