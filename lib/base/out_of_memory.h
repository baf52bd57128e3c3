// The error for where std::bad_alloc has been caught.
#pragma once

#include <expected>

#include "base/error.h"

namespace sampleproc::base {

// kOverloaded, "no memory". Takes no memory to make: so short a text is within the string itself.
inline std::unexpected<Error> OutOfMemory() noexcept {
  return std::unexpected(Error{ErrorCode::kOverloaded, "no memory", {}, {}});
}

}  // namespace sampleproc::base
