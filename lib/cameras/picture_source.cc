#include "cameras/picture_source.h"

#include <algorithm>

#include "base/clock.h"
#include "base/mutex.h"
#include "resources/wait.h"

namespace sampleproc::cameras {

base::Result<std::unique_ptr<PictureSource>> OpenSource(const SourceRequest& request,
                                                        const SourceContext& context,
                                                        const base::Allowance& allowance) {
  const bool is_http = request.url.starts_with("http://") || request.url.starts_with("https://");
  return is_http ? OpenHttp(request, context, allowance) : OpenFiles(request, context, allowance);
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
