// The trace that a request belongs to, as W3C Trace Context (level 1, Recommendation of 23 November
// 2021, https://www.w3.org/TR/trace-context-1/) has it travel:
//
//   traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//                version, trace id, the caller's span id, flags: all hexadecimal, lower case
//   tracestate:  vendor=value,other=value
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id_source.h"

namespace sampleproc::base {

struct TraceContext {
  static constexpr std::uint8_t kSampled = 1;

  std::string trace_id;  // 32 hexadecimal digits, not all zero
  std::string span_id;   // 16, not all zero
  std::uint8_t flags = 0;
  std::string state;  // tracestate as it goes on, "" for none
};

// What a caller sent; nothing when the text is no traceparent: then its tracestate counts for
// nothing either (section 3.2.2 and 3.3). A version above ours is read by the part that it shares
// with ours, ff is none.
std::optional<TraceContext> ParseTraceparent(std::string_view text);

// The members of a tracestate worth passing on, at most 32 of them (section 3.3.1.1): all of
// `text`, whose field lines are joined by commas, without white space around members and empty
// ones; "" when a member is not of the grammar of section 3.3.1.3 ("key=value" or
// "tenant@system=value", their characters and their lengths), or when the text is longer than 8
// KiB.
std::string CleanTracestate(std::string_view text);

// Both of them: nothing without a sound traceparent.
std::optional<TraceContext> ParseTrace(std::string_view traceparent, std::string_view tracestate);

// The trace's id in a sound traceparent; "" of an empty text. A view of it.
std::string_view TraceIdOf(std::string_view traceparent);

std::string FormatTraceparent(const TraceContext& context);

// The context of work that is done for `caller`: its trace under a new span; without one the first
// span of a new trace, sampled.
TraceContext ContinueTrace(std::optional<TraceContext> caller, IdSource& ids);

}  // namespace sampleproc::base
