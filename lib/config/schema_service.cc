#include "config/schema_rows.h"

namespace sampleproc::config {

void AddServiceRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "service.name",
            .kind = Kind::kString,
            .original_names = {{"SERVICE_NAME"}, {"OTEL_SERVICE_NAME"}, {"PROCESSOR_NAME"}},
            .min = 1,
            .max = 255,
            .help = "What the service calls itself in log lines and health answers."},
           [](auto& c) -> auto& { return c.service.name; }));
  rows.push_back(Bind(
      {.path = "service.version",
       .kind = Kind::kString,
       .original_names = {{"SERVICE_VERSION"}},
       .min = 1,
       .max = 255,
       .help = "The version that health answers report; the default is that of the program. Set "
               "it when your deployments are numbered otherwise."},
      [](auto& c) -> auto& { return c.service.version; }));
  rows.push_back(Bind(
      {.path = "service.shutdown_timeout",
       .kind = Kind::kDuration,
       .original_names = {{"GRACEFUL_SHUTDOWN_TIMEOUT", kSecond}},
       .min = kSecond,
       .max = kHour,
       .help = "Longest time from the stop signal to the end; what is then still in work is cut "
               "off. Keep it below the patience of whatever sends the signal.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.service.shutdown_timeout; }));
  rows.push_back(Bind(
      {.path = "service.drain_delay",
       .kind = Kind::kDuration,
       .max = kHour,
       .help = "How long requests are still served after the service has reported itself not "
               "ready, so that load balancers can notice. It is part of shutdown_timeout. 0 stops "
               "taking requests at once.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.service.drain_delay; }));
  rows.push_back(
      Bind({.path = "service.stuck_after",
            .kind = Kind::kDuration,
            .min = kMs,
            .max = kHour,
            .help = "A worker that has been at one frame for so long counts as stuck: readiness "
                    "answers 503 then, and liveness when all workers are; a pulled frame becomes a "
                    "dead letter. Keep it longer than process.deadline, which ends a frame "
                    "that can be ended."},
           [](auto& c) -> auto& { return c.service.stuck_after; }));
  rows.push_back(
      Bind({.path = "service.exit_when_stuck",
            .kind = Kind::kBool,
            .help = "Whether the service ends when a worker is stuck and process.deadline has "
                    "passed too: it finishes or gives back what else is in work and exits with "
                    "code 70, for systemd, Kubernetes or Docker to start it anew, because nothing "
                    "else ends such a worker. Turn it off where nobody starts it anew; then it "
                    "goes on with a worker less."},
           [](auto& c) -> auto& { return c.service.exit_when_stuck; }));
}

}  // namespace sampleproc::config
