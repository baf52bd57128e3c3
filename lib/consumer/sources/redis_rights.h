// Whether a user of Redis may do what settling frames takes, before it has to.
#pragma once

#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "consumer/options.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// Tries each command in a way that changes nothing: of an entry that is never there, or with an
// argument that is none, which Redis looks at after the rights. Success: nothing is lacking, or
// nobody answers, which others tell. Fails with kConfig and a sentence that names each command that
// is refused, and its key. One round trip; waits as long as `client` does, and until `allowance`.
base::Result<void> CheckRights(net::RedisClient& client, const RedisOptions& options,
                               const std::string& consumer, const base::Allowance& allowance);

}  // namespace sampleproc::consumer
