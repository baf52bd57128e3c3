#include "live/logins.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "cameras/login_refusal.h"
#include "cameras/picture_source.h"
#include "net/url.h"

namespace sampleproc::live {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How often it is looked whether there is another password.
constexpr seconds kLook{1};

}  // namespace

Login Login::Of(const std::string& url, const std::string& password) {
  const std::string whole = cameras::UrlWithPassword({.url = url, .password = password});
  auto parts = net::ParseUrl(whole);
  if (!parts) parts = net::ParseRtspUrl(whole);
  if (!parts) return {};
  std::string told = std::move(parts->userinfo);
  if (told.empty()) told = cameras::PasswordIn(parts->target);
  if (told.empty()) return {};
  return {base::Lowercase(parts->host), parts->port, std::move(told)};
}

// What is known of one login.
struct Logins::Shared {
  base::Mutex mutex;
  base::CondVar changed;
  LoginPauses pauses GUARDED_BY(mutex);
  bool works GUARDED_BY(mutex) = false;              // it was taken, and not refused since
  const Camera* trying GUARDED_BY(mutex) = nullptr;  // while it does not work
  base::MonoTime try_ends GUARDED_BY(mutex){};
  const Camera* refused GUARDED_BY(mutex) = nullptr;  // the last one
  base::MonoTime refused_at GUARDED_BY(mutex){};
  base::MonoTime pause_ends GUARDED_BY(mutex){};
  std::uint64_t refusals GUARDED_BY(mutex) = 0;
  std::string who GUARDED_BY(mutex);
  std::string why GUARDED_BY(mutex);
};

std::shared_ptr<Logins::Shared> Logins::Find(const Login& login) {
  const base::MutexLock lock(mutex_);
  std::erase_if(all_, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<Shared>& known = all_[login];
  auto shared = known.lock();
  if (shared == nullptr) {
    shared = std::make_shared<Shared>();
    known = shared;
  }
  return shared;
}

void Logins::Configured() {
  const base::MutexLock lock(mutex_);
  configured_at_ = base::SystemClock().Now();
}

base::MonoTime Logins::configured_at() {
  const base::MutexLock lock(mutex_);
  return configured_at_;
}

Logins::Camera::Camera(Logins& logins, std::string id)
    : logins_(logins), id_(std::move(id)), configured_at_(logins.configured_at()) {}

Logins::Camera::~Camera() { Ended(); }

void Logins::Camera::Tell(const Login& login, const std::string& password) {
  if (own_.IsTold(password)) return;
  Ended();
  shared_ = login == Login{} ? nullptr : logins_.Find(login);
  own_.Tell(password);
  works_ = false;
  alone_ = false;
}

base::Result<void> Logins::Camera::Begin(const base::Allowance& allowance) {
  left_alone_ = false;
  denied_ = false;
  if (shared_ == nullptr) return {};
  const base::Deadline patience(base::SystemClock(), kWait);
  Shared& shared = *shared_;
  const base::MutexLock lock(shared.mutex);
  while (!shared.works && shared.trying != this) {
    if (allowance.cancel.Cancelled()) return allowance.Check("waiting for a login");
    const base::MonoTime now = base::SystemClock().Now();
    const bool is_news = configured_at_ > shared.refused_at;
    if (now < shared.pause_ends && !is_news) {
      denied_ = true;
      return base::Fail(ErrorCode::kUnauthorized,
                        "the login is not tried, as its host has refused the same one to the "
                        "camera " +
                            shared.who + ": " + shared.why);
    }
    base::MonoTime wake = shared.try_ends;
    if (shared.trying == nullptr || now >= shared.try_ends) {
      const base::MonoTime turn = shared.pause_ends + kOthersFirst;
      const bool is_turn = shared.refused != this || shared_.use_count() == 1 || now >= turn;
      if (is_turn) {
        shared.trying = this;
        shared.try_ends = now + kTry;
        break;
      }
      wake = turn;
    }
    if (patience.Expired()) {
      return base::Fail(
          ErrorCode::kUnavailable,
          "other cameras of its host try the same login, and there is no answer for " +
              std::to_string(kWait.count()) + " s");
    }
    const base::Deadline woken(base::SystemClock(), wake - now);
    shared.changed.WaitUntil(shared.mutex, base::Deadline::Earlier(woken, patience),
                             allowance.cancel);
  }
  if (!std::exchange(trying_, true)) since_ = shared.refusals;
  return {};
}

void Logins::Camera::Taken() {
  if (!std::exchange(trying_, false)) return;
  own_.Taken();
  works_ = true;
  alone_ = false;
  Shared& shared = *shared_;
  const base::MutexLock lock(shared.mutex);
  if (shared.trying == this) shared.trying = nullptr;
  // What began before a refusal says nothing of the time after it.
  if (shared.refusals != since_) return;
  shared.works = true;
  shared.pauses.Taken();
  shared.changed.NotifyAll();
}

milliseconds Logins::Camera::Refused(const std::string& why) {
  if (shared_ == nullptr) return own_.Refused();
  left_alone_ = true;
  const base::MonoTime now = base::SystemClock().Now();
  const bool tried = std::exchange(trying_, false);
  const bool worked = tried && std::exchange(works_, false);
  Shared& shared = *shared_;
  const base::MutexLock lock(shared.mutex);
  if (shared.trying == this) shared.trying = nullptr;
  // Without having been told a login, or while others are let in with it.
  const bool denied = std::exchange(denied_, false);
  alone_ = tried ? shared.works && !worked && shared.refusals == since_ : !denied;
  const seconds own = tried || alone_ ? own_.Refused() : seconds(0);
  if (alone_) {
    shared.changed.NotifyAll();
    return own;
  }
  if (tried && shared.refusals == since_) {
    ++shared.refusals;
    shared.works = false;
    shared.refused = this;
    shared.refused_at = now;
    shared.pause_ends = now + shared.pauses.Refused();
    shared.who = id_;
    shared.why = why;
  }
  shared.changed.NotifyAll();
  return std::max(std::chrono::ceil<milliseconds>(shared.pause_ends - now), milliseconds(1));
}

void Logins::Camera::Ended() {
  if (!std::exchange(trying_, false)) return;
  const base::MutexLock lock(shared_->mutex);
  if (shared_->trying != this) return;
  shared_->trying = nullptr;
  shared_->changed.NotifyAll();
}

bool Logins::Camera::IsTaken() const {
  if (shared_ == nullptr || alone_ || !left_alone_) return false;
  const base::MutexLock lock(shared_->mutex);
  return shared_->works;
}

bool Logins::Camera::Await(milliseconds alone,
                           const std::function<base::Result<std::string>()>& password,
                           const base::Allowance& allowance) {
  const base::MonoTime end = base::SystemClock().Now() + alone;
  while (base::SystemClock().Now() < end) {
    const base::MonoTime look = base::SystemClock().Now() + kLook;
    if (!cameras::SleepUntil(std::min(look, end), allowance)) return false;
    const auto now = password();
    if ((now && !own_.IsTold(*now)) || IsTaken()) return true;
  }
  return true;
}

}  // namespace sampleproc::live
