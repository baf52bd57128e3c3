// From the raw head that head_guard has passed to a Request, by Boost.Beast's parser.
#pragma once

#include <string_view>

#include "base/error.h"
#include "http/head_guard.h"
#include "http/message.h"

namespace sampleproc::http {

// Fills the head's part of `request` with views into `head` (its bytes from the request line
// through the empty line). Where the parser reads the framing differently from the guard the
// message is ambiguous: kBadRequest, and the connection must be closed.
base::Result<void> ParseHead(std::string_view head, const Framing& framing, Request& request);

// The part of that which the request target says: target, path and query.
void TakeTarget(std::string_view target, Request& request);

}  // namespace sampleproc::http
