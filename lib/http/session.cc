#include "http/session.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "http/body_reader.h"
#include "http/error_response.h"
#include "http/head_parser.h"
#include "http/response_writer.h"
#include "http/session_answers.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using base::Result;
using boost::system::error_code;
using std::chrono::milliseconds;

// Read at once while a chunked body arrives.
constexpr std::size_t kChunkRoom = 16 * 1024;

// To read away so much of a refused request costs less than another connection.
constexpr std::uint64_t kMostDiscarded = 128 * 1024;

// Of OnDrain: who asked within the last kStillInUse is probably about to ask again.
constexpr milliseconds kStillInUse{2000};
constexpr milliseconds kLastChance{250};

// To ask, for who is one connection too many: probes are answered all the same.
constexpr milliseconds kProbeChance{100};

HeadLimits LimitsOf(const Options& options) {
  return {options.max_head_bytes, options.max_fields, options.max_target_bytes};
}

// Counts a request in work for as long as it lives.
class InWork {
 public:
  explicit InWork(Loop& loop) : loop_(loop) { loop_.CountRequests(+1); }
  InWork(const InWork&) = delete;
  InWork& operator=(const InWork&) = delete;
  ~InWork() { loop_.CountRequests(-1); }

 private:
  Loop& loop_;
};

}  // namespace

void Session::Begin(Loop& loop, Incoming incoming) {
  auto session = std::make_shared<Session>(loop, std::move(incoming));
  asio::co_spawn(
      loop.io(), [session]() { return session->Run(); },
      [session](const std::exception_ptr& thrown) {
        if (!thrown) return;
        // What a request could not be given: its connection ends, the others go on.
        session->wire_.Close();
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& bug) {
          session->loop_.context().log.Error("a connection ended by an exception",
                                             {{"error", std::string_view(bug.what())}});
        }
      });
}

Session::Session(Loop& loop, Incoming incoming)
    : loop_(loop),
      site_(loop.site()),
      limit_(std::move(incoming.place)),
      wire_(loop, std::move(incoming.socket), std::move(incoming.tls)),
      place_(loop, this, !limit_.admitted()),
      guard_(LimitsOf(site_->options)),
      answer_timer_(loop.io()),
      probe_timer_(loop.io()) {
  request_.peer = incoming.peer;
  request_.local = incoming.local;
  request_.tls = !wire_.plain();
  request_.inherited = incoming.inherited;
}

Session::~Session() { EndUnanswered(request_); }

void Session::OnTick(base::MonoTime now) {
  wire_.OnTick(now);
  TakeHanded();
}

bool Session::NothingAsked() const {
  return wire_.wait() == Wait::kIdle || (wire_.wait() == Wait::kHead && inbox_.empty());
}

bool Session::Yields() const {
  return !wire_.closed() && (wire_.wait() == Wait::kLinger || wire_.silent() ||
                             (wire_.wait() == Wait::kHead && inbox_.empty()));
}

void Session::OnDrain() {
  if (live_) return EndLive();
  if (wire_.wait() == Wait::kHandshake) {
    return wire_.Arm(Wait::kHandshake, wire_.silent() ? kLastChance : kFirstChance);
  }
  if (!NothingAsked()) return;
  const bool fresh = served_ == 0 || loop_.now() - last_answer_ < kStillInUse;
  if (fresh || wire_.HasInput()) {
    wire_.Arm(Wait::kIdle, kLastChance);
  } else {
    Abort();
  }
}

void Session::OnSite() {
  if (live_) EndLive();
}

void Session::OnStop() {
  const bool in_head = wire_.wait() == Wait::kHead && !inbox_.empty();
  if (in_head || wire_.wait() == Wait::kBody) return wire_.Interrupt();
  if (wire_.wait() != Wait::kWorker || answer_) return Abort();
  request_.allowance.cancel.Cancel();
  ++generation_;
  answer_ = CutOff(request_);
  answer_timer_.cancel();
}

void Session::Abort() {
  request_.allowance.cancel.Cancel();
  wire_.Close();
  answer_timer_.cancel();
  probe_timer_.cancel();
}

Session::Awaitable<void> Session::Run() {
  if (!wire_.plain()) {
    const bool agreed = co_await Agree();
    if (!agreed) {
      wire_.Close();
      co_return;
    }
  }
  while (!wire_.closed() && co_await ServeOne()) {
    inbox_.Consume(std::exchange(request_bytes_, 0));
    inbox_.ShrinkIfEmpty();
    guard_.Reset();
    // Who sends many requests in a row has no more of the loop than who sends one: what others ask
    // is answered between them.
    if (!inbox_.empty()) co_await asio::post(loop_.io(), asio::use_awaitable);
  }
  wire_.Close();
}

void Session::BeginRequest() {
  if (site_ != loop_.site()) {
    site_ = loop_.site();
    guard_ = HeadGuard(LimitsOf(site_->options));
  }
  const Options& options = site_->options;
  // A new flag only where somebody still holds the old one, or it was used.
  base::Allowance& allowance = request_.allowance;
  if (allowance.cancel.Shared() || allowance.cancel.Cancelled()) allowance.cancel = {};
  allowance.deadline = {};
  request_.Clear();
  answer_.reset();
  if (inbox_.empty() && loop_.draining()) {
    wire_.Arm(Wait::kIdle,
              std::min(served_ == 0 ? kFirstChance : kLastChance, options.idle_timeout));
  } else if (!inbox_.empty() || served_ == 0) {
    wire_.Arm(Wait::kHead, limit_.admitted() ? options.header_timeout : kProbeChance);
  } else {
    wire_.Arm(Wait::kIdle, options.idle_timeout);
  }
}

Session::Awaitable<bool> Session::ServeOne() {
  BeginRequest();
  if (!co_await ReadHead()) co_return false;

  if (!limit_.admitted()) request_.keep_alive = false;
  const bool keep = request_.keep_alive;
  std::optional<Response> response = Refuse();
  const bool unread = response && BodyUnread();
  if (unread && !WorthDiscarding(*response)) {
    co_await WriteLast(std::move(*response));
    co_return false;
  }
  if (!response) {
    const InWork in_work(loop_);
    if (BodyUnread() && !co_await ReadBody()) co_return false;
    Handle();
    if (!answer_) co_await AwaitAnswer();
    if (wire_.closed() || !answer_) {
      TellGone();
      co_return false;
    }
    response = std::move(answer_);
    answer_.reset();
    request_.body = {};
    request_.reservation.Release();
  }
  ++served_;
  if (!keep || MustClose()) response->close = true;
  const bool close = response->close;
  if (response->live && request_.method != Method::kHead) {
    co_await WriteLive(*response);
    co_return false;
  }
  // Nearly always the socket takes a whole answer at once; a coroutine more would cost as much as
  // everything else here.
  if (!WriteNow(*response)) {
    if (wire_.closed() || !co_await wire_.WriteAll(unsent_head_) ||
        !co_await wire_.WriteAll(unsent_body_)) {
      co_return false;
    }
  }
  if (outbox_.capacity() > ReceiveBuffer::kSmall) outbox_ = std::string();
  last_answer_ = loop_.tick_time();
  // Where it is us who end it, the client may have sent more already.
  if (close && (keep || !wire_.plain())) co_await wire_.Linger();
  if (close || !unread) co_return !close;
  co_return co_await DiscardBody();
}

// Whether the connection can go on behind the body of a refused request: its end must be known, and
// who waits for 100 Continue may never send it.
bool Session::WorthDiscarding(const Response& refusal) const {
  return request_.keep_alive && !refusal.close && !MustClose() && !request_.chunked &&
         !request_.expects_continue && *request_.content_length <= kMostDiscarded;
}

bool Session::MustClose() const {
  const int most = site_->options.max_requests_per_connection;
  return loop_.draining() || (most > 0 && served_ >= most);
}

Session::Awaitable<bool> Session::ReadHead() {
  for (;;) {
    auto checked = guard_.Check(inbox_.received());
    if (!checked) {
      Response refusal = RefuseHead(checked.error());
      co_await WriteLast(std::move(refusal));
      co_return false;
    }
    if (checked->has_value()) {
      const Framing& framing = **checked;
      head_bytes_ = request_bytes_ = framing.head_bytes;
      if (framing.chunked) inbox_.Room(head_bytes_ + kChunkRoom);
      const std::string_view head =
          inbox_.received().substr(framing.skipped, framing.head_bytes - framing.skipped);
      auto parsed = ParseHead(head, framing, request_);
      if (parsed && plain_at_tls_) parsed = std::unexpected(PlainHttp());
      if (!parsed) {
        Response refusal = RefuseHead(parsed.error());
        co_await WriteLast(std::move(refusal));
        co_return false;
      }
      wire_.Disarm();
      co_return true;
    }
    const std::span<char> room = inbox_.Room();
    error_code error;
    std::size_t got = 0;
    if (wire_.timed_out() || wire_.interrupted()) {  // while the last bytes came
      error = asio::error::operation_aborted;
    } else if (wire_.plain()) {  // the path of every request: no coroutine between
      got = co_await wire_.socket().async_read_some(
          asio::buffer(room.data(), room.size()), asio::redirect_error(asio::use_awaitable, error));
    } else {
      got = co_await wire_.Read(room, error);
    }
    if (error) {
      if (wire_.interrupted()) {
        Response refusal = RefuseHead(StoppedInHead());
        co_await WriteLast(std::move(refusal));
        co_return false;
      }
      if (error == asio::error::eof && HeadBegun()) {
        Response refusal = RefuseHead(HeadEnds());
        co_await WriteLast(std::move(refusal));
        co_return false;
      }
      if (wire_.timed_out() && (!inbox_.empty() || !limit_.admitted())) {
        Response refusal = RefuseHead(limit_.admitted() ? SlowHead() : TooManyConnections());
        co_await WriteLast(std::move(refusal));
      } else if (HeadBegun()) {
        NoteHead();
        TellGone();
      }
      co_return false;
    }
    // Bytes that came in the instant at which an idle connection was to end have come in time.
    if (wire_.wait() == Wait::kIdle || (wire_.timed_out() && served_ > 0 && inbox_.empty())) {
      wire_.Arm(Wait::kHead, site_->options.header_timeout);
    }
    inbox_.Produce(got);
  }
}

// More than the empty lines that may stand before a request (RFC 9112 section 2.2).
bool Session::HeadBegun() const {
  return inbox_.received().find_first_not_of("\r\n") != std::string_view::npos;
}

bool Session::BodyUnread() const {
  return request_.chunked || request_.content_length.value_or(0) > 0;
}

std::optional<Response> Session::Refuse() {
  request_.begun = loop_.now();
  request_.route = site_->router.Find(request_.method, request_.path);
  const bool probe = request_.route != nullptr && request_.route->unlimited;
  if (!limit_.admitted() && !probe) {
    site_->chain.OnRefusal(request_);
    return ErrorResponse(TooManyConnections(), request_.path, request_.request_id);
  }
  if (auto response = site_->chain.OnHead(request_)) return response;
  if (request_.route != nullptr) return std::nullopt;
  return site_->router.Refuse(request_);
}

Session::Awaitable<bool> Session::ReadBody() {
  BodyReader reader(wire_, inbox_, head_bytes_, site_->options, loop_.context().budget);
  std::optional<base::Error> failure;
  try {
    if (auto read = co_await reader.Read(request_); !read) failure = std::move(read.error());
  } catch (const std::bad_alloc&) {
    failure.emplace();
    failure->code = ErrorCode::kOverloaded;
    failure->message = "no memory for the request body now";
  }
  if (!failure) {
    request_bytes_ = reader.consumed();
    co_return true;
  }
  request_.body = {};
  request_.reservation.Release();
  if (!wire_.closed()) {
    Response refusal = ErrorResponse(*failure, request_.path, request_.request_id);
    co_await WriteLast(std::move(refusal));
  } else {
    TellGone();
  }
  co_return false;
}

Session::Awaitable<bool> Session::DiscardBody() {
  request_.reservation.Release();  // nothing is kept
  BodyReader reader(wire_, inbox_, head_bytes_, site_->options, loop_.context().budget);
  const auto read = co_await reader.Discard(request_);
  request_bytes_ = reader.consumed();
  co_return read.has_value();
}

void Session::Handle() {
  ++generation_;
  request_.allowance.deadline =
      base::Deadline(loop_.context().clock, site_->options.request_deadline);
  auto deliver = [self = shared_from_this(),
                  generation = generation_](Response response) mutable noexcept {
    Hand(std::move(self), {generation, std::move(response)});
  };
  Responder responder(std::move(deliver));
  try {
    if (request_.route->frames) request_.frame = std::make_shared<FrameNote>();
    request_.route->handler(request_, std::move(responder));
  } catch (const std::bad_alloc&) {
    // The responder has answered 500 on its way out; say what it was instead.
    answer_ = OutOfMemory(request_);
  } catch (const std::exception& bug) {
    loop_.context().log.Error("a handler threw",
                              {{"request_id", std::string_view(request_.request_id)},
                               {"trace_id", request_.span.parent().TraceId()},
                               {"path", request_.path},
                               {"error", std::string_view(bug.what())}});
  }
}

// From any thread. A session must end on its loop's thread, so the answer takes it along: whoever
// answers may be its last owner when its client has gone.
void Session::Hand(std::shared_ptr<Session> self, AnswerSlot::Answer answer) noexcept {
  const auto executor = self->loop_.io().get_executor();
  // Most handlers answer before they return; what asio would wrap around the answer costs more
  // than they do.
  if (executor.running_in_this_thread()) {
    return self->Deliver(answer.generation, std::move(answer.response));
  }
  self->handed_.Put(std::move(answer));
  try {
    asio::post(executor, [self = std::move(self)] { self->TakeHanded(); });
  } catch (const std::exception&) {  // no memory: the next tick of a session that waits finds it
  }
}

void Session::TakeHanded() {
  if (auto handed = handed_.Take()) Deliver(handed->generation, std::move(handed->response));
}

void Session::Deliver(std::uint64_t generation, Response response) {
  if (generation != generation_ || answer_) return;
  answer_ = std::move(response);
  if (wire_.wait() == Wait::kWorker) answer_timer_.cancel();
}

Session::Awaitable<void> Session::AwaitAnswer() {
  const milliseconds limit = site_->options.request_deadline;
  wire_.Arm(Wait::kWorker, limit);
  answer_timer_.expires_after(limit);
  WatchPeer();
  error_code ignored;
  co_await answer_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  probe_timer_.cancel();
  wire_.Disarm();
  if (answer_ || wire_.closed()) co_return;
  request_.allowance.cancel.Cancel();
  ++generation_;
  answer_ = TooLate(limit, request_);
}

bool Session::WriteNow(Response& response) {
  site_->chain.OnResponse(request_, response);
  outbox_.clear();
  unsent_body_ = AppendResponse(response, loop_.date(), request_.method == Method::kHead, outbox_);
  error_code error;
  const std::size_t sent = wire_.WriteSome(base::AsBytes(outbox_), error);
  if (error && !WouldBlock(error)) wire_.Close();
  unsent_head_ = base::AsBytes(outbox_).subspan(error ? 0 : sent);
  return unsent_head_.empty() && unsent_body_.empty();
}

Session::Awaitable<void> Session::WriteLast(Response response) {
  wire_.Disarm();
  response.close = true;
  const bool written =
      WriteNow(response) || (!wire_.closed() && co_await wire_.WriteAll(unsent_head_) &&
                             co_await wire_.WriteAll(unsent_body_));
  outbox_ = std::string();
  if (written) co_await wire_.Linger();
}

}  // namespace sampleproc::http
