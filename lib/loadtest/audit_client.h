// One request at a time to the target of an audit, written byte by byte.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "loadtest/head_text.h"
#include "loadtest/response_reader.h"
#include "loadtest/target.h"

namespace sampleproc::loadtest {

struct AuditRequest {
  std::string method = "GET";
  std::string path = "/health";
  std::string host = {};    // "" = the target's
  std::string fields = {};  // further lines, each with its CRLF
  std::string body = {};
  // When set, the Content-Length; the body is what it is, and may be shorter.
  std::optional<std::uint64_t> declared = {};
};

// Used by one thread.
class AuditClient {
 public:
  // Of `head` the Host, the authorization and the further fields are sent; `prefix` stands before
  // every path.
  AuditClient(const Target& target, HeadOptions head, std::string prefix, base::CancelFlag stop)
      : target_(target),
        head_(std::move(head)),
        prefix_(std::move(prefix)),
        stop_(std::move(stop)) {}

  // On a connection of its own. A 429 is waited out once, for a minute at most. Fails as streams
  // do, and with kUnavailable when what comes is no answer.
  base::Result<ResponseReader> Ask(const AuditRequest& request) const;
  // The same without waiting out a 429.
  base::Result<ResponseReader> AskNow(const AuditRequest& request) const;
  // Whether an answer comes within a few seconds.
  bool AskBriefly(const AuditRequest& request) const;
  base::Result<ResponseReader> AskNow(const AuditRequest& request,
                                      const base::Allowance& allowance) const;

  // Two requests on one connection: whether the second was answered there.
  base::Result<bool> AskTwice(const AuditRequest& request) const;

  // Sends the beginning of a head and no more: how long until the peer closes, nothing when it has
  // not within `patience`.
  base::Result<std::optional<std::chrono::milliseconds>> StallHead(
      std::chrono::seconds patience) const;

  bool has_authorization() const;
  bool has_tls() const { return target_.url.tls; }
  const std::string& target_name() const { return target_.name; }

 private:
  base::Allowance Within(std::chrono::seconds time) const;
  base::Result<std::unique_ptr<net::Stream>> Connect(const base::Allowance& allowance) const;
  std::string Text(const AuditRequest& request) const;

  const Target& target_;
  const HeadOptions head_;
  const std::string prefix_;
  const base::CancelFlag stop_;
};

}  // namespace sampleproc::loadtest
