#include "live/standing.h"

#include <string_view>
#include <utility>

#include "telemetry/first_few.h"

namespace sampleproc::live {

Standing::Standing(StandingOptions options, const base::Clock& clock,
                   telemetry::Conditions& conditions, base::Logger& log)
    : options_(std::move(options)), clock_(clock), conditions_(conditions), log_(log) {}

Standing::Connection Standing::connection() const {
  const base::MutexLock lock(mutex_);
  return connection_;
}

void Standing::Came() {
  const base::MutexLock lock(mutex_);
  if (!is_wrong_) Show({.connected = true});
}

void Standing::Away(const std::string& why, const std::string& outlook, bool refuses_login) {
  const base::MutexLock lock(mutex_);
  ++connection_;
  Show({.refuses_login = refuses_login, .error = why});
  const bool is_news = refuses_login && !std::exchange(refusal_logged_, true) && is_wrong_;
  IsWrong(why, outlook);
  if (!is_news || closed_) return;
  log_.Warning("camera: it refuses the login",
               {{"camera", std::string_view(options_.camera)},
                {"error", std::string_view(why)},
                {"outlook", std::string_view(outlook).substr(outlook.find_first_not_of("; "))}});
}

// It stays connected, and its next picture may be looked at.
void Standing::FindsNoMemory() {
  const base::MutexLock lock(mutex_);
  IsWrong("there is no memory for its pictures",
          ": raise resources.memory_limit, or have fewer or smaller cameras");
}

void Standing::HasEnded() {
  const base::MutexLock lock(mutex_);
  Show({.ended = true});
}

void Standing::End() {
  const base::MutexLock lock(mutex_);
  if (closed_) return;
  Show({.ended = true, .error = last_why_});
  if (failed_ > 0 && !any_looked_at_) {
    IsWrong(last_why_, "; it has ended, and not one picture of it could be looked at");
  } else {
    IsBack();
  }
  log_.Info("camera: its file has ended",
            {{"camera", std::string_view(options_.camera)}, {"failed_pictures", failed_}});
}

void Standing::LookedAt(Connection connection) {
  const base::MutexLock lock(mutex_);
  any_looked_at_ = true;
  useless_since_.reset();
  if (connection != connection_) return;
  is_unusable_ = false;
  if (is_wrong_) Show({.connected = true});
  IsBack();
}

void Standing::CannotLook(Connection connection, const std::string& why) {
  const base::MutexLock lock(mutex_);
  ++failed_;
  const base::MonoTime now = clock_.Now();
  LogWhy(why, now);
  last_why_ = why;
  if (!useless_since_) useless_since_ = now;
  if (connection != connection_) return;
  if (!is_wrong_ && now - *useless_since_ < options_.patience) return;
  is_unusable_ = true;
  Show({.error = why});
  IsWrong(why, {});
}

// What a camera does all the time is told once, however long it lasts.
void Standing::LogWhy(const std::string& why, base::MonoTime now) {
  using Row = telemetry::FirstFew;
  if (!options_.is_file && now - std::exchange(failed_at_, now) >= Row::kQuiet) logged_ = 0;
  const bool is_news = logged_ == 0 || why != last_why_;
  if (closed_ || !is_news || logged_ == Row::kLines || (is_wrong_ && !options_.is_file)) return;
  ++logged_;
  log_.Warning("camera: a picture cannot be looked at",
               {{"camera", std::string_view(options_.camera)}, {"error", std::string_view(why)}});
}

void Standing::NotTried(Connection connection) {
  const base::MutexLock lock(mutex_);
  if (connection != connection_ || is_unusable_ || !is_wrong_) return;
  Show({.connected = true});
  IsBack();
}

void Standing::Close() {
  const base::MutexLock lock(mutex_);
  IsBack();
  conditions_.Forget(telemetry::condition::kCamera, options_.camera);
  closed_ = true;
}

void Standing::Tell(cameras::CameraGauges& gauges) const {
  const base::MutexLock lock(told_mutex_);
  gauges.connected = told_.connected;
  gauges.ended = told_.ended;
  gauges.refuses_login = told_.refuses_login;
  gauges.error = told_.error;
  gauges.away = told_wrong_;
}

void Standing::IsBack() {
  if (!std::exchange(is_wrong_, false)) return;
  refusal_logged_ = false;
  ShowWrong(false);
  conditions_.Clear(telemetry::condition::kCamera, options_.camera);
}

void Standing::IsWrong(const std::string& why, const std::string& outlook) {
  if (closed_) return;
  is_wrong_ = true;
  ShowWrong(true);
  conditions_.Raise(telemetry::condition::kCamera, options_.camera, why + outlook);
}

void Standing::ShowWrong(bool is_wrong) {
  const base::MutexLock lock(told_mutex_);
  told_wrong_ = is_wrong;
}

// What has ended stays so, whatever is still found of its last pictures.
void Standing::Show(Told told) {
  const base::MutexLock lock(told_mutex_);
  if (told_.ended) {
    told.ended = true;
    told.connected = false;
  }
  told_ = std::move(told);
}

}  // namespace sampleproc::live
