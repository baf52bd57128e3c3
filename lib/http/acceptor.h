// Takes connections from a listening socket. Internal to http/.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "http/address.h"
#include "http/connection_limits.h"
#include "http/listen_socket.h"
#include "http/tls.h"
#include "http/wire.h"

namespace sampleproc::http {

class Loop;

// A connection that has just been taken.
struct Incoming {
  ConnectionLimits::Place place;
  Wire::Socket socket;
  std::unique_ptr<TlsStream> tls;  // nullptr: plain
  Address peer;
  Address local;
};

// On its loop's thread only. Out of descriptors it gives up a spare one to take what waits, answer
// it with 503 and close it, since a connection left in the backlog would wake it for ever, and
// pauses.
class Acceptor {
 public:
  Acceptor(Loop& loop, ListenSocket socket);
  ~Acceptor();

  void Start();
  // Lets nobody new in, takes what is connected or about to be, then closes the socket.
  void Finish();
  void Close();

 private:
  enum class Taken { kOne, kNone, kPause };

  void Wait();
  void TakeBatch();
  Taken TakeOne();
  void Admit(base::Descriptor fd, const Address& peer);
  Taken OnError(int error);
  void TurnAway();

  Loop& loop_;
  ListenSocket socket_;  // the descriptor is listener_'s
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer handshakes_;
  base::Descriptor spare_;
};

}  // namespace sampleproc::http
