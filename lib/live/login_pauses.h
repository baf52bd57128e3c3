// How long a login is left alone that was refused.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sampleproc::live {

// Cameras lock an account after five or so logins that fail within minutes, for everybody. A login
// that this camera has never taken is tried again after kFirst, then after twice as long each time,
// up to kLongest. One that it has taken before is tried kSoonTries times after kSoon first: while
// they start, cameras refuse users whom they know. A decision by what is told; one thread.
class LoginPauses {
 public:
  static constexpr std::chrono::seconds kSoon{2};
  static constexpr int kSoonTries = 2;
  static constexpr std::chrono::minutes kFirst{1};
  static constexpr std::chrono::minutes kLongest{10};

  // It is told this password now. Another one than before begins anew.
  void Tell(const std::string& password);
  bool IsTold(const std::string& password) const { return told_ == password; }
  // It has taken the login: there are pictures.
  void Taken();
  // It has refused it. How long to leave it alone.
  std::chrono::seconds Refused();

  // What is told of it behind the reason, when it is left alone for so long from `now` on, for its
  // login or, up to kSoon, for anything.
  static std::string Outlook(std::chrono::milliseconds alone, base::WallTime now);

 private:
  std::optional<std::string> told_;
  bool taken_ = false;
  int refusals_ = 0;  // in a row, whatever other failures came between
};

}  // namespace sampleproc::live
