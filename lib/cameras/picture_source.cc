#include "cameras/picture_source.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "net/url.h"
#include "resources/wait.h"

namespace sampleproc::cameras {
namespace {

bool IsHttp(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

bool IsRtsp(std::string_view url) {
  return url.starts_with("rtsp://") || url.starts_with("rtsps://");
}

}  // namespace

base::Result<std::unique_ptr<PictureSource>> OpenSource(const SourceRequest& request,
                                                        const SourceContext& context,
                                                        const base::Allowance& allowance) {
  if (IsHttp(request.url)) return OpenHttp(request, context, allowance);
  if (IsRtsp(request.url)) return OpenRtsp(request, context, allowance);
  return OpenFiles(request, context, allowance);
}

bool NamesFile(std::string_view url) { return !IsHttp(url) && !IsRtsp(url); }

namespace {

// What the camera says, as far as it can be shown: up to the parameters, in letters that media
// types have.
std::string ShownMediaType(std::string_view type) {
  constexpr std::size_t kMost = 60;
  std::string shown = base::Lowercase(base::TrimBlanks(type.substr(0, type.find(';'))));
  const bool is_one =
      shown.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/+-._") == std::string::npos;
  return is_one && shown.size() <= kMost ? shown : std::string();
}

}  // namespace

std::string WhyNotLookedAt(const Shot& shot, const base::Error& error) {
  const std::string place = shot.place.empty() ? shot.place : shot.place + ": ";
  if (error.code == base::ErrorCode::kUnsupportedFormat) {
    const std::string type = ShownMediaType(shot.media_type);
    if (!type.empty() && !type.starts_with("image/")) {
      return place + "it answers " + type + ", no picture: look at the url, or its login";
    }
  }
  return place + error.message;
}

namespace {

// `path` with what follows "password=" and its like replaced: cheap cameras want them in the path.
std::string WithoutNamedPasswords(std::string path) {
  constexpr std::string_view kHidden = "***";
  for (const std::string_view name : net::kPasswordNames) {
    for (std::size_t at = base::Lowercase(path).find(name); at != std::string::npos;) {
      const std::size_t begin = at + name.size();
      const std::size_t end = std::min(path.find_first_of("&;", begin), path.size());
      path.replace(begin, end - begin, kHidden);
      at = base::Lowercase(path).find(name, begin + kHidden.size());
    }
  }
  return path;
}

}  // namespace

std::string ShownUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t last = url.rfind('@');
  if (scheme == std::string_view::npos || url.find_first_of(":@") != scheme) {
    // A mistyped URL, or the path of a file.
    const bool has_user = last != std::string_view::npos && url.find(':') < last;
    return WithoutNamedPasswords(has_user ? "***" + std::string(url.substr(last))
                                          : std::string(url));
  }
  const std::size_t begin = scheme + 3;
  const std::string shown(url.substr(0, begin));
  // A query may have a password in it as well as the user's part, and a password a '?' or '/'.
  const std::size_t query = std::min(url.find_first_of("?#", begin), url.size());
  if (last != std::string_view::npos && last > query) return shown + "***";
  const std::string_view rest = url.substr(begin, query - begin);
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return shown + WithoutNamedPasswords(std::string(rest));
  const std::string host(rest.substr(at + 1));
  return shown + (rest.find('/') < at ? "***@" : "") + WithoutNamedPasswords(host);
}

std::string UrlWithPassword(const SourceRequest& request) {
  const std::size_t at = request.url.find('@');
  if (request.password.empty() || at == std::string::npos) return request.url;
  return request.url.substr(0, at) + ":" + base::PercentEncoded(request.password) +
         request.url.substr(at);
}

base::Result<void> SleepUntil(base::MonoTime time, const base::Allowance& allowance) {
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(time - base::SystemClock().Now());
  base::Mutex mutex;
  base::CondVar never;
  const resources::PatientWait wait(std::max(rest, std::chrono::milliseconds(0)), allowance);
  const base::MutexLock lock(mutex);
  while (!wait.Over()) {
    if (auto wanted = wait.Wanted(); !wanted) return wanted;
    wait.For(never, mutex);
  }
  return wait.Wanted();
}

}  // namespace sampleproc::cameras
