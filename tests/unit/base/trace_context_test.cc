#include "base/trace_context.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::base {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";

std::string Parent(const std::string& version, const std::string& flags) {
  return version + '-' + kTrace + '-' + kSpan + '-' + flags;
}

TEST_CASE("a traceparent is read by its version's rules") {
  for (const std::string& text :
       {Parent("00", "01"), " " + Parent("00", "01") + "\t", Parent("00", "ff"), Parent("cc", "01"),
        Parent("cc", "09") + "-what the future brings"}) {
    INFO(text);
    const auto read = ParseTraceparent(text);
    REQUIRE(read);
    CHECK(read->trace_id == kTrace);
    CHECK(read->span_id == kSpan);
    CHECK(read->flags == TraceContext::kSampled);
    CHECK(FormatTraceparent(*read) == Parent("00", "01"));
  }
  CHECK(ParseTraceparent(Parent("00", "02"))->flags == 0);
}

TEST_CASE("what is no traceparent counts for nothing") {
  const std::string zeros(32, '0');
  for (const std::string& text :
       {std::string(), std::string("None"), Parent("ff", "01"), Parent("00", "01") + "-x",
        Parent("00", "01") + "0", Parent("cc", "01") + "x", Parent("00", "0"), Parent("0g", "01"),
        Parent("00", "0G"), "00-" + zeros + '-' + kSpan + "-01",
        "00-" + kTrace + "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01",
        "00_" + kTrace + '-' + kSpan + "-01", "00-" + kTrace + '_' + kSpan + "-01",
        "00-" + kTrace + '-' + kSpan + "_01", "00-" + kTrace.substr(1) + "-0" + kSpan + "-01"}) {
    INFO(text);
    CHECK_FALSE(ParseTraceparent(text));
  }
}

TEST_CASE("a tracestate goes on without what is empty, at most 32 members of it") {
  CHECK(CleanTracestate("").empty());
  CHECK(CleanTracestate(" a=1 ,\t,b@c=x y,,") == "a=1,b@c=x y");
  for (const char* text : {"a", "=1", "a=", "A=1", "a=1,b", "a=b=c", "a=\x7f", "a=1,\xC3\xA4=2"}) {
    INFO(text);
    CHECK(CleanTracestate(text).empty());
  }
  const auto letters = [](std::size_t count) { return std::string(count, 'z'); };
  for (const std::string& text :
       {letters(256) + "=1", letters(241) + '@' + letters(14) + "=1", std::string("0a@b=1"),
        "a=" + letters(256), std::string("a_-*/0=1")}) {
    INFO(text);
    CHECK(CleanTracestate(text) == text);
  }
  for (const std::string& text :
       {std::string("foo@=1"), std::string("@foo=1"), std::string("foo@@bar=1"),
        std::string("foo@bar@baz=1"), std::string("0a=1"), std::string("-a=1"),
        std::string("a@0b=1"), std::string("a =1"), letters(257) + "=1", letters(242) + "@v=1",
        "t@" + letters(15) + "=1", "a=" + letters(257)}) {
    INFO(text);
    CHECK(CleanTracestate(text).empty());
    CHECK(CleanTracestate("ok=1," + text).empty());
  }
  std::string many;
  for (int i = 0; i < 40; ++i) many += (i > 0 ? ",k" : "k") + std::to_string(i) + "=v";
  CHECK(CleanTracestate(many) == many.substr(0, many.find(",k32=")));
  CHECK(CleanTracestate("a=" + std::string(9000, 'x')).empty());
}

TEST_CASE("work has a span of its own in the caller's trace, or in a new one") {
  base::IdSource ids(42);
  auto caller = ParseTraceparent(Parent("00", "00"));
  caller->state = "a=1";
  const TraceContext under = ContinueTrace(caller, ids);
  CHECK(under.trace_id == kTrace);
  CHECK(under.span_id != kSpan);
  CHECK(under.span_id.size() == 16);
  CHECK(under.flags == 0);
  CHECK(under.state == "a=1");
  const TraceContext first = ContinueTrace(std::nullopt, ids);
  const TraceContext second = ContinueTrace(std::nullopt, ids);
  CHECK(ParseTraceparent(FormatTraceparent(first))->trace_id == first.trace_id);
  CHECK(first.flags == TraceContext::kSampled);
  CHECK(first.trace_id != second.trace_id);
  CHECK(first.state.empty());
}

}  // namespace
}  // namespace sampleproc::base
