// What to say of a camera that lets nobody in, and whether a login was told to it: it counts each
// one that fails, and may lock the account.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/url.h"

namespace sampleproc::cameras {

// Whether there is a password in the query or path, where some cameras take it.
bool TellsPassword(std::string_view target);
// All that is told so; "" when nothing is. Pure.
std::string PasswordIn(std::string_view target);

// Of an answer 401 over HTTP with these `challenges` (values of WWW-Authenticate). `answered`: the
// request had an answer to one. kUnauthorized when a login was told, else kUnavailable. Pure.
base::Error Unauthorized(const net::Url& url, bool answered,
                         const std::vector<std::string_view>& challenges);

// Of an answer 403; kUnauthorized when there is a login to tell, else kUnavailable. Pure.
base::Error Forbidden(const net::Url& url);

}  // namespace sampleproc::cameras
