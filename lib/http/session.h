// One connection: requests in, answers out, in order. Internal to http/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "http/acceptor.h"
#include "http/head_guard.h"
#include "http/loop.h"
#include "http/message.h"
#include "http/receive_buffer.h"
#include "http/session_answers.h"
#include "http/wire.h"

namespace sampleproc::http {

// Lives on its loop's thread; only Hand and NoteNews may be called from elsewhere. One coroutine
// (Run) does everything in order and suspends only when the socket has nothing to give or to take,
// while a worker has the request, and between requests that came in a row. The session lives as
// long as that coroutine or a responder needs it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  static void Begin(Loop& loop, Incoming incoming);

  Session(Loop& loop, Incoming incoming);
  ~Session();

  // From the loop.
  void OnTick(base::MonoTime now);  // ends a wait that has lasted too long
  // Closes the connection if nothing was asked. One that was in use until a moment ago may have a
  // request on its way: it is listened to for kLastChance more, so that the request is answered
  // rather than reset.
  void OnDrain();
  // There is another site. What has no end of its own was let in by the last one, whose tokens and
  // hosts may not be this one's: it ends.
  void OnSite();
  // The server ends: a request without an answer is answered 503, and everything is closed.
  void OnStop();
  void Abort();  // closes it whatever it is doing
  // Whether one over the limits may be closed so that another one can be heard: it has asked
  // nothing, or has its answer.
  bool Yields() const;

 private:
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;
  using Wait = Wire::Wait;

  // To agree on TLS, and to ask, for a connection that comes while the server drains.
  static constexpr std::chrono::milliseconds kFirstChance{1000};

  Awaitable<void> Run();
  // Of a connection over TLS; false when it is to be closed. Who speaks plain HTTP is heard, to be
  // told.
  Awaitable<bool> Agree();
  // True when the connection goes on; false when it is to be closed.
  Awaitable<bool> ServeOne();
  // Through the head's last byte; false when there is no request to serve.
  Awaitable<bool> ReadHead();
  Awaitable<bool> ReadBody();
  void TellGone();
  // Of a request that was refused before its body; false when the connection is to be closed.
  Awaitable<bool> DiscardBody();
  Awaitable<void> AwaitAnswer();
  // Writes what the socket takes at once; true when that was all. Else the rest is in unsent_*.
  bool WriteNow(Response& response);
  // The last answer of a connection whose client may still be sending.
  Awaitable<void> WriteLast(Response response);

  Awaitable<void> WriteLive(Response& response);
  Awaitable<bool> AwaitNews(base::MonoTime silence);
  static void NoteNews(const std::weak_ptr<Session>& weak) noexcept;
  void EndLive();
  bool LiveIsOver() const;  // the service drains, or another site has come
  void LookAtListener();

  void BeginRequest();
  void NoteHead();                                // of a head that is not served, for the log
  Response RefuseHead(const base::Error& error);  // the answer to it
  std::optional<Response> Refuse();               // by chain or router, before the body
  void Handle();
  static void Hand(std::shared_ptr<Session> self, AnswerSlot::Answer answer) noexcept;
  void TakeHanded();
  void Deliver(std::uint64_t generation, Response response);
  void WatchPeer();
  void ProbePeer(std::uint64_t generation);
  bool NothingAsked() const;
  bool HeadBegun() const;
  bool BodyUnread() const;
  bool WorthDiscarding(const Response& refusal) const;
  bool MustClose() const;

  Loop& loop_;
  std::shared_ptr<const Site> site_;  // of the request in work
  const ConnectionLimits::Place limit_;
  Wire wire_;
  const Loop::Listed place_;
  ReceiveBuffer inbox_;
  HeadGuard guard_;
  Request request_;
  std::size_t head_bytes_ = 0;     // of the request in work; they stay in the inbox for its views
  std::size_t request_bytes_ = 0;  // of the inbox that belong to the request in work
  std::string outbox_;
  base::ByteView unsent_head_;  // of outbox_
  base::ByteView unsent_body_;  // of the response being written

  bool plain_at_tls_ = false;
  int served_ = 0;
  base::MonoTime last_answer_{};
  bool watching_ = false;  // for the peer to close while a worker has its request, or it listens

  boost::asio::steady_timer answer_timer_;
  boost::asio::steady_timer probe_timer_;
  std::optional<Response> answer_;
  std::shared_ptr<LiveBody> live_;  // that is being sent
  std::size_t heard_ = 0;           // of its client meanwhile
  AnswerSlot handed_;
  std::uint64_t generation_ = 0;  // of the request being answered; older answers are dropped
};

}  // namespace sampleproc::http
