// Takes every entry of a stream, publishes a result for each and deletes it: by the service's own
// source, or by a plain loop over hiredis. Prints the seconds it took.
//
//   redis_loop source|bare SOCKET FRAMES
#include <hiredis/hiredis.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "consumer/sources/redis_source.h"
#include "net/stream.h"

namespace {

namespace base = sampleproc::base;
namespace consumer = sampleproc::consumer;
namespace net = sampleproc::net;

constexpr std::size_t kTogether = 64;
constexpr const char* kStream = "frames";
constexpr const char* kGroup = "g";
constexpr const char* kResults = "results";

// As long as the result of a frame with a detection or two.
const std::string kRecord(900, 'x');

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "redis_loop: %s\n", what);
  std::exit(1);
}

// Results that are on their way, at most twice what is read together.
class Window {
 public:
  void Enter(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ + count <= 2 * kTogether; });
    held_ += count;
  }
  void Leave() {
    const std::lock_guard lock(mutex_);
    --held_;
    changed_.notify_one();
  }
  void AwaitNone() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t held_ = 0;
};

void RunSource(const std::string& socket, std::size_t frames) {
  consumer::RedisOptions options;
  options.stream = kStream;
  options.group = kGroup;
  options.results_stream = kResults;
  Window window;
  consumer::RedisSource source({.connect =
                                    [&](const base::Allowance& allowance) {
                                      return net::Connect({.host = "", .unix_socket = socket},
                                                          allowance);
                                    },
                                .login = {},
                                .clock = base::SystemClock(),
                                .consumer = "c",
                                .processor_id = "p"},
                               options, {});
  while (frames > 0) {
    auto pulled = source.Pull(kTogether);
    if (!pulled) Fail(pulled.error().message.c_str());
    window.Enter(pulled->size());
    for (consumer::Delivery& each : *pulled) {
      source.Settle({.ticket = each.ticket,
                     .ending = consumer::Ending::kDone,
                     .frame_id = std::move(each.entry.frame_id),
                     .record = kRecord,
                     .reason = {}},
                    [&](bool) { window.Leave(); });
    }
    frames -= std::min(frames, pulled->size());
  }
  window.AwaitNone();
}

redisReply* Checked(void* reply) {
  auto* const checked = static_cast<redisReply*>(reply);
  if (checked == nullptr || checked->type == REDIS_REPLY_ERROR) Fail("Redis does not answer well");
  return checked;
}

void RunBare(const std::string& socket, std::size_t frames) {
  redisContext* const redis = ::redisConnectUnix(socket.c_str());
  if (redis == nullptr || redis->err != 0) Fail("there is no Redis");
  while (frames > 0) {
    redisReply* const read =
        Checked(::redisCommand(redis, "XREADGROUP GROUP %s c COUNT %d STREAMS %s >", kGroup,
                               static_cast<int>(kTogether), kStream));
    if (read->type == REDIS_REPLY_NIL) Fail("there are fewer frames");
    const redisReply* const entries = read->element[0]->element[1];
    for (std::size_t i = 0; i < entries->elements; ++i) {
      const redisReply* const id = entries->element[i]->element[0];
      const redisReply* const frame_id = entries->element[i]->element[1]->element[1];
      ::redisAppendCommand(redis,
                           "XADD %s MAXLEN ~ 100000 * frame_id %b processor_id p timestamp "
                           "1764000000.123456 result %b",
                           kResults, frame_id->str, frame_id->len, kRecord.data(), kRecord.size());
      ::redisAppendCommand(redis, "XACK %s %s %b", kStream, kGroup, id->str, id->len);
      ::redisAppendCommand(redis, "XDEL %s %b", kStream, id->str, id->len);
    }
    for (std::size_t i = 0; i < 3 * entries->elements; ++i) {
      void* reply = nullptr;
      if (::redisGetReply(redis, &reply) != REDIS_OK) Fail("Redis went away");
      ::freeReplyObject(Checked(reply));
    }
    frames -= std::min(frames, entries->elements);
    ::freeReplyObject(read);
  }
  ::redisFree(redis);
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) Fail("usage: redis_loop source|bare SOCKET FRAMES");
  const std::string how = words[1];
  const auto frames = static_cast<std::size_t>(std::atol(words[3]));
  const auto begun = std::chrono::steady_clock::now();
  if (how == "source") {
    RunSource(words[2], frames);
  } else {
    RunBare(words[2], frames);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("%.6f\n", took.count());
  return 0;
}
