// Gives every request an id: the sender's X-Request-ID when it is sound, else one of ours.
#pragma once

#include <atomic>
#include <cstdint>

#include "http/chain.h"

namespace sampleproc::http {

// A sender's id is taken when it has 1 to 128 characters of [A-Za-z0-9._-]; anything else could
// forge log lines. Ours are 16 hexadecimal digits: a counter put through the finaliser of
// SplitMix64 (Steele, Lea, Flood 2014), so that ids of one process never repeat and do not tell how
// many came before.
class RequestId final : public Middleware {
 public:
  explicit RequestId(std::uint64_t seed) : next_(seed) {}

  std::optional<Response> OnHead(Request& request) override;
  void OnResponse(const Request& request, Response& response) override;

 private:
  void Make(std::string& id);

  std::atomic<std::uint64_t> next_;
};

}  // namespace sampleproc::http
