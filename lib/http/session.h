// One connection: requests in, answers out, in order. Internal to http/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "http/chunk_reader.h"
#include "http/head_guard.h"
#include "http/loop.h"
#include "http/message.h"
#include "http/receive_buffer.h"

namespace sampleproc::http {

// Lives on its loop's thread; only Deliver may be called from elsewhere. One coroutine (Run) does
// everything in order and suspends only when the socket has nothing to give or to take, or while a
// worker has the request. The session lives as long as that coroutine or a responder needs it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  static void Begin(Loop& loop, boost::asio::ip::tcp::socket socket);

  Session(Loop& loop, boost::asio::ip::tcp::socket socket);
  ~Session();

  // From the loop.
  void OnTick(base::MonoTime now);  // ends a wait that has lasted too long
  void OnDrain();                   // closes the connection if nothing was asked
  void Abort();                     // closes it whatever it is doing

 private:
  using Socket = boost::asio::ip::tcp::socket;
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  // What the coroutine waits for; decides what a timeout means.
  enum class Wait { kNothing, kIdle, kHead, kBody, kWorker, kWrite, kLinger };

  Awaitable<void> Run();
  // True when the connection goes on; false when it is to be closed.
  Awaitable<bool> ServeOne();
  Awaitable<base::Result<void>> ReadBody();
  Awaitable<base::Result<void>> ReadSizedBody(std::size_t length);
  Awaitable<base::Result<void>> ReadChunkedBody();
  Awaitable<void> AwaitAnswer();
  // Writes what the socket takes at once; true when that was all. Else the rest is in unsent_*.
  bool WriteNow(Response& response);
  Awaitable<bool> Write(Response response);
  Awaitable<bool> WriteAll(base::ByteView bytes);
  Awaitable<void> Linger();

  std::optional<Response> Refuse();  // by chain or router, before the body
  void Handle();
  void Deliver(std::uint64_t generation, Response response);
  bool BodyUnread() const;
  void Arm(Wait wait, std::chrono::milliseconds limit);
  base::Error ReadFailure(const char* where) const;

  Loop& loop_;
  Socket socket_;
  Loop::SessionList::iterator place_;
  ReceiveBuffer inbox_;
  HeadGuard guard_;
  Request request_;
  std::size_t head_bytes_ = 0;     // of the request in work; they stay in the inbox for its views
  std::size_t request_bytes_ = 0;  // of the inbox that belong to the request in work
  std::string outbox_;
  base::ByteView unsent_head_;  // of outbox_
  base::ByteView unsent_body_;  // of the response being written

  Wait wait_ = Wait::kNothing;
  base::MonoTime wait_ends_{};
  bool timed_out_ = false;
  bool closed_ = false;
  bool first_request_ = true;

  boost::asio::steady_timer answer_timer_;
  std::optional<Response> answer_;
  std::uint64_t generation_ = 0;  // of the request being answered; older answers are dropped
};

}  // namespace sampleproc::http
