// The bytes of one connection and how long they may take. Internal to http/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/clock.h"
#include "http/tls.h"

namespace sampleproc::http {

class Loop;

// Owns the socket, plain or TLS; used on its loop's thread only. Waits are not timed one by one:
// the loop's tick asks each wire whether its wait has lasted too long (see Loop).
class Wire {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  // What is waited for; decides what a timeout means.
  enum class Wait { kNothing, kHandshake, kIdle, kHead, kBody, kWorker, kLive, kWrite, kLinger };

  // `tls` is nullptr for plain connections.
  Wire(Loop& loop, Socket socket, std::unique_ptr<TlsStream> tls);

  bool plain() const { return tls_ == nullptr; }
  Socket& socket() { return socket_; }

  // The wait that begins, and its longest time; a body must keep to http.body_min_rate besides, an
  // answer to http.write_min_rate.
  void Arm(Wait wait, std::chrono::milliseconds limit);
  void Disarm() { wait_ = Wait::kNothing; }
  // Bytes of a body have come, or of an answer have been taken: the silence is over.
  void Progress(std::size_t bytes);
  Wait wait() const { return wait_; }
  base::MonoTime wait_ends() const { return wait_ends_; }
  bool timed_out() const { return timed_out_; }
  // From the tick: cancels what is waited for when it has lasted too long.
  void OnTick(base::MonoTime now);

  // What can be had or given at once; would_block when that is nothing.
  std::size_t ReadSome(std::span<char> room, boost::system::error_code& error);
  std::size_t WriteSome(base::ByteView bytes, boost::system::error_code& error);
  // At least one byte, waiting for it. A wait that ended while bytes came had nothing to cancel:
  // the next one does not begin.
  Awaitable<std::size_t> Read(std::span<char> room, boost::system::error_code& error);
  // False when the peer does not take them: then the wire is closed.
  Awaitable<bool> WriteAll(base::ByteView bytes);
  // Of TLS, in `limit`. Plain wires need none. With kPlain the client has begun in plain text, of
  // which nothing is read yet, and the wire is plain from then on, so that it can be told. With
  // kNothing it has gone without a byte, as load balancers look whether a port is open, or the wire
  // was closed.
  enum class Agreed { kYes, kNo, kLate, kNothing, kPlain };
  Awaitable<Agreed> Handshake(std::chrono::milliseconds limit);
  // During a handshake: whether the client has not said anything yet.
  bool silent() const { return wait_ == Wait::kHandshake && !opened_; }

  // Says that nothing more will be sent and reads away, for a bounded time, what still comes:
  // closing with bytes unread would reset the connection and lose the answer on its way.
  Awaitable<void> Linger();

  // Whether bytes wait to be read (those of TLS may turn out to be no data).
  bool HasInput();
  // Whether the peer has closed the connection or its sending half of it, or reset it. With bytes
  // of a next request in the way only a reset is seen.
  bool PeerGone();
  // Whether it is gone for good: it has reset the connection, or, on a Unix socket, closed it. Of a
  // peer that has closed its sending half it is not known.
  bool PeerReset();

  // Ends the wait for a head or a body, which is not to be waited for any longer.
  void Interrupt();
  bool interrupted() const { return interrupted_; }

  bool closed() const { return closed_; }
  void Close();

 private:
  enum class Opening { kAwaited, kEnd, kHello, kHugeHello, kText };
  Opening LookAtOpening();
  // Whether the wait has lasted too long, by what is known without asking the kernel.
  bool Late(base::MonoTime now, std::uint64_t moved) const;
  // Of an answer's bytes, how many the peer's kernel has acknowledged since the wait began.
  std::uint64_t Acknowledged();
  Awaitable<void> WaitReady(boost::system::error_code& error);

  Loop& loop_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  Wait wait_ = Wait::kNothing;
  base::MonoTime wait_ends_{};
  base::MonoTime moving_since_{};  // a body or an answer
  std::uint64_t moved_bytes_ = 0;
  std::uint64_t unsent_before_ = 0;  // of an answer: what the kernel had when the wait began
  std::uint64_t acknowledged_ = 0;   // when that was looked at last
  bool opened_ = false;              // the first bytes of a handshake are there
  bool timed_out_ = false;
  bool interrupted_ = false;
  bool closed_ = false;
};

bool WouldBlock(const boost::system::error_code& error);

}  // namespace sampleproc::http
