#include "apps/loadtest_options.h"

#include <CLI/CLI.hpp>

#include "apps/checked_values.h"

namespace sampleproc::apps {
namespace {

constexpr const char* kTarget = "Target";
constexpr const char* kFrames = "Frames";
constexpr const char* kLoad = "Load";
constexpr const char* kAudit = "Audit";
constexpr const char* kResult = "Result";

void AddText(CLI::App& app, const char* name, std::string& value, const char* value_name,
             const char* help, const char* group) {
  app.add_option(name, value, help)->type_name(value_name)->group(group);
}

void AddList(CLI::App& app, const char* name, std::vector<std::string>& values,
             const char* value_name, const char* help, const char* group) {
  app.add_option(name, values, help)->type_name(value_name)->allow_extra_args(false)->group(group);
}

void AddTarget(CLI::App& app, LoadtestOptions& options) {
  AddText(app, "--target", options.target, "URL", "What to load, such as http://127.0.0.1:8099",
          kTarget);
  AddChoice(app, "--via", options.via, {"http", "redis"},
            "http (default); redis: put frames on the stream that the service reads, and read its "
            "results and dead letters back. The consumer.redis settings say where; --target may "
            "name the service for its /metrics")
      ->type_name("DOOR")
      ->group(kTarget);
  AddText(
      app, "--path", options.path, "PATH",
      "Path of the requests; without it the target's own, or /health, or /process with --frames",
      kTarget);
  AddText(app, "--method", options.method, "METHOD", "GET, or POST when there is a body", kTarget);
  AddText(app, "--body", options.body_file, "FILE", "Send the contents of FILE with each request",
          kTarget);
  AddList(app, "-H,--header", options.fields, "FIELD",
          "Send the field \"Name: value\", too; may be repeated", kTarget);
  AddText(app, "--host", options.host, "HOST", "Value of the Host field", kTarget);
  AddText(app, "--token-file", options.token_file, "FILE",
          "Send the first line of FILE as a bearer token", kTarget);
  AddText(app, "--ca", options.ca, "FILE",
          "An https target's certificate must lead to one in FILE (PEM), which may be its own",
          kTarget);
  AddText(app, "--unix-socket", options.unix_socket, "PATH",
          "Connect to this socket; the target says Host and path", kTarget);
  AddList(app, "--allow-target", options.allowed, "HOST",
          "Load HOST although it is not this machine's loopback; may be repeated", kTarget);
}

void AddFrames(CLI::App& app, LoadtestOptions& options) {
  AddList(app, "--frames", options.frames, "DIR[=SHARE]",
          "Send the pictures and .npy files in DIR to /process, and check each answer; with SHARE "
          "a mix: --frames small=70 --frames large=30",
          kFrames);
  AddText(app, "--raw", options.raw, "WxH:FORMAT",
          "Send the *.raw files in DIR, too, which are such pixels: 640x480:bgr24 (or rgb24 gray8 "
          "gray16le nv12 yuyv f32)",
          kFrames);
  AddChoice(app, "--form", options.form, {"json", "binary", "multipart"},
            "How a frame is sent: json (default), binary or multipart")
      ->type_name("FORM")
      ->group(kFrames);
  AddText(app, "--hostile", options.hostile, "SHARE",
          "Make so many of the frames ones that must be refused: 1%", kFrames);
  AddText(app, "--golden", options.golden, "FILE",
          "Detections must be those of FILE, records of process-file", kFrames);
}

void AddLoad(CLI::App& app, LoadtestOptions& options) {
  AddText(app, "--rate", options.rate, "N",
          "Send N requests a second whatever is answered (default 10)", kLoad);
  AddText(app, "--stages", options.stages, "STAGE,...",
          "Rates one after the other: 30s@50,1m@200, or from one to another: 1m@50-200", kLoad);
  AddChoice(app, "--arrivals", options.arrivals, {"constant", "poisson"},
            "constant: at equal distances; poisson: at random, as many users would send")
      ->type_name("KIND")
      ->group(kLoad);
  AddText(app, "--arrivals-file", options.arrivals_file, "FILE",
          "Send at the times in FILE, seconds from the start, one a line", kLoad);
  AddNumber(app, "--cameras", options.cameras, 1, 100'000, "N cameras, each with its own phase")
      ->group(kLoad);
  AddText(app, "--fps", options.fps, "F", "Frames a second of each camera", kLoad);
  app.add_flag("--closed", options.closed,
               "Each connection sends its next request when it has its answer")
      ->group(kLoad);
  AddNumber(
      app, "-c,--connections", options.connections, 1, 1'000'000,
      "Connections, which are opened before the first second begins; with --closed 10 when not "
      "given, else as many as are needed, as far as this machine's file limit allows")
      ->group(kLoad);
  AddText(app, "--duration", options.duration, "DURATION",
          "How long to send: 30s, 5m (default 30s)", kLoad);
  AddNumber(app, "--requests", options.requests, 1, 1'000'000'000, "Stop after N requests")
      ->group(kLoad);
  AddText(app, "--timeout", options.timeout, "DURATION",
          "A request without an answer so long after its intended time has failed (default 10s)",
          kLoad);
  AddText(
      app, "--settle", options.settle, "DURATION",
      "With --via redis: when each frame has its outcome read on so long, to see one that comes "
      "twice (default 1s)",
      kLoad);
  app.add_flag("--no-keep-alive", options.no_keep_alive, "A new connection for each request")
      ->group(kLoad);
  AddNumber(app, "--threads", options.threads, 1, 256, "Threads of the generator (default 1)")
      ->group(kLoad);
  AddNumber(app, "--seed", options.seed, 0, 4'000'000'000,
            "Decides what is random: the same seed gives the same schedule")
      ->group(kLoad);
}

void AddAudit(CLI::App& app, LoadtestOptions& options) {
  app.add_flag("--audit", options.audit,
               "Instead of a load check what production asks for and can be seen from outside: "
               "headers, hosts, CORS, limits, timeouts, health, metrics, the rate limit")
      ->group(kAudit);
  app.add_flag("--production", options.production,
               "With --audit: what staging may leave out, such as TLS, is a failure")
      ->group(kAudit);
  AddText(app, "--origin", options.origin, "ORIGIN",
          "With --audit: an origin that CORS should let in", kAudit);
  AddNumber(app, "--burst", options.burst, 1, 100'000,
            "With --audit: requests in a row that should meet the rate limit (default 120)")
      ->group(kAudit);
  AddNumber(app, "--pid", options.pid, 2, 4'194'304,
            "The process that listens at the target. With --audit it is ended with SIGTERM under "
            "load, to see that nobody is cut off; --during says what else is done to it")
      ->group(kAudit);
}

void AddResult(CLI::App& app, LoadtestOptions& options) {
  AddText(app, "--fail", options.fail, "CRITERIA",
          "Exit with 1 unless all hold: 'p99<80ms,errors<0.1%'", kResult);
  app.add_flag("--abort-on-fail", options.abort_on_fail,
               "End the run as soon as a criterion is missed, after 3 seconds at the earliest")
      ->group(kResult);
  AddText(app, "--find-capacity", options.find_capacity, "CRITERIA",
          "Find the highest rate that holds CRITERIA, by runs of --duration (default 5s) at rates "
          "from --rate on. Each begins when the target answers again what the one before left",
          kResult);
  AddText(
      app, "--baseline", options.baseline, "OLD",
      "Compare with OLD, the --json of an earlier run, and exit with 1 when this one is slower, "
      "or fails more, beyond chance: Mann-Whitney U test at 1% of the seconds' p50, p99, share "
      "of failures (0.1% of the requests apart or more) and, of the same load, rate (medians "
      "5% apart or more). A second with requests open and none finished is the slowest. Of all "
      "requests p99 is compared, too (over twice as much and 20ms more), and p99.9 (four times and "
      "50ms). Both must be of one path and last ten seconds or more; another host or load is told",
      kResult);
  AddText(app, "--max-send-lag", options.max_send_lag, "DURATION",
          "The run is INVALID when the generator was later than this in sending one request in a "
          "hundred, or in reading as many answers, and that is much beside the latency; with too "
          "little CPU, later than a tenth of it (default 10ms)",
          kResult);
  AddText(app, "--during", options.during, "EVENTS",
          "Disturb process --pid while the run lasts, and judge what its clients see by --fail: "
          "'at=10s term', 'at=5s hup, at=20s stop for=2s'; also int, usr1 and kill. What could "
          "not be done is a failure",
          kResult);
  app.add_flag("--no-server-metrics", options.no_server_metrics,
               "With frames: do not ask the target's /metrics once a second where its time goes")
      ->group(kResult);
  AddText(app, "--json", options.json, "FILE", "Write the result as JSON; - is standard output",
          kResult);
  AddText(app, "--html", options.html, "FILE", "Write the result as one HTML page with plots",
          kResult);
  AddText(app, "--percentiles", options.percentiles, "FILE",
          "Write the corrected latencies as HdrHistogram's percentile text, in ms", kResult);
  AddText(app, "--series", options.series, "FILE",
          "Write each second as a line of JSON when it is over; - is standard output", kResult);
  AddText(app, "--junit", options.junit, "FILE",
          "Write criteria, comparisons or the items of --audit as tests, in JUnit's XML", kResult);
  app.add_flag("-q,--quiet", options.quiet, "No progress on standard error")->group(kResult);
}

}  // namespace

void DeclareLoadtest(CLI::App& app, LoadtestOptions& options) {
  AddTarget(app, options);
  AddFrames(app, options);
  AddLoad(app, options);
  AddAudit(app, options);
  AddResult(app, options);
  options.config->AddFile(app, "--config");
  options.config->AddSet(app);
}

}  // namespace sampleproc::apps
