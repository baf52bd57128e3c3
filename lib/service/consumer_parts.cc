#include "service/consumer_parts.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "base/text_file.h"
#include "consumer/consumer.h"
#include "consumer/dispatch_threads.h"
#include "consumer/ledger.h"
#include "consumer/old_frames.h"
#include "consumer/pixels/entry_pixels.h"
#include "consumer/pixels/redis_pixels.h"
#include "consumer/pixels/url_pixels.h"
#include "consumer/sources/entry_fields.h"
#include "consumer/sources/http_source.h"
#include "consumer/sources/redis_source.h"
#include "consumer/sources/registrar.h"
#include "consumer/sources/spool.h"
#include "consumer/sources/spool_keeper.h"
#include "net/http_client.h"
#include "resilience/retry_policy.h"
#include "service/ticker.h"
#include "service/upstreams.h"
#include "telemetry/episode.h"

namespace sampleproc::service {
namespace {

using base::Result;
using std::chrono::milliseconds;

// Asking a Redis server that is away costs nobody much, and its frames wait.
constexpr milliseconds kLongestRedisBackoff{2'000};
constexpr milliseconds kLongestHttpBackoff{30'000};
constexpr std::chrono::seconds kLook{1};
// For the orchestrator to hear that we go.
constexpr milliseconds kGoodbye{2'000};

// Replicas share a group, and two consumers with one name would take each other's frames for
// theirs.
std::string UniqueName(base::IdSource& ids) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string name = std::string(host.data()) + '-' + std::to_string(::getpid()) + '-';
  ids.AppendHex(name);
  return name;
}

// systemd.exec(5), "StateDirectory=": the first of those that it has made.
std::string SpoolFolder(const consumer::HttpOptions& options) {
  if (!options.spool_dir.empty()) return options.spool_dir;
  const char* const given = std::getenv("STATE_DIRECTORY");
  const std::string_view folders = given == nullptr ? "/var/lib/sampleproc" : given;
  return std::string(folders.substr(0, folders.find(':'))) + "/spool";
}

}  // namespace

class ConsumerParts::Impl {
 public:
  // `client` reaches the frame buffer, nullptr where frames come from Redis; `spool` may be none.
  Impl(const ConsumerContext& context, std::unique_ptr<net::HttpClient> client,
       std::unique_ptr<consumer::Spool> spool)
      : config_(context.config),
        clock_(context.work.clock),
        conditions_(context.conditions),
        log_(context.log),
        redis_(RedisOf(config_.consumer)),
        login_(context.sinks.redis_login()),
        limits_(consumer::PulledLimits(config_.frame, MostPixelBytes(config_))),
        redis_pixels_(ConnectRedis(redis_), login_, PixelLimits(config_)),
        url_pixels_(config_.consumer.frame_url_hosts, MostPixelBytes(config_), config_.net,
                    net::ResolveBySystem, clock_),
        client_(std::move(client)),
        pixels_(Places(), context.budget),
        sinks_(context.sinks),
        spool_(std::move(spool)),
        source_(MakeSource(context)),
        ledger_(context.metrics, context.work.metrics),
        traces_(context.tracer, Origin()),
        dispatch_(
            {*source_, sinks_.set(), pixels_, context.pool, context.work, context.budget, ledger_,
             context.conditions, context.log, &traces_, context.cameras, &base::ThreadCpuClock()},
            {config_.consumer, config_.process}),
        dispatcher_(dispatch_.dispatcher()),
        consumer_(
            std::in_place,
            consumer::PullContext{*source_, dispatcher_, context.metrics, context.conditions,
                                  clock_, context.log, &traces_, UntoldFailures(config_.consumer)},
            config_.consumer, Upstream(), PullBackoff(config_.consumer, context.ids)) {
    orchestrator_ = ClientOf(config_.consumer.orchestrator_url, config_.net, clock_);
    watch_.emplace(kLook, [this] { Look(); });
    if (!orchestrator_) return;
    registrar_.emplace(
        *orchestrator_,
        consumer::Registration{config_.consumer.processor_id, config_.consumer.capabilities,
                               config_.consumer.capacity, redis_.stream},
        config_.consumer.health_check_interval, PullBackoff(config_.consumer, context.ids), clock_,
        context.conditions, context.log);
  }

  ~Impl() {
    watch_.reset();
    consumer_.reset();
    dispatch_.Stop();
    source_.reset();
  }

  void Stop(const base::Deadline& end) {
    watch_.reset();
    consumer_->Stop(end);
  }

  std::uint64_t Drain(const base::Deadline& end, milliseconds after_cancel) {
    sinks_.set().Hurry();
    std::uint64_t left = dispatcher_.Drain(end);
    std::uint64_t lost = 0;
    if (left > 0) {
      const std::uint64_t dropped = ledger_.totals().dropped;
      dispatcher_.Cancel();
      left = dispatcher_.Drain(base::Deadline(clock_, after_cancel));
      lost = ledger_.totals().dropped - dropped;
    }
    if (source_->TakesBack()) {
      left += std::exchange(lost, 0);
    } else if (!keeper_) {
      lost += std::exchange(left, 0);
    }
    if (lost > 0) {
      log_.Error("shutdown: pulled frames are lost, their upstream does not take them back",
                 {{"frames", static_cast<std::int64_t>(lost)}});
    }
    if (left > 0) {
      log_.Warning("shutdown: pulled frames are left, for whoever the upstream hands them to next",
                   {{"frames", static_cast<std::int64_t>(left)}});
    }
    const std::uint64_t given_up = left + lost;
    // Before the sinks, which may need all the time: no more frames are to be sent here.
    if (registrar_) SayGoodbye(end);
    return given_up;
  }

  void Finish(const base::Deadline& end) {
    dispatch_.Stop();
    source_->Close(end);
  }

  bool AwaitEnd(const base::Deadline& end) { return pixels_.AwaitEnd(end); }

  // Tells what only the passing of time shows, on a thread of its own: a disk may be slow.
  void Look() {
    consumer_->Look();
    if (keeper_) keeper_->Look();
    for (const auto& [what, count] : ledger_.lost()) {
      const bool dead = what.first == "dead";
      Episode(dead ? "pulled frames cannot be done" : "pulled frames are dropped", what.second)
          .Look(count, clock_.Now());
    }
    const consumer::ConsumerFacts facts = consumer_->facts();
    const base::MonoTime now = clock_.Now();
    // What is older than this consumer has not grown old for want of its workers.
    const bool by_us = facts.left_some && facts.pulled_age < now - facts.begun;
    old_frames_.Look({dispatcher_.OldestAge(), facts.pulled_age, facts.last_frame, by_us}, now);
    if (http_source_ != nullptr) {
      Episode("the frame buffer loses frames: it answers 500 where it should hand them out", "500")
          .Look(http_source_->errors(), clock_.Now());
    }
  }

  void GiveUpStuck(milliseconds limit) { dispatcher_.GiveUpStuck(limit); }

  consumer::Readings readings() const {
    const consumer::ConsumerFacts facts = consumer_->facts();
    consumer::Readings readings;
    readings.running = facts.running;
    readings.connected = facts.connected;
    readings.held_frames = ledger_.totals().held();
    readings.oldest_frame_age_seconds =
        std::chrono::duration<double>(dispatcher_.OldestAge()).count();
    const base::MonoTime now = clock_.Now();
    readings.silent_seconds =
        std::chrono::duration<double>(now - facts.last_frame.value_or(facts.begun)).count();
    readings.had_frame = facts.last_frame.has_value();
    if (http_source_ != nullptr) readings.buffer_errors = http_source_->errors();
    if (redis_source_ != nullptr) readings.dead_letters = redis_source_->dead_letters();
    if (keeper_) readings.spool = {spool_->bytes(), spool_->most_bytes(), keeper_->failures()};
    return readings;
  }

  std::vector<ClientReading> clients() const {
    std::vector<ClientReading> clients;
    const auto add = [&](std::string_view upstream, const net::HttpClient* client) {
      if (client != nullptr) clients.push_back({upstream, client->counts()});
    };
    add("frame_buffer", client_.get());
    add("orchestrator", orchestrator_.get());
    add("webhook", sinks_.webhook());
    return clients;
  }

 private:
  telemetry::Episode& Episode(const std::string& message, const std::string& reason) {
    // Frames without pixels are lost, whoever is at fault.
    const bool dead = message == "pulled frames cannot be done";
    const auto level =
        dead || reason == "no_pixels" ? base::LogLevel::kWarning : base::LogLevel::kInfo;
    return episodes_.try_emplace(message + " " + reason, message, reason, log_, level)
        .first->second;
  }

  // What spans call it.
  consumer::MessageOrigin Origin() const {
    if (client_) return {"frame_buffer", "frames", "", Upstream()};
    return {"redis", redis_.stream, redis_.group, Upstream()};
  }

  // What conditions call it.
  std::string Upstream() const {
    if (client_) return client_->url().Authority();
    if (redis_.host.starts_with('/')) return redis_.host;
    return redis_.host + ':' + std::to_string(redis_.port);
  }

  // Replicas share one registration: the last of them takes it back. An orchestrator that does not
  // answer finds out by itself, and takes nothing from those who wait for their requests.
  void SayGoodbye(const base::Deadline& end) {
    const base::Allowance allowed = base::Allowance{.deadline = end}.Within(kGoodbye);
    registrar_->Stop(!end.Expired() && NobodyElseConsumes(end), allowed.deadline);
  }

  bool NobodyElseConsumes(const base::Deadline& end) {
    if (redis_source_ == nullptr) return true;
    const auto alone = redis_source_->AloneInGroup(end);
    return alone && *alone;
  }

  static net::RedisLimits PixelLimits(const config::Config& config) {
    net::RedisLimits limits = LimitsOf(config.net);
    limits.reply_bytes = MostPixelBytes(config);
    return limits;
  }

  static std::size_t MostPixelBytes(const config::Config& config) {
    return std::min<std::size_t>(config.consumer.max_pixel_bytes, config.codec.max_frame_bytes);
  }

  // A connection that was cut is mostly back with the attempt that PullBackoff makes at once.
  static int UntoldFailures(const consumer::Options& options) {
    return options.source == consumer::Source::kRedis ? 1 : 0;
  }

  static resilience::Backoff PullBackoff(const consumer::Options& options, base::IdSource& ids) {
    if (options.source == consumer::Source::kHttp) {
      return BackoffOf(options.backoff, kLongestHttpBackoff, ids);
    }
    return resilience::QuickAtFirst(BackoffOf(options.backoff, kLongestRedisBackoff, ids));
  }

  std::unique_ptr<consumer::FrameSource> MakeSource(const ConsumerContext& context) {
    if (client_) {
      if (spool_) keeper_.emplace(*spool_, sinks_.set(), limits_, clock_, conditions_);
      auto source =
          std::make_unique<consumer::HttpSource>(*client_, config_.net.read_timeout, limits_,
                                                 keeper_ ? &*keeper_ : nullptr, &context.budget);
      http_source_ = source.get();
      return source;
    }
    auto source = std::make_unique<consumer::RedisSource>(
        consumer::RedisSourceContext{.connect = ConnectRedis(redis_),
                                     .login = login_,
                                     .limits = LimitsOf(config_.net),
                                     .clock = clock_,
                                     .consumer = UniqueName(context.ids),
                                     .processor_id = config_.consumer.processor_id,
                                     .server = Upstream(),
                                     .metrics = &context.metrics,
                                     .conditions = &context.conditions,
                                     .log = &context.log,
                                     .budget = &context.budget},
        redis_, limits_);
    redis_source_ = source.get();
    return source;
  }

  consumer::PixelPlaces Places() {
    consumer::PixelPlaces places;
    if (config_.consumer.source == consumer::Source::kRedis) {
      places.redis_host = redis_.host.starts_with('/')
                              ? redis_.host
                              : net::Endpoint{.host = redis_.host, .port = redis_.port}.Name();
      places.redis_key = [this](const std::string& key, const consumer::MakeRoom& make_room,
                                const base::Allowance& allowance) {
        return redis_pixels_.Fetch(key, make_room, allowance);
      };
    }
    const std::string& root = config_.consumer.storage_root;
    if (!config_.consumer.frame_url_hosts.empty()) {
      places.url_host = [this](const std::string& url) { return url_pixels_.HostOf(url); };
      places.url = [this](const std::string& url, const consumer::MakeRoom& make_room,
                          const base::Allowance& allowance) {
        return url_pixels_.Fetch(url, make_room, allowance);
      };
    }
    if (!root.empty()) places.file = consumer::FilesBelow(root, MostPixelBytes(config_));
    places.files = static_cast<std::size_t>(config_.consumer.fetches);
    return places;
  }

  const config::Config& config_;
  const base::Clock& clock_;
  telemetry::Conditions& conditions_;
  base::Logger& log_;
  const consumer::RedisOptions redis_;
  const net::RedisLogin& login_;
  const frame::Options limits_;  // of pulled frames
  consumer::RedisPixels redis_pixels_;
  consumer::UrlPixels url_pixels_;
  const std::unique_ptr<net::HttpClient> client_;
  consumer::EntryPixels pixels_;
  const ConsumerSinks& sinks_;
  const std::unique_ptr<consumer::Spool> spool_;   // nullptr: there is none
  std::optional<consumer::SpoolKeeper> keeper_;    // of spool_
  consumer::RedisSource* redis_source_ = nullptr;  // source_, when it is one
  consumer::HttpSource* http_source_ = nullptr;    // source_, when it is one
  std::unique_ptr<consumer::FrameSource> source_;
  consumer::Ledger ledger_;
  const consumer::MessageTraces traces_;
  consumer::DispatchThreads dispatch_;
  consumer::Dispatcher& dispatcher_;  // of dispatch_
  std::optional<consumer::Consumer> consumer_;
  std::unique_ptr<net::HttpClient> orchestrator_;  // nullptr: there is none to register with
  std::optional<consumer::Registrar> registrar_;
  consumer::OldFrames old_frames_{conditions_};         // the watch's own
  std::map<std::string, telemetry::Episode> episodes_;  // by message and reason; the watch's own
  std::optional<Ticker> watch_;                         // until Stop
};

ConsumerParts::ConsumerParts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ConsumerParts::~ConsumerParts() = default;

Result<std::unique_ptr<ConsumerParts>> ConsumerParts::Start(const ConsumerContext& context) {
  const consumer::Options& options = context.config.consumer;
  if (!options.enabled) return nullptr;
  const bool from_buffer = options.source == consumer::Source::kHttp;
  std::unique_ptr<net::HttpClient> client;
  if (from_buffer) client = ClientOf(options.http.url, context.config.net, context.work.clock);
  std::unique_ptr<consumer::Spool> spool;
  if (from_buffer && options.http.spool == consumer::Spooling::kDisk) {
    auto opened = consumer::Spool::Open(SpoolFolder(options.http), options.http.spool_max_bytes);
    if (!opened) return std::unexpected(std::move(opened.error()));
    spool = std::move(*opened);
  }
  return std::unique_ptr<ConsumerParts>(
      new ConsumerParts(std::make_unique<Impl>(context, std::move(client), std::move(spool))));
}

void ConsumerParts::Stop(const base::Deadline& end) { impl_->Stop(end); }

std::uint64_t ConsumerParts::Drain(const base::Deadline& end, milliseconds after_cancel) {
  return impl_->Drain(end, after_cancel);
}

void ConsumerParts::Finish(const base::Deadline& end) { impl_->Finish(end); }

bool ConsumerParts::AwaitEnd(const base::Deadline& end) { return impl_->AwaitEnd(end); }

void ConsumerParts::GiveUpStuck(milliseconds limit) { impl_->GiveUpStuck(limit); }

consumer::Readings ConsumerParts::readings() const { return impl_->readings(); }

std::vector<ClientReading> ConsumerParts::clients() const { return impl_->clients(); }

}  // namespace sampleproc::service
