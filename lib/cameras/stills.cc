#include "cameras/stills.h"

#include <algorithm>
#include <utility>

namespace sampleproc::cameras {

// By the clock, so that a new run does not repeat the numbers of the one before.
Stills::Stills(resources::MemoryBudget& budget, const base::Clock& clock)
    : budget_(budget),
      clock_(clock),
      next_(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(clock.Wall().time_since_epoch())
              .count())) {}

StillPtr& Stills::Held(Camera& camera, bool annotated) {
  return annotated ? camera.annotated : camera.plain;
}

void Stills::Tell(Answers answers) noexcept {
  for (Answer& answer : answers) answer.deliver(std::move(answer.still));
}

void Stills::Want(Camera& camera, const Wants& wants) {
  const bool before = camera.wants.Any();
  camera.wants = wants;
  if (!before && wants.Any()) wanted_.fetch_add(1, std::memory_order_relaxed);
  if (before && !wants.Any()) wanted_.fetch_sub(1, std::memory_order_relaxed);
}

Stills::Cameras::iterator Stills::Erase(Cameras::iterator camera) {
  Want(camera->second, {});
  return cameras_.erase(camera);
}

// Those waits end of which `ends` says so, with what there is.
template <typename Ends>
void Stills::End(Camera& camera, const Ends& ends, Answers& answers) {
  const auto over = std::ranges::stable_partition(
      camera.waiting, [&ends](const Waiting& each) { return !ends(each); });
  for (Waiting& each : over) {
    answers.push_back({std::move(each.deliver), Held(camera, each.annotated)});
    --waiting_;
  }
  camera.waiting.erase(over.begin(), over.end());
}

// This kind was made, or cannot be.
void Stills::Settle(Camera& camera, bool annotated, Answers& answers) {
  Wants wants = camera.wants;
  wants.Of(annotated) = false;
  Want(camera, wants);
  End(camera, [annotated](const Waiting& each) { return each.annotated == annotated; }, answers);
}

// One more than there may be takes the place of the one that nobody has asked for the longest, if
// nobody waits for that.
Stills::Camera* Stills::CameraOf(const std::string& id, base::MonoTime now) {
  const auto known = cameras_.find(id);
  if (known != cameras_.end()) return &known->second;
  if (cameras_.size() >= kMostCameras) {
    const auto oldest = std::ranges::min_element(cameras_, {}, [](const auto& each) {
      return std::pair(!each.second.waiting.empty(), each.second.asked);
    });
    if (!oldest->second.waiting.empty()) return nullptr;
    Erase(oldest);
  }
  return &cameras_
              .emplace(id, Camera{.plain = nullptr,
                                  .annotated = nullptr,
                                  .asked = now,
                                  .wants = {},
                                  .waiting = {}})
              .first->second;
}

void Stills::Ask(const std::string& camera_id, bool annotated,
                 std::optional<std::chrono::nanoseconds> age, Deliver deliver) {
  const base::MonoTime now = clock_.Now();
  StillPtr still;
  {
    const base::MutexLock lock(mutex_);
    Camera* const camera = closed_ ? nullptr : CameraOf(camera_id, now);
    if (camera != nullptr) {
      camera->asked = now;
      still = Held(*camera, annotated);
      if (!still || now - still->made >= kFresh) {
        Want(*camera, {.plain = true, .annotated = true});
        const bool is_last = still && age && now - still->made <= *age;
        if (age && *age < kLive && !is_last && waiting_ < kMostWaiting) {
          camera->waiting.push_back({annotated, now, std::move(deliver)});
          ++waiting_;
          return;
        }
      }
    }
  }
  deliver(std::move(still));
}

Stills::Wants Stills::WantedOf(const std::string& camera_id) const {
  const base::MutexLock lock(mutex_);
  const auto camera = cameras_.find(camera_id);
  return camera == cameras_.end() ? Wants{} : camera->second.wants;
}

void Stills::Put(const std::string& camera_id, bool annotated, std::string jpeg) {
  std::shared_ptr<Still> still;
  if (auto memory = budget_.TryReserve(jpeg.size(), "a camera's picture"); memory) {
    still = std::make_shared<Still>();
    still->jpeg = std::move(jpeg);
    still->annotated = annotated;
    still->made = clock_.Now();
    still->made_wall = clock_.Wall();
    still->memory = std::move(*memory);
  }
  Answers answers;
  {
    const base::MutexLock lock(mutex_);
    const auto found = cameras_.find(camera_id);
    if (found == cameras_.end()) return;
    Camera& camera = found->second;
    if (still) {
      still->number = next_++;
      Held(camera, annotated) = std::move(still);
    }
    Settle(camera, annotated, answers);
  }
  Tell(std::move(answers));
}

void Stills::GiveUp(const std::string& camera_id) {
  Answers answers;
  {
    const base::MutexLock lock(mutex_);
    const auto camera = cameras_.find(camera_id);
    if (camera == cameras_.end()) return;
    Want(camera->second, {});
    End(camera->second, [](const Waiting&) { return true; }, answers);
  }
  Tell(std::move(answers));
}

void Stills::LookAfter() {
  const base::MonoTime now = clock_.Now();
  Answers answers;
  {
    const base::MutexLock lock(mutex_);
    for (auto camera = cameras_.begin(); camera != cameras_.end();) {
      End(
          camera->second, [now](const Waiting& each) { return now - each.since >= kPatience; },
          answers);
      const bool forgotten =
          camera->second.waiting.empty() && now - camera->second.asked >= kWanted;
      camera = forgotten ? Erase(camera) : std::next(camera);
    }
  }
  Tell(std::move(answers));
}

void Stills::Close() {
  Answers answers;
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    for (auto camera = cameras_.begin(); camera != cameras_.end();) {
      End(camera->second, [](const Waiting&) { return true; }, answers);
      camera = Erase(camera);
    }
  }
  Tell(std::move(answers));
}

}  // namespace sampleproc::cameras
