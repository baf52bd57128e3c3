// Where frames are pulled from, how many at a time, and what happens to those that cannot be done.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sampleproc::consumer {

enum class Source {
  kHttp,   // a frame buffer that is asked for frames
  kRedis,  // a stream of an orchestrator
};

enum class Policy {
  kFifo,    // every frame, in order
  kLatest,  // of those that wait, the newest of each camera
};

enum class NoPixels {
  kDrop,  // a frame without pixels is settled as dropped
  kDead,  // it goes to the dead letters
};

enum class Spooling {
  kOff,
  kDisk,  // what was pulled is written down before work, and finished after a crash
};

struct HttpOptions {
  std::string url = "http://frame-buffer:8002";
  // The buffer forgets a frame once it has handed it out; writing it down first costs a disk write
  // for each pull.
  Spooling spool = Spooling::kOff;
  // Empty: the service's state directory.
  std::string spool_dir = {};
  std::uint64_t spool_max_bytes = 1U << 30;  // then no more frames are pulled
};

struct FileSinkOptions {
  std::string path = {};
  std::uint64_t max_bytes = 100U << 20;  // then the next file begins
  int keep = 5;                          // full files that are kept
};

struct WebhookOptions {
  std::string url = {};
};

// "<processor_id>" in a name stands for Options::processor_id.
struct RedisOptions {
  std::string url = {};        // what it names is in the members below; empty: nothing
  std::string host = "redis";  // a name, an address, or the path of a Unix socket
  std::uint16_t port = 6379;
  std::string username = {};
  std::string password_file = {};  // read at each login
  std::string password = {};       // of `url`; without a file
  int db = 0;                      // the database's number
  bool tls = false;
  std::string tls_ca_file = {};  // empty: the system's authorities
  std::string stream = "frames:ready:<processor_id>";
  std::string group = "frame-processors";
  // Whether what was settled leaves the stream, and with it every other group.
  bool delete_settled = true;
  // A frame whose owner has been silent for so long is taken over. Longer than a frame may take, or
  // frames are done twice.
  std::chrono::milliseconds claim_idle{30'000};
  // Deliveries after which a frame goes to the dead letters: the first one among others, the rest
  // alone. With 1 the neighbours of a deadly frame would be dead with it.
  int max_deliveries = 5;
  std::string results_stream = "sample:results";
  std::string events_stream = "sample:events";  // of the sink "redis"
  std::string dlq_stream = "frames:dlq:<processor_id>";
  // The oldest dead letters go when the stream would take more of Redis' memory; one letter may
  // take a quarter of it.
  std::uint64_t dlq_max_bytes = 256U << 20;
};

struct Options {
  bool enabled = false;
  Source source = Source::kHttp;

  int batch_size = 10;                           // frames in one pull
  std::chrono::milliseconds poll_interval{100};  // after an empty pull
  int max_retries = 3;                           // failures before the client is rebuilt
  std::chrono::milliseconds backoff{1'000};      // at most, after the first failure; doubles
  std::chrono::milliseconds health_check_interval{30'000};
  // Pulls that have succeeded for so long without a frame are a condition; 0 = never. Only who
  // knows the cameras knows how long is too long.
  std::chrono::milliseconds silent_after{0};
  Policy policy = Policy::kFifo;
  std::chrono::milliseconds max_age{0};  // older frames are dropped; 0 = never

  NoPixels no_pixels = NoPixels::kDrop;
  // Where the files are that entries name; empty: entries cannot name files.
  std::string storage_root = {};

  // Most bytes of a frame's pixels, whether they came along in `metadata` or are fetched; more is
  // dead. It bounds what one sender can make us hold at a time.
  std::uint64_t max_pixel_bytes = 32U << 20;
  // Fetches of pixels at a time, each with a thread that waits; at least 2. How hosts share them is
  // in pixel_hosts.h; more only helps when hosts are far away or many.
  int fetches = 16;
  // Longest time for the pixels of a frame to come, from one place; process.deadline when that is
  // shorter. Then its host counts as away.
  std::chrono::milliseconds fetch_timeout{10'000};
  // Frames that may wait here for pixels, besides those that the workers are about to need. Half of
  // them may wait for hosts that are away; what exceeds that goes back to a source that takes it
  // back, and is dropped otherwise. More costs memory and takes frames from other replicas.
  int max_waiting = 500;

  // Hosts that entries may name in frame_url, by http/host_patterns.h; empty: none.
  std::vector<std::string> frame_url_hosts = {};

  // What this consumer is called upstream. Replicas with the same one share its queue.
  std::string processor_id = "sample-processor-1";
  // Where to register; empty: nowhere.
  std::string orchestrator_url = {};
  std::vector<std::string> capabilities = {"sample_processing", "object_detection"};
  int capacity = 10;  // frames that the orchestrator takes for a full load

  HttpOptions http;
  RedisOptions redis;

  // Where results go: "log", "file", "redis", "webhook". Those of frames from Redis also go back
  // there, whatever is listed.
  std::vector<std::string> sinks = {};
  // What they get: "results" of frames that the service fetches itself, "http_results" of those
  // that requests bring, "events". Events are of all cameras, whichever way frames come.
  std::vector<std::string> deliver = {"results"};
  // What each keeps while its other side is away; it counts against the memory budget.
  std::size_t sink_buffer = 16U << 20;
  FileSinkOptions file;
  WebhookOptions webhook;

  // Somebody named an upstream and turned the consumer off: worth a warning and a degraded
  // component. No key; follows from the others.
  bool off_although_named = false;
};

}  // namespace sampleproc::consumer
