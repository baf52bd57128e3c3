#include "live/login_pauses.h"

#include <algorithm>

#include "live/standing.h"

namespace sampleproc::live {

using std::chrono::milliseconds;
using std::chrono::seconds;

void LoginPauses::Tell(const std::string& password) {
  if (IsTold(password)) return;
  told_ = password;
  taken_ = false;
  refusals_ = 0;
}

void LoginPauses::Taken() {
  taken_ = true;
  refusals_ = 0;
}

seconds LoginPauses::Refused() {
  constexpr int kMostDoublings = 10;
  const int longer = refusals_++ - (taken_ ? kSoonTries : 0);
  if (longer < 0) return kSoon;
  return std::min<seconds>(kLongest, kFirst * (1 << std::min(longer, kMostDoublings)));
}

std::string LoginPauses::Outlook(milliseconds alone, base::WallTime now) {
  if (alone <= kSoon) return Standing::kTriedAgain;
  return "; it is not tried again before " +
         base::FormatTimestamp(std::chrono::floor<seconds>(now + alone)) +
         ", so that it does not lock the account, or at once when password_file has another "
         "password or the configuration of the camera is changed";
}

}  // namespace sampleproc::live
