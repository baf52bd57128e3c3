// Refuses a body that has been compressed or coded otherwise, by the name of its coding.
#pragma once

#include "http/chain.h"

namespace sampleproc::http {

// 415 with Accept-Encoding: identity (RFC 9110 section 12.5.3), before the body is read: no handler
// would make anything of it, and what a coding may blow up to nobody has to pay for.
class ContentCoding final : public Middleware {
 public:
  std::optional<Response> OnHead(Request& request) override;
};

}  // namespace sampleproc::http
