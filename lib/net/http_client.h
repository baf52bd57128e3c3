// Asks others over HTTP/1.1: one client, with its connections, for one upstream.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "net/circuit.h"
#include "net/dns_cache.h"
#include "net/options.h"
#include "net/stream.h"
#include "net/tls_stream.h"
#include "net/url.h"

namespace sampleproc::net {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> fields = {};  // besides Host and framing
  std::string body = {};
  // Asking twice is as good as asking once (RFC 9110 section 9.2.2): a kept connection that turns
  // out to be closed is replaced and the request sent again, once.
  bool idempotent = true;
  // Nobody needs the answer's body: it is read for a moment if it is short, and there if that was
  // all of it; else the connection is closed. The moment is very short after one that was not. Once
  // the head is there the request has succeeded.
  bool status_only = false;
  // Whether who knows the path may use it, as with webhooks: traces show the server alone.
  bool secret_path = false;
};

struct HttpAnswer {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;  // of the field, when it is in seconds
  std::string content_type;                         // without parameters, in lower case
  std::string body;
};

// Told how many bytes of an answer's body there are to come before they are read; again with more
// when that was not all of them, as in chunks. A failure ends the request with it.
using AnswerRoom = std::function<base::Result<void>(std::size_t bytes)>;

// Whether an upstream that takes no connections is left alone for a while (Circuit), or asked each
// time because the caller sees to that itself.
enum class Caution { kCircuit, kNone };

// What a client has done so far.
struct HttpClientCounts {
  std::uint64_t requests = 0;
  std::uint64_t opened = 0;  // connections
  std::uint64_t reused = 0;  // requests on a kept connection
  std::uint64_t waits = 0;   // requests that waited for a connection to be free
  std::chrono::nanoseconds waited{0};
  std::uint64_t circuits_opened = 0;  // times that it began to leave the upstream alone
  bool circuit_open = false;          // it leaves the upstream alone now
};

// Thread-safe; callers wait. At most Options::pool_size connections, in use and kept together; who
// finds none free waits. A kept one is closed after kKeep without use. Redirects are not followed:
// they are answers like others. Addresses are looked up every Options::dns_ttl, and at once when
// none of them takes a connection. An upstream that takes none is left alone for a while (Circuit).
class HttpClient {
 public:
  static constexpr std::chrono::seconds kKeep{30};

  // `clock` is of the pool's and the addresses' times; waiting is by the system's. Everything
  // referred to must outlive the client. `trust` without a name: of an https URL, the certificate
  // has to be for its host.
  HttpClient(Url url, const Options& options, Resolve resolve, const base::Clock& clock,
             Caution caution = Caution::kCircuit, TlsTrust trust = {});

  const Url& url() const { return url_; }

  // Fails with kUnavailable (no connection, it ended too early), kRequestTimeout (connect_timeout,
  // read_timeout of silence, the allowance's deadline), kCancelled, kIo (what came is no HTTP),
  // kTooLarge (more than `most_bytes` of body; with status_only that is what is read away).
  //
  // Asked on behalf of a trace, it is a span of that, and the request says so (traceparent).
  base::Result<HttpAnswer> Ask(const HttpRequest& request, std::size_t most_bytes,
                               const base::Allowance& allowance, const AnswerRoom& room = {});

  // Closes what is kept, and the circuit; what is in use is closed when its request has ended.
  void Reset();

  HttpClientCounts counts() const;

 private:
  struct Kept {
    std::unique_ptr<Stream> stream;
    base::MonoTime since{};
  };
  struct Connection {
    std::unique_ptr<Stream> stream;
    bool kept = false;
  };

  // A place among those that may be in use at the same time; given back at the end of its scope.
  class Place;

  base::Result<HttpAnswer> AskUntraced(const HttpRequest& request, std::size_t most_bytes,
                                       const base::Allowance& allowance, const AnswerRoom& room);
  base::Result<void> Enter(const base::Allowance& allowance) EXCLUDES(mutex_);
  void Leave() EXCLUDES(mutex_);
  base::Result<Connection> Take(const base::Allowance& allowance) EXCLUDES(mutex_);
  void Keep(std::unique_ptr<Stream> stream, std::uint64_t generation) EXCLUDES(mutex_);
  base::Result<std::unique_ptr<Stream>> Open(const base::Allowance& allowance);
  base::Result<std::unique_ptr<Stream>> OpenAny(const base::Allowance& within);
  base::Result<std::unique_ptr<Stream>> OpenTo(const std::string& address,
                                               const base::Allowance& allowance) const;
  std::string Bytes(const HttpRequest& request) const;
  base::Result<std::pair<HttpAnswer, bool>> Exchange(Stream& stream, const HttpRequest& request,
                                                     const std::string& bytes,
                                                     std::size_t most_bytes,
                                                     const base::Allowance& allowance,
                                                     const AnswerRoom& room) const;

  const Url url_;
  const Options& options_;
  const base::Clock& clock_;
  DnsCache addresses_;
  Circuit circuit_;
  const Caution caution_;
  const TlsTrust trust_;
  // Of status_only: the last body that was waited for did not come in time.
  mutable std::atomic<bool> bodies_late_ = false;

  mutable base::Mutex mutex_;
  base::CondVar freed_;
  std::vector<Kept> kept_ GUARDED_BY(mutex_);  // the last is the freshest
  int in_use_ GUARDED_BY(mutex_) = 0;
  std::uint64_t generation_ GUARDED_BY(mutex_) = 0;  // connections of an older one are not kept
  HttpClientCounts counts_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::net
