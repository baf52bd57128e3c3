// Takes connections from a listening socket. Internal to http/.
#pragma once

#include <array>
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
  bool inherited = false;  // it comes from such a socket
};

// On its loop's thread only. Out of descriptors it gives up one of a few spare ones to take what
// waits: a session answers it if it is a probe and tells it 503 otherwise, since a connection left
// in the backlog would wake the loop for ever. Without a spare one it pauses.
class Acceptor {
 public:
  Acceptor(Loop& loop, ListenSocket socket);
  ~Acceptor();

  void Start();
  // Goes on if it has stopped because something threw.
  void Revive();
  // Lets nobody new in, takes what is connected or about to be, then closes the socket.
  void Finish();
  // Closes a socket that was passed in, at once: what is connected and not taken yet waits there
  // for whoever listens next.
  void Leave();
  void Close();

 private:
  enum class Taken { kOne, kNone, kPause };

  void Wait();
  void TakeBatch();
  Taken TakeOne();
  void Admit(base::Descriptor fd, const Address& peer, ConnectionLimits::Place place);
  Taken OnError(int error);
  Taken TakeWithSpare();  // out of descriptors
  void FillSpare();

  Loop& loop_;
  bool waiting_ = false;  // for a connection, or for a pause to end
  ListenSocket socket_;   // the descriptor is listener_'s
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer handshakes_;
  std::array<base::Descriptor, 4> spare_;
};

}  // namespace sampleproc::http
