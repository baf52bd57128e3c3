// GET /console: the status page.
#pragma once

#include <string_view>

#include "http/router.h"

namespace sampleproc::api {

// lib/api/console.html, which the build puts in.
extern const std::string_view kConsolePage;

// The page with a Content-Security-Policy by which nothing runs and nothing is loaded but what is
// in the page itself: it names the hashes of the page's <style> and <script>.
http::Handler MakeConsoleHandler(std::string_view page = kConsolePage);

// That policy.
std::string ConsolePolicy(std::string_view page);

}  // namespace sampleproc::api
