#include "telemetry/tracer.h"

#include <charconv>
#include <exception>
#include <string>
#include <utility>

namespace sampleproc::telemetry {
namespace {

bool ByRatio(double ratio, std::string_view trace_id) {
  if (ratio >= 1) return true;
  constexpr double kAll = 9223372036854775808.0;  // 2^63
  const auto limit = static_cast<std::uint64_t>(ratio * kAll);
  std::uint64_t last = 0;
  const std::string_view digits = trace_id.substr(16);
  std::from_chars(digits.data(), digits.data() + digits.size(), last, 16);
  return (last >> 1u) < limit;
}

}  // namespace

bool IsSampled(Sampler sampler, double ratio, const base::TraceContext& trace, bool has_caller) {
  const bool by_caller = (trace.flags & base::TraceContext::kSampled) != 0;
  switch (sampler) {
    case Sampler::kAlwaysOn:
      return true;
    case Sampler::kAlwaysOff:
      return false;
    case Sampler::kRatio:
      return ByRatio(ratio, trace.trace_id);
    case Sampler::kParentAlwaysOn:
      return has_caller ? by_caller : true;
    case Sampler::kParentAlwaysOff:
      return has_caller && by_caller;
    case Sampler::kParentRatio:
      return has_caller ? by_caller : ByRatio(ratio, trace.trace_id);
  }
  return false;
}

base::Span Tracer::Begin(std::string_view name, base::SpanKind kind,
                         std::optional<base::TraceContext> caller,
                         std::optional<base::MonoTime> since) const noexcept {
  try {
    const bool has_caller = caller.has_value();
    base::TraceContext trace =
        has_caller ? *std::move(caller) : base::ContinueTrace(std::nullopt, ids_);
    trace.flags = IsSampled(sampler_, ratio_, trace, has_caller) ? base::TraceContext::kSampled : 0;
    return base::BeginTrace({.clock = clock_,
                             .ids = ids_,
                             .sink = sink_,
                             .context = std::move(trace),
                             .has_caller = has_caller,
                             .keep_failures = sampler_ != Sampler::kAlwaysOff},
                            name, kind, since);
  } catch (const std::exception&) {  // no memory
    return {};
  }
}

}  // namespace sampleproc::telemetry
