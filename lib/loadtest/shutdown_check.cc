#include "loadtest/shutdown_check.h"

#include <csignal>

#include "loadtest/numbers.h"
#include "loadtest/target_process.h"

namespace sampleproc::loadtest {
namespace {

using Status = AuditItem::Status;

constexpr std::chrono::seconds kPatience{60};

std::uint64_t CountOf(const Measurement& measured, std::string_view type) {
  const auto at = measured.errors.find(type);
  return at == measured.errors.end() ? 0 : at->second;
}

}  // namespace

AuditItem CheckShutdown(RunPlan load, pid_t pid, const base::CancelFlag& stop) {
  AuditItem item{
      .name = "graceful_shutdown", .status = Status::kFail, .evidence = "", .advice = ""};
  const auto target = OpenTargetProcess(pid, load.loop.address);
  if (!target) {
    item.evidence = target.error().message;
    item.advice = "name with --pid the process that listens there itself, as its user or as root";
    return item;
  }
  load.threads = 1;
  load.make_pacer = nullptr;
  load.loop.closed = true;
  load.loop.connections = 8;
  load.loop.requests = 0;
  load.loop.duration = kPatience;
  load.loop.timeout = kPatience;
  bool was_told = false;
  const auto result = RunLoad(load, stop, [&was_told, &target](const Second&, const Measurement&) {
    if (was_told) return !HasEnded(*target);
    was_told = true;
    return SendSignal(*target, SIGTERM).has_value();
  });
  if (!result) {
    item.evidence = result.error().message;
    return item;
  }
  const Measurement& total = result->total;
  const std::uint64_t cut = CountOf(total, failure::kClosed) + CountOf(total, failure::kReset) +
                            CountOf(total, failure::kInvalid) + CountOf(total, failure::kTimeout) +
                            total.abandoned - total.unsent;
  item.evidence = "SIGTERM under load: " + std::to_string(total.good) + " good answers, " +
                  std::to_string(CountOf(total, "status_503")) + " of 503, " + std::to_string(cut) +
                  " cut off";
  if (!HasEnded(*target)) {
    item.evidence += "; process " + std::to_string(pid) + " is still there";
    item.advice = "see what it waits for; set service.shutdown_timeout";
  } else if (cut > 0) {
    item.advice = "answer what is in hand before the end; set service.drain_delay";
  } else {
    item.status = Status::kPass;
    item.evidence += ", gone within " + FormatNumber(result->elapsed_s) + " s";
  }
  return item;
}

}  // namespace sampleproc::loadtest
