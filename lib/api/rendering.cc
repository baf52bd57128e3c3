#include "api/rendering.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace sampleproc::api {

Rendering::Rendering(const base::Clock& clock, std::function<std::string()> make)
    : clock_(clock), make_(std::move(make)) {}

http::SharedText Rendering::Get() {
  const base::MutexLock lock(mutex_);
  const base::MonoTime begun = clock_.Now();
  spent_ -= std::min(spent_, (begun - asked_) / kShare);
  asked_ = begun;
  if (!text_ || spent_ < kAtOnce) {
    text_ = std::make_shared<const std::string>(make_());
    spent_ += clock_.Now() - begun;
  }
  return text_;
}

}  // namespace sampleproc::api
