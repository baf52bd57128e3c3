// A body that is sent as it comes: it has no end of its own, or is too long to be held.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace sampleproc::http {

// Belongs to its response, and with that to a connection, which destroys it when the client is
// gone, takes nothing for too long, the service drains, or it is given another site. Its functions
// are called by one thread at a time. The client is sent nothing faster than it reads: what it does
// not take is not read.
class LiveBody {
 public:
  virtual ~LiveBody() = default;

  // Appends what is to be sent next, up to some 64 KiB. Nothing: nothing is there now, and `wake`
  // will be called when that has changed. False, with nothing appended: that was all.
  virtual bool Read(std::string& out) = 0;

  // Once, before the first Read. `wake` may be called from any thread, takes no lock of the
  // caller's and does not throw.
  virtual void OnNews(std::function<void()> wake) = 0;

  // Sent when nothing was for so long: a client, and what is between, sees that it is alive. Empty
  // where nothing may stand between what is sent; then Read is asked again.
  static constexpr std::chrono::seconds kSilence{15};
  virtual std::string_view SignOfLife() const = 0;
};

}  // namespace sampleproc::http
