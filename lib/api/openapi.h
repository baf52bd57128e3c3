// GET /openapi.json: the endpoints as an OpenAPI 3.1 document, made from the router's own table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/router.h"

namespace sampleproc::api {

// The document of these routes in their order, on lines a person can read, with a newline at its
// end. Each route describes itself (http::Description); what every request can be refused with is
// added: 400, 429 within the rate limit, 401 where a token may be asked for, 503 while stopping.
std::string MakeOpenApi(const std::vector<http::Route>& routes, std::string_view version);

http::Handler MakeOpenApiHandler(const std::string& document);

}  // namespace sampleproc::api
