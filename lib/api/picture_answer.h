// What the routes that answer with a picture share.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"

namespace sampleproc::api {

// "<number in hexadecimal digits>", in its quotes.
std::string HexEtag(std::uint64_t number, std::string_view variant = {});

// Gives an answer its ETag and Last-Modified. False when the client has the picture by its
// If-None-Match, `known`: then the answer is 304, and nothing is to be added.
bool BeginPicture(http::Response& response, std::string_view etag, base::WallTime made,
                  std::string_view known);

}  // namespace sampleproc::api
