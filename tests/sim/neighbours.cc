#include "sim/neighbours.h"

#include <algorithm>
#include <utility>

namespace sampleproc::sim {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using consumer::MakeRoom;

constexpr Time kLook = 20 * kMillisecond;
// What a client of ours waits at most for an answer, whatever it was allowed.
constexpr Time kClientPatience = 60 * kSecond;

// Waits until then, or as long as is allowed.
Result<void> WaitUntil(const World& world, Time until, const base::Allowance& allowance) {
  const Time patience = world.now() + kClientPatience;
  while (world.now() < until) {
    if (auto allowed = allowance.Check("fetching the pixels"); !allowed) return allowed;
    if (world.now() >= patience) {
      return Fail(ErrorCode::kRequestTimeout, "timed out waiting for an answer");
    }
    world.Sleep(std::min(kLook, until - world.now()));
  }
  return {};
}

Result<std::string> PixelsOf(const World& world, int number, const MakeRoom& make_room) {
  const FramePlan& plan = *world.frames[static_cast<std::size_t>(number)].plan;
  if (plan.missing) return Fail(ErrorCode::kNotFound, "there are no pixels");
  const base::ByteBuffer picture = MakePicture(plan.look);
  const std::size_t size = picture.size() / (plan.broken ? 2 : 1);
  {
    const Scheduler::Exempt not_exempt(false);
    if (auto room = make_room(size); !room) return std::unexpected(room.error());
  }
  return std::string(picture.begin(), picture.begin() + static_cast<std::ptrdiff_t>(size));
}

// "h2" of "http://h2/17".
std::string HostOf(const std::string& url) {
  const std::size_t begin = url.find("//") + 2;
  return url.substr(begin, url.find('/', begin) - begin);
}

// A fetch as its host sees it. What the service promises of each: it ends by itself, and no host
// has more than half of them, however many of its frames wait.
class Asked {
 public:
  Asked(World& world, std::string host, const base::Allowance& allowance)
      : world_(world), host_(std::move(host)) {
    const consumer::Options& options = world.plan.consumer;
    const base::MonoTime latest = base::SystemClock().Now() + options.fetch_timeout;
    if (allowance.deadline.Never() || allowance.deadline.At() > latest) {
      world.Fail(host_ + " is asked for pixels for longer than consumer.fetch_timeout");
    }
    if (2 * ++world.asked[host_] > options.fetches + 1) {
      world.Fail(host_ + " has more than half of the fetches");
    }
  }
  ~Asked() { --world_.asked[host_]; }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

 private:
  World& world_;
  const std::string host_;
};

Result<std::string> FetchUrl(World& world, const std::string& url, const MakeRoom& make_room,
                             const base::Allowance& allowance) {
  const Scheduler::Exempt exempt;
  const Asked asked(world, HostOf(url), allowance);
  const std::size_t slash = url.rfind('/');
  const int host = World::NumberOf(HostOf(url));
  if (const auto hangs = world.Now(FaultKind::kHostHangs, host)) {
    if (auto waited = WaitUntil(world, *hangs, allowance); !waited) {
      return std::unexpected(waited.error());
    }
  }
  world.Sleep(kMillisecond);
  if (world.Now(FaultKind::kHostDown, host)) {
    return Fail(ErrorCode::kUnavailable, "cannot connect (connection refused)");
  }
  if (world.Now(FaultKind::kHostErrors, host)) {
    return Fail(ErrorCode::kUnavailable, "the host of the frame_url answers with 503");
  }
  if (world.Now(FaultKind::kHostSlow, host)) {
    const Time takes = 1 * kSecond + world.now() % (3 * kSecond);
    if (auto waited = WaitUntil(world, world.now() + takes, allowance); !waited) {
      return std::unexpected(waited.error());
    }
  }
  return PixelsOf(world, World::NumberOf(url.substr(slash)), make_room);
}

Result<std::string> FetchKey(World& world, const std::string& key, const MakeRoom& make_room,
                             const base::Allowance& allowance) {
  const Scheduler::Exempt exempt;
  const Asked asked(world, "redis", allowance);
  if (const auto hangs = world.Now(FaultKind::kSourceHangs)) {
    if (auto waited = WaitUntil(world, *hangs, allowance); !waited) {
      return std::unexpected(waited.error());
    }
  }
  world.Sleep(kMillisecond);
  if (world.Now(FaultKind::kSourceDown)) {
    return Fail(ErrorCode::kUnavailable, "cannot connect to Redis (connection refused)");
  }
  return PixelsOf(world, World::NumberOf(key), make_room);
}

}  // namespace

consumer::PixelPlaces MakePlaces(World& world) {
  consumer::PixelPlaces places;
  if (world.plan.takes_back) {
    places.redis_host = "redis:6379";
    places.redis_key = [&world](const std::string& key, const MakeRoom& make_room,
                                const base::Allowance& allowance) {
      return FetchKey(world, key, make_room, allowance);
    };
  }
  places.url = [&world](const std::string& url, const MakeRoom& make_room,
                        const base::Allowance& allowance) {
    return FetchUrl(world, url, make_room, allowance);
  };
  places.url_host = [](const std::string& url) { return HostOf(url) + ":80"; };
  return places;
}

void Receiver::Take(const consumer::ResultRecord& record) {
  const int frame = World::NumberOf(record.frame_id);
  world_.Say("sink " + std::to_string(number_) + ": has " + record.frame_id);
  seen_.insert(frame);
}

Result<consumer::SinkTarget::Settled> SimTarget::Deliver(
    std::span<const consumer::ResultRecord* const> records, const base::Allowance& allowance) {
  const Scheduler::Exempt exempt;
  const int number = receiver_.number();
  if (const auto hangs = world_.Now(FaultKind::kSinkHangs, number)) {
    const Time patience = std::min(*hangs, world_.now() + 10 * kSecond);
    if (auto waited = WaitUntil(world_, patience, allowance); !waited) {
      return std::unexpected(waited.error());
    }
    return Fail(ErrorCode::kRequestTimeout, "the sink does not answer");
  }
  world_.Sleep(2 * kMillisecond);
  if (world_.Now(FaultKind::kSinkFails, number)) {
    return Fail(ErrorCode::kUnavailable, "cannot connect (connection refused)");
  }
  const std::size_t count = 1 + world_.random.Below(records.size());
  for (std::size_t i = 0; i < count; ++i) receiver_.Take(*records[i]);
  if (world_.Now(FaultKind::kSinkTwice, number) && world_.random.Percent(50)) {
    return Fail(ErrorCode::kIo, "the connection was closed before the answer");
  }
  return Settled{.delivered = count};
}

}  // namespace sampleproc::sim
