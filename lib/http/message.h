// A request and a response as handlers see them: no sockets, no parser.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "http/address.h"
#include "http/frame_note.h"
#include "resources/memory_budget.h"

namespace sampleproc::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kTrace };

std::string_view MethodName(Method method);

struct Field {
  std::string_view name;   // as sent; compare with EqualsIgnoreCase
  std::string_view value;  // without white space around it
};

// ASCII only, as field names and tokens are.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

struct Route;

// Who asks, as far as it is known; see middleware/client_identity.h.
struct Caller {
  Address address;                     // the client's behind trusted proxies; none: a unix socket
  std::optional<std::uint32_t> token;  // number of the token that was shown and is known
};

// What is left of the caller's quota; see rate_limiter.h.
struct Quota {
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;
  std::chrono::seconds wait{};  // until more is there
};

// The views of a request point into its connection's receive buffer; see http::Handler for how long
// they are valid. `body` and `reservation` may be moved out by the handler.
struct Request {
  Method method = Method::kGet;
  std::string_view target;         // as sent, origin form
  std::string_view path;           // target up to '?', not decoded but for unreserved characters
  std::string_view query;          // behind '?', not decoded
  std::string_view unread_method;  // of a head that is refused: a token, as sent, or empty
  int minor_version = 1;           // of HTTP/1
  bool keep_alive = true;          // what the client asked for
  bool expects_continue = false;
  std::optional<std::uint64_t> content_length;  // absent when there is none or it is chunked
  bool chunked = false;
  // Whether it says where its body ends: without that it has none (RFC 9112, 6.3).
  bool HasLength() const { return chunked || content_length.has_value(); }
  std::vector<Field> fields;
  Address peer;      // who is connected: the client or a proxy
  Address local;     // of ours, that the connection came in on
  bool tls = false;  // the connection is encrypted
  // It came from a listening socket that outlives the server: see Server::LeaveInherited.
  bool inherited = false;

  base::MonoTime begun{};        // when the head was complete
  const Route* route = nullptr;  // what the path and method mean; nullptr when nothing
  Caller caller;
  std::optional<Quota> quota;

  std::string plain_path;  // what `path` is of, where characters had to be decoded
  std::string request_id;
  base::ByteBuffer body;
  resources::Reservation reservation;  // of `body`
  std::shared_ptr<FrameNote> frame;    // of a route that takes frames; null before its handler
  base::Allowance allowance;           // cancelled when the client is gone or the deadline passed
  mutable base::Span span;  // of middleware/tracing.h; ends with the answer, and is no part of what
                            // was asked

  // Forgets all of the last request but the connection's addresses.
  void Clear();

  // The value of the first field of that name.
  std::optional<std::string_view> Find(std::string_view name) const;
};

// The name of a query's parameter as it is meant, decoded like its value ("frame%5Fid" is
// frame_id); as it stands where it cannot be decoded.
std::string ParameterName(std::string_view raw);

// The value of the first query parameter of that name, both decoded as forms are (URL Standard,
// application/x-www-form-urlencoded): '+' is a space, %2B a plus. Absent when there is none; fails
// with kInvalidFrame, at query.<name>, when a '%' is not followed by two hexadecimal digits.
base::Result<std::optional<std::string>> QueryParameter(std::string_view query,
                                                        std::string_view name);

// Whether the query has the parameter, whatever its value.
bool HasQueryParameter(std::string_view query, std::string_view name);

// The text in the request's path that stands where its route has "{name}", percent-decoded. Fails
// with kInvalidFrame, at path.<name>, when a '%' is not followed by two hexadecimal digits. `name`
// must be of the route.
base::Result<std::string> PathParameter(const Request& request, std::string_view name);

// A body that is made once and sent many times.
using SharedText = std::shared_ptr<const std::string>;

class LiveBody;

struct Response {
  int status = 200;
  std::string_view content_type;  // of static lifetime; empty means no body
  std::variant<std::string, base::ByteBuffer, SharedText> body;  // a SharedText is never null
  // Of a problem and of a frame, for the log: the rest of what is told of it there.
  std::string detail;
  std::string_view error_type;  // base::ErrorCodeName's, of static lifetime; empty: none
  std::string frame_id;
  std::string camera;
  std::string field_lines;                   // further fields, each "Name: value\r\n"
  std::string_view fixed_field_lines;        // likewise, of static lifetime
  bool close = false;                        // end the connection after this answer
  std::optional<Quota> quota;                // instead of the request's: the handler took more
  resources::Reservation reservation = {};   // of a large body, until it has been written
  std::shared_ptr<LiveBody> live = nullptr;  // instead of `body`; ends the connection with its end
  std::optional<std::uint64_t> live_bytes = {};  // how long `live` is, where that is known

  // `value` must be free of CR and LF; a value that is not is left out.
  void AddField(std::string_view name, std::string_view value);
  base::ByteView body_bytes() const;
};

// The JSON answer of a handler.
Response JsonResponse(std::string json);
Response JsonResponse(SharedText json);

}  // namespace sampleproc::http
