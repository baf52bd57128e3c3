#include "base/span.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "support/fake_clock.h"

namespace sampleproc::base {
namespace {

struct Kept final : SpanSink {
  void Take(SpanBatch batch) noexcept override { batches.push_back(std::move(batch)); }
  bool TakesFailure() noexcept override { return failures_left-- > 0; }

  std::vector<SpanBatch> batches;
  int failures_left = 1;
};

struct World {
  testing::FakeClock clock;
  IdSource ids{1};
  Kept sink;

  Span Begin(bool sampled, bool keep_failures = true, std::uint64_t caller = 0) {
    TraceContext context = ContinueTrace(std::nullopt, ids);
    context.flags = sampled ? TraceContext::kSampled : 0;
    if (caller != 0) context.span_id = SpanIdText(caller);
    return BeginTrace({.clock = clock,
                       .ids = ids,
                       .sink = sink,
                       .context = std::move(context),
                       .has_caller = caller != 0,
                       .keep_failures = keep_failures},
                      "root", SpanKind::kServer);
  }
};

TEST_CASE("the spans of a trace go out together when its first one ends") {
  World world;
  Span root = world.Begin(true, true, 0xab);
  const SpanParent trace = root.parent();
  {
    Span child = trace.Begin("child", SpanKind::kClient);
    child.Set("text", "value");
    child.Set("number", std::int64_t{7});
    world.clock.Advance(std::chrono::milliseconds(5));
    const Allowance under = Allowance{}.Under(child);
    under.trace.Begin("grandchild").End();
  }
  CHECK(world.sink.batches.empty());
  root.End();
  REQUIRE(world.sink.batches.size() == 1);
  const SpanBatch& batch = world.sink.batches[0];
  CHECK(batch.trace.trace_id == trace.TraceId());
  CHECK(batch.remote_parent);
  REQUIRE(batch.spans.size() == 3);
  const SpanRecord& grandchild = batch.spans[0];
  const SpanRecord& child = batch.spans[1];
  const SpanRecord& first = batch.spans[2];
  CHECK(first.parent == 0xab);
  CHECK(first.id == batch.first_span);
  CHECK(child.parent == first.id);
  CHECK(grandchild.parent == child.id);
  CHECK(child.kind == SpanKind::kClient);
  CHECK(child.ended - child.begun == std::chrono::milliseconds(5));
  CHECK(std::get<std::string>(child.attributes[0].value) == "value");
  CHECK(std::get<std::int64_t>(child.attributes[1].value) == 7);

  trace.Begin("late").End();
  REQUIRE(world.sink.batches.size() == 2);
  CHECK(world.sink.batches[1].spans[0].name == "late");
}

TEST_CASE("a trace that is not sampled goes out when something failed in it") {
  World world;
  {
    Span root = world.Begin(false);
    root.parent().Begin("sound").End();
  }
  CHECK(world.sink.batches.empty());
  {
    Span root = world.Begin(false);
    Span child = root.parent().Begin("child");
    child.Fail({ErrorCode::kDeadline, "out of time", {}, {}});
    child.End();
  }
  REQUIRE(world.sink.batches.size() == 1);
  CHECK(world.sink.batches[0].spans[0].failure == "out of time");
  CHECK(std::get<std::string>(world.sink.batches[0].spans[0].attributes[0].value) == "deadline");

  SECTION("but no more of them than the sink takes") {
    Span root = world.Begin(false);
    root.Fail("503", "");
    const SpanParent trace = root.parent();
    root.End();
    trace.Begin("late").End();
    CHECK(world.sink.batches.size() == 1);
  }
}

TEST_CASE("what is not recorded goes along all the same") {
  World world;
  Span root = world.Begin(false, false);
  Span child = root.parent().Begin("child");
  CHECK_FALSE(child.recorded());
  child.Set("a", "b");
  child.Fail("x", "y");
  REQUIRE(child.parent().Context());
  CHECK(child.parent().Context()->flags == 0);
  child.End();
  root.End();
  CHECK(world.sink.batches.empty());

  const SpanParent nothing;
  CHECK_FALSE(nothing);
  CHECK_FALSE(nothing.Begin("any").recorded());
  CHECK_FALSE(nothing.Context());
  CHECK(nothing.TraceId().empty());
}

TEST_CASE("a span that is moved ends once, and one that is replaced ends before") {
  World world;
  Span root = world.Begin(true);
  Span first = root.parent().Begin("first");
  Span moved = std::move(first);
  moved = root.parent().Begin("second");
  moved.End();
  moved.End();
  root.End();
  REQUIRE(world.sink.batches.size() == 1);
  REQUIRE(world.sink.batches[0].spans.size() == 3);
  CHECK(world.sink.batches[0].spans[0].name == "first");
  CHECK(world.sink.batches[0].spans[1].name == "second");
}

TEST_CASE("what a trace keeps is bounded") {
  World world;
  Span root = world.Begin(true);
  for (int i = 0; i < 2000; ++i) root.parent().Begin("child").End();
  root.Set("long", std::string(1000, 'x'));
  root.Set("cut", std::string(255, 'x') + "\xc3\xa9");
  root.End();
  const SpanBatch& batch = world.sink.batches.at(0);
  CHECK(batch.spans.size() == 513);
  CHECK(std::get<std::string>(batch.spans.back().attributes[0].value).size() == 256);
  CHECK(std::get<std::string>(batch.spans.back().attributes[1].value) == std::string(255, 'x'));
}

}  // namespace
}  // namespace sampleproc::base
