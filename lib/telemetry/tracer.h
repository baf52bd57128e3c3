// Begins traces: decides which are sampled, and where their spans go.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/span.h"
#include "base/trace_context.h"
#include "telemetry/options.h"

namespace sampleproc::telemetry {

// Whether a trace is sampled: by the caller's decision where the sampler says so and there is one,
// else by the last 63 bits of its id, as other implementations of TraceIdRatioBased do it, so that
// all services of a trace decide alike. Pure.
bool IsSampled(Sampler sampler, double ratio, const base::TraceContext& trace, bool has_caller);

// Thread-safe. Whoever has a null pointer to one records nothing.
class Tracer {
 public:
  // All of it must outlive the tracer and every span that comes of it.
  Tracer(const Options& options, const base::Clock& clock, base::IdSource& ids,
         base::SpanSink& sink)
      : sampler_(options.sampler),
        ratio_(options.sample_ratio),
        clock_(clock),
        ids_(ids),
        sink_(sink) {}

  // The first span here of the caller's trace, or of a new one. A trace that is not sampled goes
  // out all the same when its first span, or one that ended before it, has failed; not with
  // always_off.
  base::Span Begin(std::string_view name, base::SpanKind kind,
                   std::optional<base::TraceContext> caller,
                   std::optional<base::MonoTime> since = std::nullopt) const noexcept;

 private:
  const Sampler sampler_;
  const double ratio_;
  const base::Clock& clock_;
  base::IdSource& ids_;
  base::SpanSink& sink_;
};

}  // namespace sampleproc::telemetry
