#include "telemetry/metrics.h"

#include <optional>
#include <utility>

#include "telemetry/process_stats.h"

namespace sampleproc::telemetry {
namespace {

constexpr Reading<base::Logger> kLog[] = {
    {kCounter,
     "sampleproc_log_lines_lost_total",
     "Lines of the log that could not be written: a full disk, a reader that does not read.",
     {},
     [](const base::Logger& log, Samples& samples) { samples.Add(log.lost_lines()); }},
};

constexpr Reading<SpanCounts> kSpans[] = {
    {kCounter,
     "sampleproc_spans_exported_total",
     "Spans that the collector has taken.",
     {},
     &Tell<&SpanCounts::exported>},
    {kGauge,
     "sampleproc_spans_waiting",
     "Spans that wait to be sent.",
     {},
     &Tell<&SpanCounts::waiting>},
    {kCounter,
     "sampleproc_spans_dropped_total",
     "Spans that were never sent, by why: the queue was full (no_room), the collector refused them "
     "(rejected) or was away for too long (undelivered).",
     {"reason"},
     [](const SpanCounts& counts, Samples& samples) {
       samples.Add(counts.no_room, {"no_room"});
       samples.Add(counts.rejected, {"rejected"});
       samples.Add(counts.undelivered, {"undelivered"});
     }},
};

constexpr Reading<Conditions> kConditions[] = {
    {kGauge,
     "sampleproc_condition",
     "Of how many things this is wrong at the moment (/health says of which).",
     {"condition"},
     [](const Conditions& conditions, Samples& samples) {
       for (const auto& [name, count] : conditions.Counts()) samples.Add(count, {name});
     }},
};

constexpr Reading<ProcessStats> kProcess[] = {
    {kCounter,
     "process_cpu_seconds_total",
     "User and system CPU time.",
     {},
     &Tell<&ProcessStats::cpu_seconds>},
    {kGauge,
     "process_start_time_seconds",
     "Start, in seconds since 1970.",
     {},
     &Tell<&ProcessStats::start_time_seconds>},
    {kGauge,
     "process_resident_memory_bytes",
     "Resident memory.",
     {},
     &Tell<&ProcessStats::resident_bytes>},
    {kGauge,
     "process_virtual_memory_bytes",
     "Virtual memory.",
     {},
     &Tell<&ProcessStats::virtual_bytes>},
    {kGauge, "process_open_fds", "Open file descriptors.", {}, &Tell<&ProcessStats::open_fds>},
    {kGauge,
     "process_max_fds",
     "File descriptors that may be open.",
     {},
     &Tell<&ProcessStats::max_fds>},
    {kGauge, "process_threads", "Threads.", {}, &Tell<&ProcessStats::threads>},
};

}  // namespace

void AddMetrics(Registry& registry, MetricSources sources) {
  Section service(registry, Chapter::kService);
  service.AddReadings(kLog, std::move(sources.log));
  service.AddReadings(kSpans, CountsOf(std::move(sources.exporter)));
  service.AddReadings(kConditions, std::move(sources.conditions));
  Section(registry, Chapter::kProcess).AddReadings(kProcess, std::function([] {
                                                     return std::optional(ReadProcessStats());
                                                   }));
}

}  // namespace sampleproc::telemetry
