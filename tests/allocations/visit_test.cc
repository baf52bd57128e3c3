// A frame that a worker has begun ends, whichever allocation fails.
#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "allocations/fail_nth.h"
#include "consumer/message_traces.h"
#include "consumer/pool_workers.h"
#include "support/null_logger.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc {
namespace {

struct OneWorker {
  OneWorker() {
    options.pipeline = {"stats"};
    frame.frame_id = "a frame whose name takes memory";
    frame.camera_id = "a camera whose name takes memory";
    frame.storage = test::MakeJpeg({.width = 64, .height = 48});
    frame.encoded = frame.storage;
  }

  process::ProcessorContext context() {
    return {options, codec, budget, base::SystemClock(), cameras};
  }

  test::NullLogger log;
  process::Options options;
  codec::Options codec;
  resources::MemoryBudget budget{std::size_t{1} << 30};
  process::CameraStates cameras{1, budget};
  frame::Frame frame;
  base::Allowance allowance;
};

// `work` gives a result unless an allocation fails; then it may give the error of that, and gives
// back what it holds.
template <typename Work>
void FailEach(OneWorker& bench, Work work) {
  (void)work();  // what is kept from frame to frame
  const std::size_t held = bench.budget.used();
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    INFO("allocation " << nth);
    test::FailAllocation(nth);
    base::Result<frame::FrameResult> result;
    bool thrown = false;
    try {
      result = work();
    } catch (...) {
      thrown = true;
    }
    failed = test::AllocationFailed();
    CHECK_FALSE(thrown);
    if (!result) CHECK(result.error().code == base::ErrorCode::kOverloaded);
    if (!failed) CHECK(result);
    CHECK(bench.budget.used() == held);
  }
}

TEST_CASE("no exception comes out of the work on a frame") {
  OneWorker bench;
  auto processor = process::Processor::Make(bench.context());
  REQUIRE(processor);
  FailEach(bench, [&] { return processor->Process(bench.frame, bench.allowance); });
}

TEST_CASE("nor out of the work on one that is decoded already") {
  OneWorker bench;
  auto processor = process::Processor::Make(bench.context());
  REQUIRE(processor);
  const auto pixels = test::TestPixels(64, 48, 1);
  const frame::Image luma{.data = pixels.data(), .width = 64, .height = 48, .stride = 64};
  const process::DecodedPicture decoded{.luma = luma, .bgr = {}, .format = "video"};
  FailEach(bench, [&] { return processor->Process(bench.frame, decoded, bench.allowance); });
}

TEST_CASE("a visit that a worker has begun ends once") {
  OneWorker bench;
  const process::ProcessorContext context = bench.context();
  auto pool = process::WorkerPool::Start(1, 1, context, bench.log);
  REQUIRE(pool);
  consumer::PoolWorkers workers(**pool);
  std::atomic<bool> failed = true;
  for (int nth = 1; failed; ++nth) {
    INFO("allocation " << nth);
    std::atomic<int> ends = 0;
    const auto begin = [&]() -> std::optional<consumer::Visit::Assignment> {
      test::FailAllocation(nth);  // of the worker's
      return consumer::Visit::Assignment{bench.frame, bench.allowance};
    };
    const auto end = [&](const base::Result<frame::FrameResult>&) {
      failed = test::AllocationFailed();
      ++ends;
    };
    REQUIRE(workers.Submit({.begin = begin, .end = end}));
    for (auto counts = (*pool)->counts(); counts.queued + counts.active > 0;
         counts = (*pool)->counts()) {
      std::this_thread::yield();
    }
    REQUIRE(ends == 1);
  }
}

TEST_CASE("the span of a fetch is begun without an exception") {
  const consumer::PixelPlace place{.kind = consumer::PixelPlace::Kind::kRedisKey,
                                   .name = "a key whose name takes memory",
                                   .host = "/run/of/a/redis/that/takes/memory.sock"};
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    test::FailAllocation(nth);
    const base::Span span = consumer::FetchSpan(place, {});
    failed = test::AllocationFailed();
    CHECK_FALSE(span.recorded());
  }
}

}  // namespace
}  // namespace sampleproc
