// Whether a camera gives pictures that can be looked at, and what is told when it does not.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "cameras/camera_gauges.h"
#include "telemetry/conditions.h"

namespace sampleproc::live {

struct StandingOptions {
  std::string camera;
  bool is_file = false;  // which may begin again: what of it cannot be looked at is told once
  // For so long pictures may come of which none can be looked at.
  std::chrono::milliseconds patience{10'000};
};

// Thread-safe. A camera that gives nothing is a condition, whose subject it is: it is away, or of
// its pictures none could be looked at for as long as the patience is. A picture that cannot be
// looked at ends neither; one that nobody has tried to look at ends the first.
class Standing {
 public:
  static constexpr const char* kTriedAgain = "; it is tried again until it is back";

  // Both references must outlive it.
  Standing(StandingOptions options, const base::Clock& clock, telemetry::Conditions& conditions,
           base::Logger& log);

  // Connections to the source, counted: what becomes of a picture says nothing of a later one.
  using Connection = int;
  Connection connection() const;

  // Told by who reads: a picture has come, and is to be looked at.
  void Came();
  // The source is away, and is tried again; `outlook`, which follows `why`, says when. That it
  // refuses the login is a line of the log of its own where the condition began with something
  // else: only that needs somebody to do something.
  void Away(const std::string& why, const std::string& outlook = kTriedAgain,
            bool refuses_login = false);
  // There has been no memory for some pictures.
  void FindsNoMemory();
  // The source has ended, and is not read again. What has become of all its pictures is told after
  // this, before End.
  void HasEnded();
  void End();

  // Told of each picture, by whoever knows first. It was looked at:
  void LookedAt(Connection connection);
  // It cannot be, and this is why. The log has the first reasons of a row, as long as the condition
  // does not say it:
  void CannotLook(Connection connection, const std::string& why);
  // Nobody has tried.
  void NotTried(Connection connection);

  // Ends the condition; from now on nothing is told.
  void Close();

  // Fills in what is known here.
  void Tell(cameras::CameraGauges& gauges) const;

 private:
  struct Told {
    bool connected = false;
    bool ended = false;
    bool refuses_login = false;
    std::string error = {};
  };

  void LogWhy(const std::string& why, base::MonoTime now) REQUIRES(mutex_);
  void IsBack() REQUIRES(mutex_);
  void IsWrong(const std::string& why, const std::string& outlook) REQUIRES(mutex_);
  void Show(Told told) REQUIRES(mutex_);
  void ShowWrong(bool is_wrong) REQUIRES(mutex_);

  const StandingOptions options_;
  const base::Clock& clock_;
  telemetry::Conditions& conditions_;
  base::Logger& log_;

  // Held while something is told, so that this happens in the right order.
  mutable base::Mutex mutex_;
  Connection connection_ GUARDED_BY(mutex_) = 0;
  bool is_wrong_ GUARDED_BY(mutex_) = false;        // the condition is raised
  bool refusal_logged_ GUARDED_BY(mutex_) = false;  // since it was
  // Only a picture that is looked at ends it.
  bool is_unusable_ GUARDED_BY(mutex_) = false;
  std::optional<base::MonoTime> useless_since_ GUARDED_BY(mutex_);
  bool any_looked_at_ GUARDED_BY(mutex_) = false;
  std::int64_t failed_ GUARDED_BY(mutex_) = 0;
  std::string last_why_ GUARDED_BY(mutex_);
  int logged_ GUARDED_BY(mutex_) = 0;
  base::MonoTime failed_at_ GUARDED_BY(mutex_){};
  bool closed_ GUARDED_BY(mutex_) = false;

  // For those who ask, who do not wait for a log.
  mutable base::Mutex told_mutex_;
  Told told_ GUARDED_BY(told_mutex_);
  bool told_wrong_ GUARDED_BY(told_mutex_) = false;
};

}  // namespace sampleproc::live
