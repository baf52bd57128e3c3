// How a session agrees on TLS, what it sees of its client while that waits, what it tells of one
// that goes or that it does not serve, and answers that have no end of their own.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <exception>
#include <utility>

#include "http/error_response.h"
#include "http/head_parser.h"
#include "http/live_body.h"
#include "http/session.h"
#include "http/session_answers.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

// To agree on TLS, for who is one connection too many.
constexpr milliseconds kShortHandshake{1000};

// Often enough to save work of seconds, seldom enough to leave short work alone.
constexpr milliseconds kProbePeer{1000};

// Adds the fields of `head`, as far as it has come, that say to which trace it belongs.
void TakeTrace(std::string_view head, std::vector<Field>& fields) {
  for (auto end = head.find('\n'); end != head.npos; end = head.find('\n')) {
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == line.npos || !EqualsIgnoreCase(line.substr(0, colon), "traceparent")) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    fields.push_back({line.substr(0, colon), value});
  }
}

// Of a listener, until it is ended: it has asked all that it can ask.
constexpr std::size_t kMostHeard = 64 * 1024;
constexpr std::size_t kHearAtOnce = 4 * 1024;

constexpr std::string_view kInterim = "HTTP/1.1 102 Processing\r\n\r\n";

// RFC 9112 section 7.1.
void AppendChunk(std::string_view data, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, data.size(), 16).ptr;
  out.append(digits, end).append("\r\n").append(data).append("\r\n");
}
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

// A client that is gone wants its answer no more: its work is cancelled before the next step. One
// that has closed its sending half only waits for its answer, and looks the same until something is
// sent to it (ProbePeer). Bytes of a next request are left alone, and stand before the end; behind
// a live answer there is no next one.
void Session::WatchPeer() {
  if (watching_ || (!live_ && !inbox_.received().substr(request_bytes_).empty())) return;
  watching_ = true;
  wire_.socket().async_wait(Wire::Socket::wait_read,
                            [self = shared_from_this()](error_code cancelled) {
                              self->watching_ = false;
                              if (cancelled) return;
                              if (self->live_) return self->LookAtListener();
                              if (self->wire_.wait() != Wait::kWorker) return;
                              if (!self->wire_.PeerGone()) return;
                              if (self->wire_.PeerReset()) return self->Abort();
                              self->ProbePeer(self->generation_);
                            });
}

// Sends an interim answer (RFC 9110 section 15.2) every kProbePeer to a client that has closed its
// sending half: from one that is gone altogether a reset comes back. HTTP/1.0 knows none.
void Session::ProbePeer(std::uint64_t generation) {
  if (request_.minor_version == 0) return;
  probe_timer_.expires_after(kProbePeer);
  probe_timer_.async_wait([self = shared_from_this(), generation](error_code cancelled) {
    if (cancelled || generation != self->generation_ || self->answer_ ||
        self->wire_.wait() != Wait::kWorker) {
      return;
    }
    error_code error;
    const bool whole = !self->wire_.PeerReset() &&
                       self->wire_.WriteSome(base::AsBytes(kInterim), error) == kInterim.size();
    if (!whole) return self->Abort();
    self->ProbePeer(generation);
  });
}

Session::Awaitable<bool> Session::Agree() {
  milliseconds limit = loop_.site()->options.tls_handshake_timeout;
  if (!limit_.admitted()) limit = std::min(limit, kShortHandshake);
  if (loop_.draining()) limit = std::min(limit, kFirstChance);
  const Wire::Agreed agreed = co_await wire_.Handshake(limit);
  if (agreed == Wire::Agreed::kYes) co_return true;
  // Who was one connection too many had no fair time.
  const bool failed =
      agreed != Wire::Agreed::kNothing && (agreed != Wire::Agreed::kLate || limit_.admitted());
  if (failed) loop_.NoteFailedHandshake();
  plain_at_tls_ = agreed == Wire::Agreed::kPlain;
  request_.tls = !plain_at_tls_;
  co_return plain_at_tls_;
}

// Its method, path and trace are told as far as they could be read. What is no path may be
// anything, also a user with a password.
void Session::NoteHead() {
  if (guard_.asks_for_head()) request_.method = Method::kHead;
  request_.unread_method = guard_.Method(inbox_.received());
  TakeTarget(guard_.Target(inbox_.received()), request_);
  if (!request_.path.starts_with('/')) TakeTarget("", request_);
  request_.fields.clear();
  TakeTrace(inbox_.received(), request_.fields);
  site_->chain.OnRefusal(request_);
}

Response Session::RefuseHead(const base::Error& error) {
  NoteHead();
  return ErrorResponse(error, request_.path, request_.request_id);
}

// For the log and the metrics; nobody is left to answer.
void Session::TellGone() {
  EndUnanswered(request_);
  Response none = ClientGone(request_);
  site_->chain.OnResponse(request_, none);
}

// Ends with the body, the client, a drain, or another site, also one that has come since the
// request was let in. What a client sends meanwhile is read away: the connection ends with this
// answer.
Session::Awaitable<void> Session::WriteLive(Response& response) {
  class Held {
   public:
    Held(std::shared_ptr<LiveBody>& place, std::shared_ptr<LiveBody> body) : place_(place) {
      place_ = std::move(body);
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { place_.reset(); }

   private:
    std::shared_ptr<LiveBody>& place_;
  };
  const bool chunked = request_.minor_version > 0 && !response.live_bytes;
  response.close = true;
  if (chunked) response.AddField("Transfer-Encoding", "chunked");
  bool sound = WriteNow(response);
  const Held held(live_, std::move(response.live));
  if (!sound) sound = !wire_.closed() && co_await wire_.WriteAll(unsent_head_);
  live_->OnNews([weak = weak_from_this()] { NoteNews(weak); });
  WatchPeer();
  base::MonoTime last = loop_.now();
  std::string data;
  while (sound && !wire_.closed()) {
    data.clear();
    if (LiveIsOver() || !live_->Read(data)) break;
    if (data.empty()) {
      const bool silent = co_await AwaitNews(last + LiveBody::kSilence);
      if (!silent || LiveIsOver() || wire_.closed()) continue;
      data = live_->SignOfLife();
      last = loop_.now();
      if (data.empty()) continue;
    }
    outbox_.clear();
    if (chunked) {
      AppendChunk(data, outbox_);
    } else {
      outbox_ = data;
    }
    sound = co_await wire_.WriteAll(base::AsBytes(outbox_));
    last = loop_.now();
  }
  if (!sound || wire_.closed()) co_return;
  if (chunked && !co_await wire_.WriteAll(base::AsBytes(kLastChunk))) co_return;
  // Nothing unread: the end is seen at once, and nothing is lost.
  if (!wire_.plain() || wire_.HasInput()) co_await wire_.Linger();
}

// Until there are news, or `silence` is over: then true.
Session::Awaitable<bool> Session::AwaitNews(base::MonoTime silence) {
  wire_.Arm(Wait::kLive, milliseconds::zero());
  answer_timer_.expires_after(silence - loop_.now());
  error_code cancelled;
  co_await answer_timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  wire_.Disarm();
  co_return !cancelled;
}

// From any thread. Without memory for sending the news wait for the next sign of life.
void Session::NoteNews(const std::weak_ptr<Session>& weak) noexcept {
  std::shared_ptr<Session> self = weak.lock();
  if (!self) return;
  try {
    const auto executor = self->loop_.io().get_executor();
    asio::post(executor, [self = std::move(self)] {
      if (self->wire_.wait() == Wait::kLive) self->answer_timer_.cancel();
    });
  } catch (const std::exception&) {
  }
}

bool Session::LiveIsOver() const { return loop_.draining() || site_ != loop_.site(); }

void Session::EndLive() {
  // What is stuck in a client that does not read is not waited for.
  if (wire_.wait() == Wait::kWrite) return Abort();
  answer_timer_.cancel();
}

// What it sends stands before its end and is discarded. Here one that has closed its sending half
// is gone: its answer has no end that it could be waiting for, and it looks as one that was closed.
void Session::LookAtListener() {
  if (wire_.closed() || wire_.wait() == Wait::kLinger) return;
  char waste[kHearAtOnce];
  error_code error;
  while (!error && heard_ < kMostHeard) heard_ += wire_.ReadSome(waste, error);
  if (!WouldBlock(error)) return Abort();
  WatchPeer();
}

}  // namespace sampleproc::http
