// The same request again and again.
#pragma once

#include <memory>

#include "loadtest/head_text.h"
#include "loadtest/request.h"

namespace sampleproc::loadtest {

// `body` must outlive the maker. An answer is right when its status is 200 to 299, else it counts
// as "status_404".
std::unique_ptr<RequestMaker> MakeFixedRequests(const HeadOptions& options, std::string_view body);

// "status_503".
std::string StatusError(int status);

}  // namespace sampleproc::loadtest
