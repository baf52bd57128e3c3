#include "live/camera_watch.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "base/text_file.h"
#include "resilience/retry_policy.h"

namespace sampleproc::live {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{4'000};

// Damaged pictures in a row after which the source is opened again: it may be of no use for ever.
constexpr int kMostDamaged = 100;

// Failures in a row that make a difference to the pause.
constexpr int kMostCounted = 10;

// Pictures in a row that find no memory, until that is told.
constexpr int kManyWithoutMemory = 10;

// A source whose pictures have come for so long is no longer taken to fail again at once: pauses
// begin anew with its next failure.
constexpr std::chrono::seconds kSettled{5};

// How often somebody who waits for frames looks whether that is still wanted.
constexpr milliseconds kLookAtStop{100};

}  // namespace

CameraWatch::CameraWatch(std::string id, cameras::Options options, frame::CameraPtr camera,
                         const WatchContext& context)
    : id_(std::move(id)),
      options_(std::move(options)),
      context_(context),
      frames_(std::make_shared<WatchedFrames>(id_, options_, std::move(camera), context)),
      login_(context_.logins, id_),
      reader_([this] { Read(); }) {}

CameraWatch::~CameraWatch() {
  BeginStop();
  reader_.join();
  frames_->Cancel();
  frames_->standing().Close();
}

void CameraWatch::BeginStop() {
  stop_.Cancel();
  frames_->TakeNoMore();
}

void CameraWatch::Cancel() {
  BeginStop();
  frames_->Cancel();
}

bool CameraWatch::AwaitIdle(const base::Deadline& end) { return frames_->AwaitIdle(end); }

cameras::CameraGauges CameraWatch::gauges() const { return frames_->gauges(); }

bool CameraWatch::IsFor(const cameras::Options& options, const frame::CameraPtr& camera) const {
  return options_ == options && frames_->camera() == camera;
}

void CameraWatch::Read() {
  resilience::RetryPolicy pauses(kFirstPause, kLongestPause, context_.ids.Next());
  const base::Allowance allowance{.cancel = stop_};
  while (!stop_.Cancelled()) {
    milliseconds pause{0};
    try {
      const base::Result<void> read = ReadOnce();
      if (stop_.Cancelled()) return;
      if (read) break;
      const bool refuses_login = read.error().code == ErrorCode::kUnauthorized;
      if (refuses_login) {
        pause = login_.Refused(read.error().message);
      } else {
        login_.Ended();
      }
      frames_->standing().Away(read.error().message,
                               LoginPauses::Outlook(pause, context_.work.clock.Wall()),
                               refuses_login);
    } catch (const std::exception&) {
      // No memory, not even to say so: what follows is the same.
    }
    if (pause == milliseconds(0)) pause = pauses.Pause(std::min(++failures_, kMostCounted));
    if (!login_.Await(pause, [this] { return Password(); }, allowance)) return;
    frames_->Reconnects();
  }
  if (!stop_.Cancelled()) HasEnded();
}

// Until the source's end or failure.
base::Result<void> CameraWatch::ReadOnce() {
  const base::Allowance allowance{.cancel = stop_};
  auto password = Password();
  if (!password) return std::unexpected(std::move(password.error()));
  login_.Tell(Login::Of(options_.url, *password), *password);
  auto source = cameras::OpenSource(
      {.url = options_.url,
       .password = std::move(*password),
       .ca_file = options_.ca_file,
       .fps = options_.fps,
       .loop = options_.loop,
       .transport = options_.transport,
       .decode = options_.decode,
       .stall_after = options_.stall_after,
       .keep_encoded = frames_->clips().Wants(),
       .before_login = [this](const base::Allowance& wanted) { return login_.Begin(wanted); }},
      {context_.source.codec, context_.source.net, frames_->memory(),
       context_.source.budget_patience, context_.source.video_module},
      allowance);
  if (!source) return std::unexpected(std::move(source.error()));
  login_.Taken();
  Standing& standing = frames_->standing();
  // Opened again, files begin with what they have given.
  const bool gives_once = cameras::NamesFile(options_.url) && !options_.loop;
  int damaged = 0;
  int without_memory = 0;
  std::optional<base::MonoTime> first;
  while (!stop_.Cancelled()) {
    const base::MonoTime cpu_since = base::ThreadCpuClock().Now();
    auto shot = (*source)->Next(
        [this](std::optional<base::WallTime> taken) { return frames_->Came(taken); }, allowance);
    if (shot && !*shot) return {};
    if (shot) {
      damaged = 0;
      without_memory = 0;
      const base::MonoTime now = base::SystemClock().Now();
      if (now - first.emplace(first.value_or(now)) >= kSettled) failures_ = 0;
      login_.Taken();
      standing.Came();
      if ((*shot)->passed_over) {
        frames_->PassOver(**shot);
      } else {
        frames_->Offer(std::move(**shot), base::ThreadCpuClock().Now() - cpu_since);
      }
      continue;
    }
    const ErrorCode code = shot.error().code;
    frames_->SourceFailed(code);
    if (code == ErrorCode::kOverloaded && ++without_memory == kManyWithoutMemory) {
      standing.FindsNoMemory();
    }
    if (!(*source)->CanGoOn() || (++damaged >= kMostDamaged && !gives_once)) {
      return std::unexpected(std::move(shot.error()));
    }
    if (code != ErrorCode::kOverloaded && code != ErrorCode::kCancelled) {
      standing.CannotLook(standing.connection(), shot.error().message);
    }
  }
  return {};
}

base::Result<std::string> CameraWatch::Password() const {
  if (options_.password_file.empty()) return std::string();
  return base::ReadPassword("password_file", options_.password_file, base::Reading::kAgain);
}

// What has become of the last pictures belongs to what is told.
void CameraWatch::HasEnded() noexcept {
  try {
    frames_->standing().HasEnded();
    while (!frames_->AwaitIdle(base::Deadline(base::SystemClock(), kLookAtStop))) {
      if (stop_.Cancelled()) return;
    }
    frames_->standing().End();
  } catch (const std::exception&) {
    // No memory to say so; the gauges tell that it has ended.
  }
}

}  // namespace sampleproc::live
