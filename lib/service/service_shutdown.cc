// The order in which the service ends: Shutdown, the last function, is the list of it.
#include <algorithm>
#include <thread>
#include <utility>

#include "service/service_impl.h"
#include "service/shutdown_phases.h"

namespace sampleproc::service {

using std::chrono::milliseconds;

void Service::Impl::ApplyDrainDelay(const base::Deadline& force) {
  const base::Deadline served(clock, generation->config.service.drain_delay);
  const base::Deadline over = base::Deadline::Earlier(served, force);
  while (!over.Expired()) std::this_thread::sleep_until(over.At());
  server->LeaveInherited();
  readiness.BeginRefusing();
  stills.Close();
  server->BeginDrain();
}

// What is cut off has half of the rest to come back and be settled.
std::uint64_t Service::Impl::StopConsumer(const base::Deadline& force, const base::Deadline& end) {
  live->BeginStop();
  std::uint64_t given_up = 0;
  if (consumer) {
    consumer->Stop(force);
    given_up =
        consumer->Drain(force, std::chrono::floor<milliseconds>((end.At() - force.At()) / 2));
  }
  live->AwaitFrames(force);
  return given_up;
}

// Returns how many results and events are lost.
std::uint64_t Service::Impl::DeliverResults(const base::Deadline& end) {
  if (consumer) consumer->Finish(end);
  return sinks->Deliver(end);
}

// What is left when time is up.
int Service::Impl::AwaitRequests(const base::Deadline& force) {
  const int left = server->AwaitRequests(force);
  if (left > 0) {
    log->Error("shutdown: time is up, cutting off what is in work",
               {{"requests", std::int64_t{left}}});
    server->Stop();
  }
  return left;
}

// Of what the configuration has set up, whether or not anything waits in it: what is cut off may
// bring something.
Afterwards Service::Impl::AfterWork() const {
  const bool delivers = consumer || !sinks->set().sinks().empty() || !config.events.path.empty() ||
                        snapshots || clips || publisher || exporter;
  return delivers ? Afterwards::kDeliveries : Afterwards::kNothing;
}

void Service::Impl::CloseSessions(const base::Deadline& end) {
  server->StopAccepting();
  server->AwaitSockets(end);
  server->Stop();
}

// A collector that does not answer holds up the stop for no longer than this.
void Service::Impl::FlushSpans(const base::Deadline& end) const {
  constexpr milliseconds kLongest{2'000};
  if (!exporter) return;
  exporter->Flush(base::Deadline::Earlier(end, base::Deadline(base::SystemClock(), kLongest)));
  const telemetry::SpanCounts counts = exporter->counts();
  const std::uint64_t lost = counts.no_room + counts.rejected + counts.undelivered + counts.waiting;
  if (lost == 0) return;
  log->Warning("shutdown: spans are lost, the collector did not take them",
               {{"spans_lost", static_cast<std::int64_t>(lost)},
                {"spans_sent", static_cast<std::int64_t>(counts.exported)}});
}

// Whether all threads that use a disk have ended. Nothing ends one whose disk hangs. The history's
// log is written back until `end`; the others have to come back from a call that nobody waits for
// any more, for which a disk that spins up has time. Each has a moment even if all else took long.
bool Service::Impl::AwaitDisks(const base::Deadline& end) {
  constexpr milliseconds kLeast{1'000};
  constexpr milliseconds kForOneCall{5'000};
  const auto left = [&] {
    return std::max(std::chrono::ceil<milliseconds>(end.At() - clock.Now()), kLeast);
  };
  const auto for_history = [&] { return base::Deadline(clock, left()); };
  const auto for_one_call = [&] { return base::Deadline(clock, std::min(left(), kForOneCall)); };
  bool ended = true;
  const auto stuck = [&](std::string_view what, std::string_view sink = {}) {
    ended = false;
    const std::string line = "shutdown: " + std::string(what) + " does not answer";
    if (sink.empty()) return log->Error(line);
    log->Error(line, {{"sink", sink}});
  };
  if (!journal->AwaitEnd(for_history())) stuck("the disk of the history");
  if (snapshots && !snapshots->AwaitEnd(for_history())) stuck("the disk of the events' pictures");
  if (clips && !clips->AwaitEnd(for_history())) stuck("the disk of the events' clips");
  if (publisher && !publisher->AwaitEnd(for_one_call())) stuck("the MQTT broker's name");
  if (consumer && !consumer->AwaitEnd(for_one_call())) stuck("the disk of the frames' files");
  if (const auto sink = sinks->set().AwaitEnd(for_one_call()); !sink.empty()) stuck("a sink", sink);
  return ended;
}

ShutdownResult Service::Shutdown() {
  if (std::exchange(impl_->shut_down, true)) return ShutdownResult::kClean;
  Impl& impl = *impl_;
  const milliseconds timeout = impl.generation->config.service.shutdown_timeout;
  const base::Deadline end(impl.clock, timeout);
  const base::Deadline force(impl.clock, TimeForWork(timeout, impl.AfterWork()));
  const base::Deadline last(impl.clock, TimeForResults(timeout));
  impl.notifier.Send("STOPPING=1\nSTATUS=stopping");
  ShutdownPhases phases(impl.clock, *impl.log, impl.notifier);

  phases.Begin("not ready, refusing new work");
  impl.readiness.BeginDrain();
  impl.ApplyDrainDelay(force);

  phases.Begin("stop the consumer and the cameras");
  const std::uint64_t given_up = impl.StopConsumer(force, end);

  phases.Begin("wait for requests in work");
  const int left = impl.AwaitRequests(force);

  phases.Begin("release the processors");
  // What came before may have taken all the time, and workers that do nothing come back at once.
  constexpr milliseconds kLeast{250};
  const auto rest = std::chrono::ceil<milliseconds>(end.At() - impl.clock.Now());
  if (!impl.pool->StopWithin(std::max(rest, kLeast), impl.LostAfter())) {
    impl.log->Error("shutdown: a worker does not come back");
    impl.EndEvents(last);
    impl.DeliverResults(last);
    return ShutdownResult::kStuck;
  }

  phases.Begin("deliver results, close sessions");
  const Impl::LostEvents missing = impl.EndEvents(last);
  const std::uint64_t lost = impl.DeliverResults(last);
  impl.CloseSessions(end);
  phases.End();
  impl.FlushSpans(end);
  impl.watchdog.reset();
  if (!impl.AwaitDisks(end)) return ShutdownResult::kStuck;
  const bool clean = left == 0 && given_up == 0 && lost == 0 && missing.messages == 0 &&
                     missing.pictures == 0 && missing.clips == 0 && missing.unpublished == 0;
  impl.log->Info("shutdown: done", {{"clean", clean},
                                    {"requests_cut_off", std::int64_t{left}},
                                    {"frames_given_up", static_cast<std::int64_t>(given_up)},
                                    {"results_lost", static_cast<std::int64_t>(lost)},
                                    {"history_lost", static_cast<std::int64_t>(missing.messages)},
                                    {"pictures_lost", static_cast<std::int64_t>(missing.pictures)},
                                    {"clips_cut", static_cast<std::int64_t>(missing.clips)},
                                    {"mqtt_lost", static_cast<std::int64_t>(missing.unpublished)},
                                    {"took_ms", phases.TookMs()}});
  return clean ? ShutdownResult::kClean : ShutdownResult::kCutOff;
}

}  // namespace sampleproc::service
