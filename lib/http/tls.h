// TLS on a connected socket: 1.2 and 1.3, by OpenSSL. Internal to http/.
#pragma once

#include <boost/system/error_code.hpp>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text_file.h"

struct ssl_st;
struct ssl_ctx_st;

namespace sampleproc::http {

// One connection's. It works on the descriptor itself, which must be non-blocking and outlive it;
// one thread at a time.
class TlsStream {
 public:
  TlsStream(ssl_ctx_st* context, int fd);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Each does what can be done at once; would_block when the socket has to become ready first:
  // for writing if wants_write(), else for reading. An end without the peer's close_notify is an
  // error like any other, and so are many messages in a row that bring no data. One call reads one
  // record at most, so that nobody who sends without end keeps the caller.
  bool Handshake(boost::system::error_code& error);
  std::size_t ReadSome(std::span<char> room, boost::system::error_code& error);
  std::size_t WriteSome(base::ByteView bytes, boost::system::error_code& error);
  bool wants_write() const { return wants_write_; }

  bool PeerGone();
  // Sends close_notify if the socket takes it at once; no answer to it is waited for.
  void SayGoodbye();

 private:
  boost::system::error_code Classify(int result);

  ssl_st* const ssl_;
  bool wants_write_ = false;
  int messages_since_data_ = 0;
};

// A certificate with its key. Connections keep the one that they began with.
class TlsContext {
 public:
  // Reads the PEM files: the certificate followed by its chain, and the key. Fails with kConfig: a
  // file that cannot be read or understood, a key that does not belong to the certificate or has a
  // passphrase. A pipe is waited for when `reading` is kFirst, but not for long.
  static base::Result<std::shared_ptr<const TlsContext>> Load(
      const std::string& certificate_file, const std::string& key_file,
      base::Reading reading = base::Reading::kFirst);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  std::unique_ptr<TlsStream> Accept(int fd) const;

  // The end of the certificate's validity (RFC 5280, 4.1.2.5, notAfter).
  base::WallTime valid_until() const { return valid_until_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* const context_;
  base::WallTime valid_until_ = {};
};

}  // namespace sampleproc::http
