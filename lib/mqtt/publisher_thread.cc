// The thread of a publisher: one connection after the other.
#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "base/out_of_memory.h"
#include "mqtt/publisher.h"

namespace sampleproc::mqtt {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;
using std::chrono::milliseconds;

namespace {

// Messages on their way; a single one may be larger.
constexpr std::size_t kMostSent = 32;
constexpr std::size_t kMostSentBytes = std::size_t{1} << 20U;
constexpr int kOften = 3;  // in a row
// The broker has handed out by then what it kept from another time.
constexpr std::chrono::seconds kSweep{5};
// Of the time for the end: to say that we are offline, and to leave.
constexpr milliseconds kFarewell{300};

}  // namespace

bool Publisher::IsFinishing() const {
  const MutexLock lock(mutex_);
  return finish_.has_value() || closing_;
}

void Publisher::Run() noexcept {
  while (true) {
    Result<void> served;
    try {
      served = Serve();
    } catch (const std::exception&) {  // no memory
      served = base::OutOfMemory();
    }
    Lost(served);
    if (IsFinishing()) break;
    Pause();
    if (IsFinishing()) break;
  }
  const MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

void Publisher::Pause() {
  const base::Deadline end(context_.clock, context_.backoff(failures_));
  const MutexLock lock(mutex_);
  while (!finish_ && !closing_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
}

// Until the connection is lost, which is a failure, or all is finished.
Result<void> Publisher::Serve() {
  {
    const MutexLock lock(mutex_);
    trying_since_ = context_.clock.Now();
  }
  auto login = LoginNow();
  if (!login) return std::unexpected(std::move(login.error()));
  base::Allowance allowance;
  allowance.cancel = cancel_;
  auto session = Session::Open(module_, *login, *this, allowance);
  if (!session) return std::unexpected(std::move(session.error()));
  if (auto done = LoggedIn(**session); !done) return done;
  while (!IsDrained()) {
    if (auto done = Fill(**session); !done) return done;
    if (auto done = (*session)->Run(wake_.get(), Farewell()); !done) return done;
    Settle();
    if (auto done = CheckAnswers(); !done) return done;
    if (auto done = EndSweep(**session); !done) return done;
    AskAgain();
    AskForPictures();
  }
  return SayGoodbye(**session);
}

Result<void> Publisher::LoggedIn(Session& session) {
  logged_in_at_ = context_.clock.Now();
  {
    const MutexLock lock(mutex_);
    counts_.connected = true;
    ++counts_.logins;
    trying_since_.reset();
    refusal_.reset();
    board_.TellAll();
  }
  ask_again_.reset();
  has_answered_ = false;
  availability_due_ = true;
  if (auto done = session.Subscribe(topics_.Availability()); !done) return done;
  if (!swept_) {
    sweep_end_ = logged_in_at_ + kSweep;
    if (auto done = session.Subscribe(topics_.AllOfCameras()); !done) return done;
  }
  if (!options_.discovery) return {};
  if (!swept_) {
    if (auto done = session.Subscribe(topics_.AllConfigs()); !done) return done;
  }
  return session.Subscribe(topics_.HomeStatus());
}

Result<void> Publisher::EndSweep(Session& session) {
  if (!sweep_end_ || context_.clock.Now() < *sweep_end_) return {};
  sweep_end_.reset();
  swept_ = true;
  if (auto done = session.Unsubscribe(topics_.AllOfCameras()); !done) return done;
  if (!options_.discovery) return {};
  return session.Unsubscribe(topics_.AllConfigs());
}

void Publisher::OnReceived(std::string_view topic, std::string_view payload,
                           bool retained) noexcept {
  try {
    if (topic == topics_.Availability()) {
      // The will of a connection that we have given up, or of who had this topic before.
      if (payload == kOffline) availability_due_ = true;
    } else if (topic == topics_.HomeStatus()) {
      if (payload != kOnline || retained) return;
      const MutexLock lock(mutex_);
      board_.TellConfigs();
    } else if (retained && !payload.empty()) {
      const MutexLock lock(mutex_);
      board_.Found(topic, payload, context_.clock.Now());
    }
  } catch (const std::exception&) {  // no memory
    return;
  }
}

void Publisher::OnPublished(int id, int code) noexcept {
  for (Sent& each : sent_) {
    if (each.id != id) continue;
    each.acknowledged = true;
    each.code = code;
  }
}

Result<void> Publisher::Fill(Session& session) {
  while (sent_.size() < kMostSent && sent_bytes_ < kMostSentBytes) {
    auto sent = SendNext(session);
    if (!sent) return std::unexpected(std::move(sent.error()));
    if (!*sent) return {};
  }
  return {};
}

bool Publisher::MayHavePicture() const {
  return std::ranges::none_of(sent_, [](const Sent& each) { return each.kind == Kind::kPicture; });
}

// False: there is nothing to send.
Result<bool> Publisher::SendNext(Session& session) {
  Result<void> done;
  if (std::exchange(availability_due_, false)) {
    done = SendAvailability(session, kOnline);
  } else {
    std::optional<Board::Message> state;
    std::optional<Outbox::Message> event;
    {
      const MutexLock lock(mutex_);
      state = board_.Next(outbox_.empty() && MayHavePicture());
      if (!state && !outbox_.empty()) {
        event = outbox_.Pop();
        ++events_sent_;
      }
    }
    if (event) {
      const std::string topic = event->topic;
      const std::string text = event->text;
      done = Send(session, {.kind = Kind::kEvent, .event = *std::move(event)}, topic, text, false);
    } else if (!state) {
      return false;
    } else if (state->jpeg == nullptr) {
      done = Send(session, {.kind = Kind::kState, .subject = std::move(state->subject)},
                  state->topic, state->text, true);
    } else {
      auto memory = context_.budget.TryReserve(state->jpeg->size(), "a picture for MQTT");
      if (!memory) {
        const MutexLock lock(mutex_);
        ++counts_.dropped_pictures;
        return true;
      }
      done = Send(session,
                  {.kind = Kind::kPicture,
                   .subject = std::move(state->subject),
                   .memory = *std::move(memory)},
                  state->topic, *state->jpeg, true);
    }
  }
  if (!done) return std::unexpected(std::move(done.error()));
  return true;
}

Result<void> Publisher::SendAvailability(Session& session, std::string_view state) {
  return Send(session, {.kind = Kind::kAvailability}, topics_.Availability(), state, true);
}

// What cannot be sent because the connection has ended counts as sent, and is lost with it.
Result<void> Publisher::Send(Session& session, Sent sent, const std::string& topic,
                             std::string_view payload, bool retain) {
  sent.since = context_.clock.Now();
  sent.bytes = topic.size() + payload.size();
  sent.topic = topic;
  sent_bytes_ += sent.bytes;
  sent_.push_back(std::move(sent));
  auto id = session.Publish(topic, payload, retain);
  if (!id) return std::unexpected(std::move(id.error()));
  if (*id) {
    sent_.back().id = **id;
    return {};
  }
  sent_bytes_ -= sent_.back().bytes;
  const bool is_event = sent_.back().kind == Kind::kEvent;
  sent_.pop_back();
  const MutexLock lock(mutex_);
  ++counts_.refused;
  if (is_event) --events_sent_;
  return {};
}

void Publisher::SettleOne(const Sent& sent) {
  if (sent.kind == Kind::kEvent) --events_sent_;
  if (!sent.IsTaken()) {
    ++counts_.refused;
    if (!refusal_) refusal_ = Refusal{sent.topic, sent.kind, sent.code};
    ++refusal_->messages;
    return;
  }
  if (refusal_ && refusal_->topic == sent.topic) refusal_.reset();
  if (sent.kind == Kind::kEvent) {
    ++counts_.events;
  } else if (sent.kind == Kind::kPicture) {
    ++counts_.pictures;
  } else if (sent.kind == Kind::kState) {
    ++counts_.states;
  }
}

// What is kept is published anew while some of it is refused: nobody tells when that has an end. Of
// an event that can only be seen by the next one.
void Publisher::AskAgain() {
  const base::MonoTime now = context_.clock.Now();
  const MutexLock lock(mutex_);
  if (!refusal_) return ask_again_.reset();
  if (!ask_again_) {
    ask_again_ = now + kAskedAgain;
    asked_refused_ = counts_.refused - 1;
  }
  if (now < *ask_again_) return;
  if (asked_refused_ == counts_.refused && refusal_->kind != Kind::kEvent) {
    refusal_.reset();
    return ask_again_.reset();
  }
  ask_again_ = now + kAskedAgain;
  asked_refused_ = counts_.refused;
  availability_due_ = true;
  board_.TellAll();
}

// Lets go of what the broker has.
void Publisher::Settle() {
  const MutexLock lock(mutex_);
  std::erase_if(sent_, [this](const Sent& each) REQUIRES(mutex_) {
    if (!each.acknowledged) return false;
    sent_bytes_ -= each.bytes;
    has_answered_ = true;
    SettleOne(each);
    return true;
  });
  oldest_sent_ = sent_.empty() ? std::nullopt : std::optional(sent_.front().since);
  if (failure_.empty()) return;
  // A login alone is no end of a failure: some brokers take it and nothing else, and of two clients
  // with one id each is let in again and again.
  const bool stands = context_.clock.Now() - logged_in_at_ >= kGoodConnection;
  if (!stands && (!has_answered_ || short_connections_ >= kOften)) return;
  failure_.clear();
  TellIfPossible();
}

Result<void> Publisher::CheckAnswers() const {
  const std::chrono::seconds patience = IsFinishing() ? kOverdue : kGivenUp;
  if (sent_.empty() || context_.clock.Now() - sent_.front().since < patience) return {};
  return Fail(ErrorCode::kUnavailable,
              "it has not acknowledged a message for " + std::to_string(patience.count()) + " s");
}

// One at a time, so that the memory of one is enough.
void Publisher::AskForPictures() {
  if (!context_.fetch) return;
  std::optional<Board::Missing> missing;
  {
    const MutexLock lock(mutex_);
    if (fetching_ || board_.PictureBytes() > 0) return;
    missing = board_.PictureMissing();
    fetching_ = missing.has_value();
  }
  if (!missing) return;
  context_.fetch(missing->event_id, [this, of = *missing](JpegPtr jpeg) {
    TakeFetched(of.camera, of.event_id, std::move(jpeg));
  });
}

void Publisher::TakeFetched(const std::string& camera, const std::string& event_id,
                            JpegPtr jpeg) noexcept {
  try {
    const MutexLock lock(mutex_);
    fetching_ = false;
    if (jpeg == nullptr) {
      board_.DropPicture(camera);
    } else if (jpeg->size() <= kMostPicture) {
      board_.Supply(camera, event_id, std::move(jpeg));
    }
  } catch (const std::exception&) {  // no memory
  }
  Wake();
}

// By when all but the farewell is to be done; never, while nothing ends.
base::Deadline Publisher::Farewell() const {
  const MutexLock lock(mutex_);
  if (!finish_) return {};
  const auto left = finish_->Never() ? std::chrono::nanoseconds(base::kForever)
                                     : finish_->At() - base::SystemClock().Now();
  return base::Deadline(base::SystemClock(),
                        std::max<std::chrono::nanoseconds>(left - kFarewell, milliseconds(0)));
}

bool Publisher::IsDrained() {
  const base::Deadline end = Farewell();
  const MutexLock lock(mutex_);
  if (closing_) return true;
  if (!finish_) return false;
  const bool nothing_left = outbox_.empty() && board_.waiting() == 0 && sent_.empty();
  return nothing_left || end.Expired();
}

Result<void> Publisher::SayGoodbye(Session& session) {
  const base::Deadline end(base::SystemClock(), kFarewell);
  if (auto done = SendAvailability(session, kOffline); !done) return done;
  while (!sent_.empty() && !end.Expired()) {
    if (auto done = session.Run(wake_.get(), end); !done) return done;
    Settle();
  }
  session.Leave(base::Deadline(base::SystemClock(), kFarewell));
  return {};
}

// What was on its way has perhaps not arrived. Pictures are not sent again: if it was one of them
// that the broker does not take, it would end each connection.
void Publisher::Lost(const Result<void>& served) noexcept {
  const base::MonoTime now = context_.clock.Now();
  const MutexLock lock(mutex_);
  const bool was_good = counts_.connected && now - logged_in_at_ >= kGoodConnection;
  const bool was_in = std::exchange(counts_.connected, false);
  failures_ = was_good ? 1 : failures_ + 1;
  if (was_good) short_connections_ = 0;
  if (was_in && !was_good) ++short_connections_;
  trying_since_.reset();
  oldest_sent_.reset();
  try {
    while (!sent_.empty()) {
      Sent last = std::move(sent_.back());
      sent_.pop_back();
      if (last.acknowledged) {
        if (last.kind == Kind::kEvent && last.IsTaken()) ++counts_.events;
      } else if (last.kind == Kind::kEvent) {
        outbox_.Return(std::move(last.event));
      } else if (last.kind == Kind::kState) {
        board_.Again(std::move(last.subject));
      } else if (last.kind == Kind::kPicture) {
        ++counts_.dropped_pictures;
        board_.DropPicture(last.subject.camera);
      }
    }
    if (served) {
      failure_.clear();
    } else {
      failure_ = (was_in ? "the connection was lost: " : "") + served.error().message;
      if (was_in && short_connections_ >= kOften) {
        failure_ +=
            " (each time soon after the login: perhaps another client has the same "
            "mqtt.client_id)";
      }
      Tell();
    }
  } catch (const std::exception&) {  // no memory
    failure_ = "no memory";
  }
  sent_.clear();
  sent_bytes_ = 0;
  events_sent_ = 0;
}

}  // namespace sampleproc::mqtt
