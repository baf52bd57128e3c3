#include "cameras/picture_source.h"

#include <algorithm>

#include "base/clock.h"
#include "base/mutex.h"
#include "net/url.h"
#include "resources/wait.h"

namespace sampleproc::cameras {

base::Result<std::unique_ptr<PictureSource>> OpenSource(const SourceRequest& request,
                                                        const SourceContext& context,
                                                        const base::Allowance& allowance) {
  const std::string_view url = request.url;
  if (url.starts_with("http://") || url.starts_with("https://")) {
    return OpenHttp(request, context, allowance);
  }
  if (url.starts_with("rtsp://") || url.starts_with("rtsps://")) {
    return OpenRtsp(request, context, allowance);
  }
  return OpenFiles(request, context, allowance);
}

std::string ShownUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const std::size_t begin = scheme + 3;
  // A query may have a password in it as well as the user's part.
  const std::string_view rest = url.substr(begin, url.find_first_of("?#", begin) - begin);
  const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
  return std::string(url.substr(0, begin)) +
         std::string(at == std::string_view::npos ? rest : rest.substr(at + 1));
}

std::string UrlWithPassword(const SourceRequest& request) {
  const std::size_t at = request.url.find('@');
  if (request.password.empty() || at == std::string::npos) return request.url;
  return request.url.substr(0, at) + ":" + net::PercentEncoded(request.password) +
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
