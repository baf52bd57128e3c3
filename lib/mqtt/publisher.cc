#include "mqtt/publisher.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/text_file.h"
#include "net/url.h"

namespace sampleproc::mqtt {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;

namespace {

Broker BrokerOf(const Options& options) {
  const auto url = net::ParseMqttUrl(options.url);
  return url ? Broker{url->host, url->port, url->tls} : Broker{};
}

Result<std::optional<std::string>> ReadPassword(const Options& options, base::Reading reading) {
  if (options.password_file.empty()) return std::nullopt;
  return base::ReadPassword("mqtt.password_file", options.password_file, reading);
}

Login LoginOf(const Options& options, const Broker& broker, std::string client_id,
              std::optional<std::string> password) {
  return {.broker = broker,
          .ca = options.ca,
          .client_id = std::move(client_id),
          .username = options.username,
          .password = std::move(password),
          .keepalive =
              static_cast<int>(std::chrono::ceil<std::chrono::seconds>(options.keepalive).count())};
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::Make(const Options& options,
                                                   const Board::Settings& settings,
                                                   PublisherContext context,
                                                   resources::Reservation room,
                                                   const std::string& module) {
  auto loaded = LoadModule(module);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  auto password = ReadPassword(options, base::Reading::kFirst);
  if (!password) return std::unexpected(std::move(password.error()));
  std::unique_ptr<Publisher> made(new Publisher(options, settings, BrokerOf(options),
                                                *std::move(password), std::move(context),
                                                std::move(room), *std::move(loaded)));
  if (made->wake_.get() < 0) {
    return Fail(ErrorCode::kUnavailable, "mqtt: the system has no descriptor left");
  }
  return made;
}

Publisher::Publisher(const Options& options, const Board::Settings& settings, Broker broker,
                     std::optional<std::string> password, PublisherContext context,
                     resources::Reservation room, std::shared_ptr<const Module> module)
    : options_(options),
      broker_(std::move(broker)),
      password_(std::move(password)),
      context_(std::move(context)),
      room_(std::move(room)),
      module_(std::move(module)),
      topics_(options, context_.version),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      board_(topics_, settings) {}

Publisher::~Publisher() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.NotifyAll();
  cancel_.Cancel();
  Wake();
}

void Publisher::Wake() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto size = ::write(wake_.get(), &one, sizeof(one));
}

void Publisher::Start() {
  {
    const MutexLock lock(mutex_);
    ended_ = false;
  }
  thread_ = std::jthread([this] { Run(); });
}

void Publisher::Configure(const std::vector<KnownCamera>& cameras) {
  {
    const MutexLock lock(mutex_);
    board_.Configure(cameras, context_.clock.Now());
  }
  Wake();
}

void Publisher::Take(const frame::Event& event) noexcept {
  try {
    Outbox::Message message{.topic = topics_.Event(event.camera_id), .text = {}};
    frame::AppendEventJson(event, message.text);
    const MutexLock lock(mutex_);
    if (!board_.Take(event, context_.clock.Now())) ++counts_.unlisted;
    outbox_.Push(std::move(message));
  } catch (const std::exception&) {  // no memory
    const MutexLock lock(mutex_);
    ++counts_.dropped_events;
  }
  Wake();
}

// While the broker is away only the newest event is noted: its picture is asked for then.
void Publisher::TakePicture(const std::string& camera, const std::string& event_id,
                            JpegPtr jpeg) noexcept {
  try {
    const MutexLock lock(mutex_);
    if (!counts_.connected) {
      board_.TakePicture(camera, event_id, nullptr);
      return;
    }
    if (jpeg->size() > kMostPicture || board_.PictureBytes() + jpeg->size() > kMostPictures) {
      ++counts_.dropped_pictures;
      return;
    }
    board_.TakePicture(camera, event_id, std::move(jpeg));
  } catch (const std::exception&) {  // no memory
    const MutexLock lock(mutex_);
    ++counts_.dropped_pictures;
  }
  Wake();
}

void Publisher::BeginFinish(const base::Deadline& end) {
  {
    const MutexLock lock(mutex_);
    if (!finish_) finish_ = end;
  }
  changed_.NotifyAll();
  Wake();
}

std::size_t Publisher::Finish(const base::Deadline& end) {
  BeginFinish(end);
  std::size_t lost = 0;
  {
    const MutexLock lock(mutex_);
    const base::Deadline last_try(context_.clock, kLongestLastTry);
    while (!ended_ && !end.Expired() && (counts_.connected || !last_try.Expired())) {
      changed_.WaitUntil(mutex_, counts_.connected ? end : base::Deadline::Earlier(end, last_try));
    }
    lost = outbox_.size() + events_sent_;
    closing_ = true;
  }
  changed_.NotifyAll();
  cancel_.Cancel();
  Wake();
  return lost;
}

bool Publisher::AwaitEnd(const base::Deadline& end) {
  const MutexLock lock(mutex_);
  while (!ended_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
  return ended_;
}

std::string Publisher::Problem() const {
  const base::MonoTime now = context_.clock.Now();
  const auto seconds = [now](base::MonoTime since) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(now - since).count()) + " s";
  };
  std::string problem;
  if (!failure_.empty()) {
    problem = failure_;
    if (counts_.connected) {
      problem += "; it is connected again, and watched until that has lasted for " +
                 std::to_string(kGoodConnection.count()) + " s";
    }
  } else if (trying_since_ && now - *trying_since_ >= kOverdue) {
    problem = "no answer for " + seconds(*trying_since_);
  } else if (oldest_sent_ && now - *oldest_sent_ >= kOverdue) {
    problem = "it has not acknowledged a message for " + seconds(*oldest_sent_);
  } else if (refusal_) {
    problem = "it refuses messages, of " + refusal_->topic +
              " first: " + ReasonName(refusal_->code) + "; its access list has to let " +
              (options_.username.empty() ? std::string("this client") : options_.username) +
              " publish below " + options_.topic +
              (options_.discovery ? " and " + options_.discovery_prefix : std::string()) + " (" +
              std::to_string(refusal_->messages) + " refused)";
  }
  const std::uint64_t dropped = outbox_.dropped() + counts_.dropped_events - told_dropped_;
  if (problem.empty() && dropped == 0) return {};
  problem = broker_.Name() + ": " + (problem.empty() ? "it takes events too slowly" : problem);
  if (!outbox_.empty())
    problem += "; messages of events that wait: " + std::to_string(outbox_.size());
  if (dropped > 0) problem += "; that were dropped, the oldest: " + std::to_string(dropped);
  return problem;
}

void Publisher::Tell() {
  const std::uint64_t dropped = outbox_.dropped() + counts_.dropped_events;
  const base::MonoTime now = context_.clock.Now();
  if (dropped != seen_dropped_) {
    seen_dropped_ = dropped;
    dropped_at_ = now;
  } else if (now - dropped_at_ >= kDropsLast) {
    told_dropped_ = dropped;
  }
  const std::string problem = Problem();
  if (problem.empty()) {
    context_.conditions.Clear(telemetry::condition::kMqtt);
  } else {
    context_.conditions.Raise(telemetry::condition::kMqtt, {}, problem);
  }
}

// What there is no memory to tell is told by the next LookAfter.
void Publisher::TellIfPossible() noexcept {
  try {
    Tell();
  } catch (const std::exception&) {
    return;
  }
}

void Publisher::LookAfter() {
  const MutexLock lock(mutex_);
  Tell();
}

PublisherCounts Publisher::counts() const {
  const MutexLock lock(mutex_);
  PublisherCounts counts = counts_;
  counts.dropped_events += outbox_.dropped();
  counts.waiting = outbox_.size() + events_sent_;
  return counts;
}

// What can be read only once counts as it was at the start.
Result<Login> Publisher::LoginNow() const {
  std::optional<std::string> password = password_;
  if (!options_.password_file.empty() && base::CanBeReread(options_.password_file)) {
    auto read = ReadPassword(options_, base::Reading::kAgain);
    if (!read) return std::unexpected(std::move(read.error()));
    password = *std::move(read);
  }
  Login login = LoginOf(options_, broker_,
                        options_.client_id.empty() ? context_.client_id : options_.client_id,
                        std::move(password));
  login.will_topic = topics_.Availability();
  login.will = kOffline;
  return login;
}

Result<std::string> TryBroker(const Options& options, const std::string& module) {
  constexpr std::chrono::seconds kPatience{15};
  class Nobody final : public Session::Listener {
    void OnPublished(int, int) noexcept override {}
    void OnReceived(std::string_view, std::string_view, bool) noexcept override {}
  };
  auto loaded = LoadModule(module);
  if (!loaded) return Fail(ErrorCode::kConfig, loaded.error().message);  // nor does a start
  auto password = ReadPassword(options, base::Reading::kAgain);
  if (!password) return std::unexpected(std::move(password.error()));
  const Broker broker = BrokerOf(options);
  // With the id of the service, which may run, that would be pushed out.
  const Login login = LoginOf(
      options, broker, (options.client_id.empty() ? "sampleproc" : options.client_id) + "-check",
      *std::move(password));
  Nobody nobody;
  auto session = Session::Open(*std::move(loaded), login, nobody,
                               {.deadline = base::Deadline(base::SystemClock(), kPatience)});
  if (!session) return Fail(session.error().code, broker.Name() + ": " + session.error().message);
  (*session)->Leave(base::Deadline(base::SystemClock(), std::chrono::seconds(1)));
  return broker.Name() + " takes the login";
}

}  // namespace sampleproc::mqtt
