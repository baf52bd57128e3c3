// Reads the body of a request. Internal to http/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>

#include "base/error.h"
#include "http/message.h"
#include "http/options.h"
#include "http/receive_buffer.h"
#include "http/wire.h"
#include "resources/memory_budget.h"

namespace sampleproc::http {

// One body: from what has arrived behind the head in `inbox`, then from the wire. Everything must
// outlive it.
class BodyReader {
 public:
  BodyReader(Wire& wire, ReceiveBuffer& inbox, std::size_t head_bytes, const Options& options,
             resources::MemoryBudget& budget)
      : wire_(wire), inbox_(inbox), head_bytes_(head_bytes), options_(options), budget_(budget) {}

  // Fills `request.body`; a chunked one reserves for itself while it grows, a sized one has been
  // reserved for. Says 100 Continue if that is waited for. Fails with kRequestTimeout, kBadRequest
  // (chunk framing; a client that closed its sending half before the body's end, and can still be
  // answered), kTooLarge or kOverloaded (chunked), kCancelled (the client is gone; the wire is
  // closed then).
  boost::asio::awaitable<base::Result<void>> Read(Request& request);

  // Reads the body that `request` has announced by its length and keeps nothing of it. Fails as
  // Read. Views into the head are invalid afterwards.
  boost::asio::awaitable<base::Result<void>> Discard(const Request& request);

  // Of the inbox, head and body together, once the body has been read.
  std::size_t consumed() const { return consumed_; }

 private:
  boost::asio::awaitable<base::Result<void>> ReadSized(Request& request, std::size_t length);
  boost::asio::awaitable<base::Result<void>> ReadChunked(Request& request);
  base::Result<void> Grow(Request& request, std::size_t more);
  // Lets the loop serve other connections; false when this one is to end.
  boost::asio::awaitable<bool> LetOthers();
  // Why the body cannot be read on, of which so many bytes came.
  base::Error Failure(const Request& request, std::size_t have,
                      const boost::system::error_code& error = {});

  Wire& wire_;
  ReceiveBuffer& inbox_;
  const std::size_t head_bytes_;
  const Options& options_;
  resources::MemoryBudget& budget_;
  std::size_t consumed_ = 0;
};

}  // namespace sampleproc::http
