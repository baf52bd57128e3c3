// Gives every request an id: the sender's X-Request-ID when it is sound, else one of ours.
#pragma once

#include <cstdint>

#include "base/id_source.h"
#include "http/chain.h"

namespace sampleproc::http {

// A sender's id is taken when it has 1 to 128 characters of [A-Za-z0-9._-]; anything else could
// forge log lines. Ours are 16 hexadecimal digits of a base::IdSource.
class RequestId final : public Middleware {
 public:
  explicit RequestId(std::uint64_t seed) : ids_(seed) {}

  std::optional<Response> OnHead(Request& request) override;
  void OnRefusal(Request& request) override;
  void OnResponse(const Request& request, Response& response) override;

 private:
  base::IdSource ids_;
};

}  // namespace sampleproc::http
