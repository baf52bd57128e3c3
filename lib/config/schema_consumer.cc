#include "config/schema_rows.h"

namespace sampleproc::config {
namespace {

constexpr std::int64_t kLongestName = 255;
constexpr std::int64_t kLongestPath = 4096;  // PATH_MAX of Linux, limits.h

// A URL to which paths are added, so that nothing may follow its own.
std::string WrongBase(std::string_view url) {
  if (url.find_first_of("?#") == std::string_view::npos) return "";
  return "has a query or a fragment (behind ? or #), which would not be sent: write the address "
         "alone, such as \"http://host:8002\"";
}

std::string WrongBufferUrl(std::string_view url) {
  constexpr std::string_view kAdded = "/frames/dequeue";
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.substr(0, url.find_first_of("?#")).ends_with(kAdded)) {
    return "ends in /frames/dequeue, which is added to it: leave that out";
  }
  return WrongBase(url);
}

void AddSourceRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "consumer.enabled",
            .kind = Kind::kBool,
            .original_names = {{"ENABLE_FRAME_CONSUMER"}},
            .help = "Pull frames from a frame buffer or a stream. Setting "
                    "consumer.orchestrator_url, consumer.redis.host or consumer.http.url turns it "
                    "on too, unless this says false."},
           [](auto& c) -> auto& { return c.consumer.enabled; }));
  rows.push_back(Bind({.path = "consumer.source",
                       .kind = Kind::kEnum,
                       .words = {"http", "redis"},
                       .help = "Where frames come from. \"redis\" is taken when "
                               "consumer.orchestrator_url or consumer.redis.host is set."},
                      [](auto& c) -> auto& { return c.consumer.source; }));
  rows.push_back(Bind({.path = "consumer.processor_id",
                       .kind = Kind::kString,
                       .original_names = {{"PROCESSOR_ID"}},
                       .min = 1,
                       .max = kLongestName,
                       .help = "What this consumer is called upstream. Replicas with the same name "
                               "share one queue."},
                      [](auto& c) -> auto& { return c.consumer.processor_id; }));
  rows.push_back(Bind({.path = "consumer.orchestrator_url",
                       .kind = Kind::kString,
                       .original_names = {{"ORCHESTRATOR_URL"}},
                       .max = kLongestPath,
                       .help = "Where to register for frames; empty is nowhere.",
                       .url = true,
                       .url_example = "http://orchestrator:8002",
                       .wrong = &WrongBase},
                      [](auto& c) -> auto& { return c.consumer.orchestrator_url; }));
  rows.push_back(Bind({.path = "consumer.capabilities",
                       .kind = Kind::kStringList,
                       .min = 1,
                       .max = 64,
                       .help = "What an orchestrator is told that frames may be sent here for."},
                      [](auto& c) -> auto& { return c.consumer.capabilities; }));
  rows.push_back(
      Bind({.path = "consumer.capacity",
            .kind = Kind::kInt,
            .min = 1,
            .max = 1'000'000,
            .unit = "frames",
            .help = "How many frames in the queue an orchestrator takes for a full load."},
           [](auto& c) -> auto& { return c.consumer.capacity; }));
}

void AddPullRows(std::vector<Key>& rows) {
  rows.push_back(Bind({.path = "consumer.batch_size",
                       .kind = Kind::kInt,
                       .original_names = {{"CONSUMER_BATCH_SIZE"}},
                       .min = 1,
                       .max = 100,
                       .unit = "frames",
                       .help = "Most frames in one pull."},
                      [](auto& c) -> auto& { return c.consumer.batch_size; }));
  rows.push_back(Bind({.path = "consumer.poll_interval",
                       .kind = Kind::kDuration,
                       .original_names = {{"POLL_INTERVAL_MS", kMs}},
                       .min = kMs,
                       .max = kMinute,
                       .help = "Pause after a pull that brought nothing."},
                      [](auto& c) -> auto& { return c.consumer.poll_interval; }));
  rows.push_back(Bind({.path = "consumer.max_retries",
                       .kind = Kind::kInt,
                       .original_names = {{"MAX_RETRIES"}},
                       .max = 100,
                       .unit = "retries",
                       .help = "Failures in a row after which the connection is made anew."},
                      [](auto& c) -> auto& { return c.consumer.max_retries; }));
  rows.push_back(
      Bind({.path = "consumer.backoff",
            .kind = Kind::kDuration,
            .original_names = {{"BACKOFF_MS", kMs}},
            .min = kMs,
            .max = 30 * kSecond,
            .help = "Longest pause after the first failure; it doubles with each further one, up "
                    "to 30s (2s for Redis), and each pause is drawn by chance from zero to it. "
                    "Redis is tried every 50 ms before, 60 times."},
           [](auto& c) -> auto& { return c.consumer.backoff; }));
  rows.push_back(Bind({.path = "consumer.health_check_interval",
                       .kind = Kind::kDuration,
                       .original_names = {{"HEALTH_CHECK_INTERVAL", kSecond}},
                       .min = kSecond,
                       .max = kHour,
                       .help = "How often the upstream is asked how it is, and an orchestrator "
                               "told that this processor is there."},
                      [](auto& c) -> auto& { return c.consumer.health_check_interval; }));
  rows.push_back(Bind({.path = "consumer.silent_after",
                       .kind = Kind::kDuration,
                       .max = 24 * kHour,
                       .help = "When pulls succeed and bring no frame for so long, /health is "
                               "degraded and names the condition source_silent; 0 is never."},
                      [](auto& c) -> auto& { return c.consumer.silent_after; }));
  rows.push_back(Bind({.path = "consumer.policy",
                       .kind = Kind::kEnum,
                       .words = {"fifo", "latest"},
                       .help = "Which waiting frame of a camera comes next: each in order, or the "
                               "newest, the older ones dropped. \"latest\" suits live cameras."},
                      [](auto& c) -> auto& { return c.consumer.policy; }));
  rows.push_back(Bind({.path = "consumer.max_age",
                       .kind = Kind::kDuration,
                       .max = 24 * kHour,
                       .help = "Frames that are older when their turn comes are dropped; 0 keeps "
                               "all."},
                      [](auto& c) -> auto& { return c.consumer.max_age; }));
  rows.push_back(
      Bind({.path = "consumer.no_pixels",
            .kind = Kind::kEnum,
            .words = {"drop", "dead"},
            .help = "What becomes of a frame whose pixels are nowhere: it is dropped, or "
                    "goes to the dead letters."},
           [](auto& c) -> auto& { return c.consumer.no_pixels; }));
  rows.push_back(Bind({.path = "consumer.storage_root",
                       .kind = Kind::kString,
                       .max = kLongestPath,
                       .help = "Folder below which entries may name files with their pixels "
                               "(storage_path); empty is none."},
                      [](auto& c) -> auto& { return c.consumer.storage_root; }));
  rows.push_back(Bind({.path = "consumer.max_pixel_bytes",
                       .kind = Kind::kSize,
                       .min = 1024,
                       .max = std::int64_t{1} << 30,
                       .help = "Most bytes of a pulled frame's pixels, whether they come in its "
                               "metadata or are fetched."},
                      [](auto& c) -> auto& { return c.consumer.max_pixel_bytes; }));
  rows.push_back(Bind({.path = "consumer.fetches",
                       .kind = Kind::kInt,
                       .min = 2,
                       .max = 256,
                       .unit = "fetches",
                       .help = "How many frames' pixels are fetched at the same time from Redis, "
                               "files and hosts. One host has half of them at most, and those that "
                               "fail or have not answered yet have half between them."},
                      [](auto& c) -> auto& { return c.consumer.fetches; }));
  rows.push_back(Bind({.path = "consumer.fetch_timeout",
                       .kind = Kind::kDuration,
                       .min = 10 * kMs,
                       .max = 10 * kMinute,
                       .help = "Longest time for the pixels of a frame to come; process.deadline "
                               "when that is shorter. A host that takes longer counts as away: its "
                               "frames wait and are tried again."},
                      [](auto& c) -> auto& { return c.consumer.fetch_timeout; }));
  rows.push_back(
      Bind({.path = "consumer.max_waiting",
            .kind = Kind::kInt,
            .min = 1,
            .max = 100'000,
            .unit = "frames",
            .help = "How many frames may wait for pixels, because their host is slow or "
                    "away, while others go on. When half of them wait for hosts that "
                    "are away, that take half a second or more, or that have not answered for 2 s "
                    "(or for twice as long as they usually take where that is more), further "
                    "frames of those go back to Redis or wait in "
                    "the spool; a frame buffer takes none back, so without a spool they are "
                    "dropped (pixel_host) when the host is away. While all of them answer, twice "
                    "consumer.fetches stay here if that is more, and three quarters at most."},
           [](auto& c) -> auto& { return c.consumer.max_waiting; }));
  rows.push_back(
      Bind({.path = "consumer.frame_url_hosts",
            .kind = Kind::kStringList,
            .max = 1000,
            .help = "Hosts that entries may name as where their pixels are (frame_url), such as "
                    "\"cameras.example.com\" and \"*.cameras.example.com\"; empty is none. \"*\" "
                    "lets whoever writes entries choose whom this machine talks to."},
           [](auto& c) -> auto& { return c.consumer.frame_url_hosts; }));
}

void AddBufferRows(std::vector<Key>& rows) {
  rows.push_back(Bind({.path = "consumer.http.url",
                       .kind = Kind::kString,
                       .original_names = {{"FRAME_BUFFER_URL"}},
                       .min = 1,
                       .max = kLongestPath,
                       .help = "The frame buffer that is asked for frames: its address, to which "
                               "/frames/dequeue is added.",
                       .url = true,
                       .url_example = "http://frame-buffer:8002",
                       .wrong = &WrongBufferUrl},
                      [](auto& c) -> auto& { return c.consumer.http.url; }));
  rows.push_back(Bind({.path = "consumer.http.spool",
                       .kind = Kind::kEnum,
                       .words = {"off", "disk"},
                       .help = "\"disk\" writes each pull down before it is worked on, so that a "
                               "crash loses no frame; it costs a disk write for each pull. What a "
                               "crash has left is finished at the next start, some of it perhaps "
                               "a second time. While the disk cannot be written, as when it is "
                               "full, pulling goes on and frames are worked on without being "
                               "written down: a crash then loses those. The condition \"spool\" "
                               "lasts as long."},
                      [](auto& c) -> auto& { return c.consumer.http.spool; }));
  rows.push_back(Bind({.path = "consumer.http.spool_dir",
                       .kind = Kind::kString,
                       .max = kLongestPath,
                       .help = "Folder where pulls are written down, of one process at a time; "
                               "empty is \"spool\" in $STATE_DIRECTORY of systemd, else in "
                               "/var/lib/sampleproc."},
                      [](auto& c) -> auto& { return c.consumer.http.spool_dir; }));
  rows.push_back(Bind({.path = "consumer.http.spool_max_bytes",
                       .kind = Kind::kSize,
                       .min = kMiB,
                       .max = 1024 * kGiB,
                       .help = "With so much in the spool no more frames are pulled."},
                      [](auto& c) -> auto& { return c.consumer.http.spool_max_bytes; }));
}

void AddRedisRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "consumer.redis.url",
            .kind = Kind::kString,
            .original_names = {{"REDIS_URL"}},
            .max = kLongestPath,
            .help = "The Redis server in one: redis://[user:password@]host[:port][/db], rediss:// "
                    "for TLS, or unix:///path?db=0. What it names counts like the keys below, "
                    "which win where they are set beside it; empty is nothing. A password is "
                    "better kept in consumer.redis.password_file.",
            .redis_url = true},
           [](auto& c) -> auto& { return c.consumer.redis.url; }));
  rows.push_back(
      Bind({.path = "consumer.redis.host",
            .kind = Kind::kString,
            .original_names = {{"REDIS_HOST"}},
            .min = 1,
            .max = kLongestName,
            .help = "The Redis server with the streams: a name, an address, or the path of "
                    "its Unix socket."},
           [](auto& c) -> auto& { return c.consumer.redis.host; }));
  rows.push_back(Bind({.path = "consumer.redis.port",
                       .kind = Kind::kInt,
                       .original_names = {{"REDIS_PORT"}},
                       .min = 1,
                       .max = 65'535,
                       .help = "Its port."},
                      [](auto& c) -> auto& { return c.consumer.redis.port; }));
  rows.push_back(Bind({.path = "consumer.redis.username",
                       .kind = Kind::kString,
                       .original_names = {{"REDIS_USERNAME"}},
                       .max = kLongestName,
                       .help = "User to log in as; empty is the default user. Without a "
                               "password it is a user that needs none (nopass)."},
                      [](auto& c) -> auto& { return c.consumer.redis.username; }));
  rows.push_back(Bind({.path = "consumer.redis.password_file",
                       .kind = Kind::kString,
                       .original_names = {{"REDIS_PASSWORD_FILE"}},
                       .max = kLongestPath,
                       .help = "File with the password on its only line; empty is no password. It "
                               "is read at each login, so that a new password needs no restart. "
                               "The password itself is no key, so that it cannot end up in a "
                               "listing of processes or variables.",
                       .secret_file = true},
                      [](auto& c) -> auto& { return c.consumer.redis.password_file; }));
  rows.push_back(Bind({.path = "consumer.redis.db",
                       .kind = Kind::kInt,
                       .original_names = {{"REDIS_DB"}},
                       .min = 0,
                       .max = 1'000'000,
                       .help = "Number of the database, as of SELECT; a cluster has only 0."},
                      [](auto& c) -> auto& { return c.consumer.redis.db; }));
  rows.push_back(Bind({.path = "consumer.redis.tls",
                       .kind = Kind::kBool,
                       .help = "Talk TLS to the server, whose certificate must be for "
                               "consumer.redis.host."},
                      [](auto& c) -> auto& { return c.consumer.redis.tls; }));
  rows.push_back(Bind({.path = "consumer.redis.tls_ca_file",
                       .kind = Kind::kString,
                       .max = kLongestPath,
                       .help = "PEM file of the authorities that the server's certificate may come "
                               "from; empty is those of the system.",
                       .file = true},
                      [](auto& c) -> auto& { return c.consumer.redis.tls_ca_file; }));
  rows.push_back(Bind({.path = "consumer.redis.stream",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = kLongestName,
                       .help = "Stream that frames are read from. In this and the other names "
                               "<processor_id> stands for consumer.processor_id."},
                      [](auto& c) -> auto& { return c.consumer.redis.stream; }));
  rows.push_back(Bind({.path = "consumer.redis.group",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = kLongestName,
                       .help = "Consumer group on that stream; made when it is missing."},
                      [](auto& c) -> auto& { return c.consumer.redis.group; }));
}

void AddDeliveryRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "consumer.redis.delete",
            .kind = Kind::kBool,
            .help = "Whether a frame that is done, dropped or dead is deleted from the stream, so "
                    "that its memory is free at once and its length is the backlog. Set it to "
                    "false when other consumer groups read the same stream; then whoever adds "
                    "frames has to trim it (XADD MAXLEN)."},
           [](auto& c) -> auto& { return c.consumer.redis.delete_settled; }));
  rows.push_back(
      Bind({.path = "consumer.redis.claim_idle",
            .kind = Kind::kDuration,
            .min = kMs,
            .max = kHour,
            .help = "A frame whose owner has been silent for so long is taken over. Keep "
                    "it longer than process.deadline, or frames are done twice."},
           [](auto& c) -> auto& { return c.consumer.redis.claim_idle; }));
  rows.push_back(Bind(
      {.path = "consumer.redis.max_deliveries",
       .kind = Kind::kInt,
       .min = 2,
       .max = 100,
       .unit = "deliveries",
       .help = "Times a frame is handed out before it goes to the dead letters: once among others, "
               "then alone."},
      [](auto& c) -> auto& { return c.consumer.redis.max_deliveries; }));
  rows.push_back(Bind({.path = "consumer.redis.results_stream",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = kLongestName,
                       .help = "Stream that results are written to."},
                      [](auto& c) -> auto& { return c.consumer.redis.results_stream; }));
  rows.push_back(Bind({.path = "consumer.redis.events_stream",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = kLongestName,
                       .help = "Stream that the sink \"redis\" writes events to; the field event "
                               "of an entry has one as JSON."},
                      [](auto& c) -> auto& { return c.consumer.redis.events_stream; }));
  rows.push_back(Bind({.path = "consumer.redis.dlq_stream",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = kLongestName,
                       .help = "Stream for the dead letters: frames that were tried too often."},
                      [](auto& c) -> auto& { return c.consumer.redis.dlq_stream; }));
  rows.push_back(
      Bind({.path = "consumer.redis.dlq_max_bytes",
            .kind = Kind::kSize,
            .min = kMiB,
            .max = 1024 * kGiB,
            .help = "Memory of Redis that dead letters may take: the oldest go first, as "
                    "they do beyond 10,000. From a frame that would take over a quarter "
                    "of it whole fields are left out."},
           [](auto& c) -> auto& { return c.consumer.redis.dlq_max_bytes; }));
}

}  // namespace

void AddConsumerRows(std::vector<Key>& rows) {
  AddSourceRows(rows);
  AddPullRows(rows);
  AddSinkRows(rows);
  AddBufferRows(rows);
  AddRedisRows(rows);
  AddDeliveryRows(rows);
  AddSinkPlaceRows(rows);
}

}  // namespace sampleproc::config
