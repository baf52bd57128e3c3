// Which camera may try a login, where several have the same one at the same host.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "live/login_pauses.h"

namespace sampleproc::live {

// What a host locks after some failures: an account of its, whichever camera asked with it.
struct Login {
  std::string host;
  std::uint16_t port = 0;
  std::string user_and_password;

  auto operator<=>(const Login&) const = default;

  // What a camera with this URL and password tells; "" in all of it when it tells nothing.
  static Login Of(const std::string& url, const std::string& password);
};

// The logins of all cameras. While it is not known whether a host takes a login, one camera tries
// it and the others wait for what comes of that. A login that was refused is left alone by all of
// them, see LoginPauses. One that is taken is everybody's: nobody waits. Thread-safe.
class Logins {
 public:
  // What a try may take until the next camera tries as well: a host may hang.
  static constexpr std::chrono::seconds kTry{5};
  // Longest wait for the tries of others.
  static constexpr std::chrono::seconds kWait{10};
  // For so long after a pause the camera that was refused lets others try: it may have no right to
  // its own pictures only.
  static constexpr std::chrono::seconds kOthersFirst{1};

  class Camera;

  // The cameras that are made from now on have just been configured, all at once: a login of theirs
  // that was refused before is tried at once, and once for all of them.
  void Configured();

 private:
  struct Shared;

  base::MonoTime configured_at();

  std::shared_ptr<Shared> Find(const Login& login);

  base::Mutex mutex_;
  std::map<Login, std::weak_ptr<Shared>> all_ GUARDED_BY(mutex_);
  base::MonoTime configured_at_ GUARDED_BY(mutex_){};
};

// One camera's part in it. One thread.
class Logins::Camera {
 public:
  // `logins` must outlive it. `id` is for messages.
  Camera(Logins& logins, std::string id);
  ~Camera();
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  // What it is about to connect with: `login`, which has this `password` in it.
  void Tell(const Login& login, const std::string& password);

  // It is about to tell the login to its host: waits for its turn. Fails with kUnauthorized when
  // another camera was refused and it is too soon for the next try, with kUnavailable when the
  // tries of others take longer than kWait, and with kCancelled.
  base::Result<void> Begin(const base::Allowance& allowance);
  // What came of that: there are pictures, or
  void Taken();
  // it was refused, for this reason, be it before it was told or by Begin; how long to leave it
  // alone; or
  std::chrono::milliseconds Refused(const std::string& why);
  // anything else.
  void Ended();

  // Waits for so long, or until `password` gives another one than the camera was told, or the host
  // takes the login of another camera that had been refused. What `password` cannot give is no
  // other. False: it is not to be tried again (`allowance`).
  bool Await(std::chrono::milliseconds alone,
             const std::function<base::Result<std::string>()>& password,
             const base::Allowance& allowance);

 private:
  bool IsTaken() const;

  Logins& logins_;
  const std::string id_;
  const base::MonoTime configured_at_;
  std::shared_ptr<Shared> shared_;
  LoginPauses own_;          // of what concerns this camera alone
  bool works_ = false;       // it was taken when it was tried last
  bool alone_ = false;       // it is refused, and others are not
  bool left_alone_ = false;  // since it, or another, was refused, until it tries again
  bool trying_ = false;      // since Begin
  bool denied_ = false;      // by Begin, as another camera was refused
  std::uint64_t since_ = 0;  // how many refusals there were when the try began
};

}  // namespace sampleproc::live
