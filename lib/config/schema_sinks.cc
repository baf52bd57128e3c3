#include "config/schema_rows.h"

namespace sampleproc::config {

namespace {

constexpr std::int64_t kLongestPath = 4096;  // PATH_MAX of Linux, limits.h

}  // namespace

void AddSinkRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "consumer.sinks",
            .kind = Kind::kStringList,
            .max = 4,
            .words = {"log", "file", "redis", "webhook"},
            .help = "Where results of frames and events of cameras go, as consumer.deliver "
                    "says: lines of the log, consumer.file.path, the streams "
                    "consumer.redis.results_stream and consumer.redis.events_stream, "
                    "consumer.webhook.url. Results of frames "
                    "from Redis go to that stream anyway, together with their acknowledgement; "
                    "the sinks listed here get theirs after it, at least once while the service "
                    "lives. One that is away slows nothing."},
           [](auto& c) -> auto& { return c.consumer.sinks; }));
  rows.push_back(Bind(
      {.path = "consumer.deliver",
       .kind = Kind::kStringList,
       .min = 1,
       .max = 3,
       .words = {"events", "http_results", "results"},
       .help = "What consumer.sinks get: \"results\" of pulled frames and of cameras with a url, "
               "\"http_results\" of frames that requests bring, which are their answers "
               "too, \"events\" that the step "
               "\"track\" makes of all frames. The latter two need no consumer to be enabled. An "
               "answer neither waits for a sink nor fails with it. At a stop events that are open "
               "end with the reason \"shutdown\"; "
               "after a crash what a sink had still to deliver is lost."},
      [](auto& c) -> auto& { return c.consumer.deliver; }));
  rows.push_back(Bind({.path = "consumer.sink_buffer",
                       .kind = Kind::kSize,
                       .min = 64 * kKiB,
                       .max = kGiB,
                       .help = "Results that each sink keeps while its other side is away. What is "
                               "beyond is lost to it, and counted; of frames in a spool "
                               "it is made again. Taken from resources.memory_limit at start."},
                      [](auto& c) -> auto& { return c.consumer.sink_buffer; }));
}

void AddSinkPlaceRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "consumer.file.path",
            .kind = Kind::kString,
            .max = kLongestPath,
            .help = "File that the sink \"file\" appends results to, one JSON object a "
                    "line. Its folder has to be there: until it is, what is to be "
                    "written waits, and the log says so. One process writes to it at a time."},
           [](auto& c) -> auto& { return c.consumer.file.path; }));
  rows.push_back(Bind({.path = "consumer.file.max_bytes",
                       .kind = Kind::kSize,
                       .min = 64 * kKiB,
                       .max = 1024 * kGiB,
                       .help = "Size at which the file is renamed to \"<path>.1\", that one to "
                               "\"<path>.2\" and so on, and a new one begun."},
                      [](auto& c) -> auto& { return c.consumer.file.max_bytes; }));
  rows.push_back(Bind({.path = "consumer.file.keep",
                       .kind = Kind::kInt,
                       .min = 1,
                       .max = 1000,
                       .unit = "files",
                       .help = "Full files that are kept; the oldest is deleted."},
                      [](auto& c) -> auto& { return c.consumer.file.keep; }));
  rows.push_back(
      Bind({.path = "consumer.webhook.url",
            .kind = Kind::kString,
            .max = kLongestPath,
            .help = "Where the sink \"webhook\" POSTs results, one after the other. 2xx takes "
                    "a result; 400, 409, 413, 415, 422 and 431 refuse it for good, which is "
                    "counted. Any other status (401, 403, 404, 429, 3xx, 5xx ...) is about the "
                    "service or the URL: results wait and are tried again with growing pauses, "
                    "after Retry-After where that is said, and /health tells it. Of an answer "
                    "only the status counts.",
            .url = true,
            .url_example = "https://hooks.example.com/frames"},
           [](auto& c) -> auto& { return c.consumer.webhook.url; }));
}

}  // namespace sampleproc::config
