#include "cameras/login_refusal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "net/digest_auth.h"

namespace sampleproc::cameras {
namespace {

using base::ErrorCode;

base::Error Make(ErrorCode code, std::string message) {
  return base::Fail(code, std::move(message)).error();
}

}  // namespace

bool TellsPassword(std::string_view target) {
  const std::string lower = base::Lowercase(target);
  return std::ranges::any_of(net::kPasswordNames, [&lower](std::string_view name) {
    return lower.find(name) != std::string::npos;
  });
}

std::string PasswordIn(std::string_view target) {
  const std::string lower = base::Lowercase(target);
  std::string told;
  for (const std::string_view name : net::kPasswordNames) {
    for (std::size_t at = lower.find(name); at != std::string::npos; at = lower.find(name, at)) {
      at += name.size();
      told += target.substr(at, target.find_first_of("&;", at) - at);
    }
  }
  return told;
}

base::Error Unauthorized(const net::Url& url, bool answered,
                         const std::vector<std::string_view>& challenges) {
  const bool no_user = url.userinfo.empty();
  if (answered || (no_user && TellsPassword(url.target))) {
    return Make(
        ErrorCode::kUnauthorized,
        "it refuses the user name and password (401): check password_file and the URL's user");
  }
  if (no_user) {
    return Make(
        ErrorCode::kUnavailable,
        "it wants a user name and password (401): put user@ into the URL and set password_file");
  }
  const std::string schemes = net::SchemesIn(challenges);
  const std::string why = net::WhyNoDigest(challenges);
  if (why.empty()) {
    return Make(ErrorCode::kUnavailable,
                "it wants a way to be told the password that is not supported (401, " + schemes +
                    "): set the camera to Digest or Basic");
  }
  return Make(ErrorCode::kUnavailable,
              "its Digest challenge " + why + ", and so cannot be answered (401, " + schemes +
                  "): look for another kind of Digest, or Basic, in the camera's settings, or for "
                  "newer firmware");
}

base::Error Forbidden(const net::Url& url) {
  if (url.userinfo.empty() && !TellsPassword(url.target)) {
    return Make(ErrorCode::kUnavailable,
                "it forbids access (403): check the URL's path, and whether it wants a user");
  }
  return Make(ErrorCode::kUnauthorized,
              "it forbids access (403): check the user's rights on the camera, the password, and "
              "whether the camera has locked the account or this machine out");
}

}  // namespace sampleproc::cameras
