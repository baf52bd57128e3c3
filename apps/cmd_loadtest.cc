#include <memory>

#include "apps/commands.h"
#include "apps/loadtest_options.h"
#include "apps/loadtest_run.h"

namespace sampleproc::apps {
namespace {

Action DeclareLoadtestCommand(CLI::App& app) {
  auto options = std::make_shared<LoadtestOptions>();
  DeclareLoadtest(app, *options);
  return [options](CommandContext& context) { return RunLoadtest(*options, context); };
}

}  // namespace

Command LoadtestCommand() {
  return {
      .name = "loadtest",
      .summary = "Load a service and measure its latency",
      .operands = "",
      .description =
          "Sends requests at the times that a schedule says, whatever has been answered, and "
          "measures each latency from the time when the request was meant to be sent (corrected): "
          "what users would see, also of a service that stalls. The time from the sending itself "
          "(raw) is shown beside it. Requests that fail count as slower than any other, in what is "
          "shown as when --fail is judged: a percentile that meets one, max and mean are then "
          "called failed (null in JSON); one that timed out counts with the time that it waited. A "
          "run that was limited by the generator itself, by its delay in sending or in reading, "
          "its "
          "CPU or its sockets, says so and is INVALID. An answer of over 256 MiB has failed, and "
          "so "
          "have those for which 256 MiB of all answers in hand are not enough (too_large). Loads "
          "this machine only, unless --allow-target "
          "names another host. With --via redis frames go through the stream that a service reads: "
          "each must come back once, as a result, and those of a camera in their order, or the run "
          "fails. Connections that are kept (-c, --closed) are opened before the first second "
          "begins, at "
          "most 64 at a time and within 60 s, or the run ends before it begins; what the target "
          "closes again, and every connection with --no-keep-alive, is opened by the request that "
          "needs it, as part of its latency. The achieved rate is of good answers, without the "
          "time that every answer takes: "
          "as intended when all were answered without falling behind. Ctrl-C ends the run and "
          "reports what was measured; what is unanswered then counts, where --fail judges "
          "latency, with the time that it has waited. An item of --audit whose answer was about "
          "something else, such as a token that is missing, is not applicable, and the audit no "
          "pass.",
      .examples =
          {{"sampleproc loadtest --target http://127.0.0.1:8099 --rate 200 --duration 1m --json "
            "last.json",
            "Send 200 requests a second to /health for a minute."},
           {"sampleproc loadtest --target http://127.0.0.1:8099 --stages 30s@50,1m@50-200 "
            "--fail 'p99<80ms,errors<0.1%'",
            "Raise the load and fail if a criterion is missed."},
           {"sampleproc loadtest --target http://127.0.0.1:8099 --frames photos --cameras 20 "
            "--fps 5 --html report.html",
            "Simulate twenty cameras with five frames a second each, and write a page with plots."},
           {"sampleproc loadtest --via redis --set consumer.redis.host=127.0.0.1 --frames photos "
            "--cameras 20 --fps 5",
            "Do the same through Redis, and check that no frame is lost or processed twice."},
           {"sampleproc loadtest --target http://127.0.0.1:8099 --frames photos "
            "--find-capacity 'p99<200ms,errors<1%'",
            "Find the highest frame rate that meets the criteria."},
           {"sampleproc loadtest --target http://127.0.0.1:8099 --rate 200 --duration 1m "
            "--baseline last.json --json new.json",
            "Compare with an earlier run."},
           {"sampleproc loadtest --target https://staging.example.com --allow-target "
            "staging.example.com --audit --production",
            "Check that a deployment is set up for production."},
           {"sampleproc loadtest --target http://127.0.0.1:8099/livez --closed -c 50 "
            "--requests 10000",
            "Send as fast as 50 connections allow."}},
      .exit_codes =
          {{0, "Every criterion holds."},
           {1,
            "A criterion was missed, nothing succeeded, it is slower or fails more than the "
            "baseline, a search found no rate or its target died, frames of a stream were lost, "
            "came twice or out of order, or an audit failed or could not look at an item."},
           {2,
            "The command line is wrong, the target may not be loaded, or runs such as these cannot "
            "be compared (--baseline)."},
           {3,
            "INVALID: the generator was the limit, or has too few files or ports for -c, or the "
            "run ended before it could be compared "
            "with the baseline."},
           {69,
            "The target cannot be reached, takes fewer connections than -c or, with --audit, "
            "answers nothing, or nothing reads its "
            "stream."},
           {74, "A file cannot be read or written."},
           {78, "The configuration is wrong (--config, --via redis)."},
           {130,
            "Interrupted by SIGINT (129: SIGHUP, 131: SIGQUIT, 143: SIGTERM); what was measured is "
            "reported, and a target that --during has stopped goes on."}},
      .declare = &DeclareLoadtestCommand,
  };
}

}  // namespace sampleproc::apps
