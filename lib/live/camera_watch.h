// One camera whose pictures the service takes itself: a thread that reads them, and at most two of
// its frames on their way.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/deadline.h"
#include "cameras/camera_gauges.h"
#include "cameras/options.h"
#include "frame/camera.h"
#include "live/logins.h"
#include "live/watched_frames.h"

namespace sampleproc::live {

// Reads from the moment it exists. What fails is tried again, with pauses of up to 4 s, for as long
// as the watch lives; meanwhile that is a condition, see Standing. A camera that refuses its login
// is left alone for longer (Logins), until the password file says something else. Frames of
// the camera are worked on one at a time; of those that come meanwhile the latest one waits and the
// others are dropped. Each picture that is to be looked at is a trace of its own, "watch", until
// what was found is delivered, or it is dropped. Destroying it ends the reader and takes back what
// waits; a frame in work ends by itself.
class CameraWatch {
 public:
  CameraWatch(std::string id, cameras::Options options, frame::CameraPtr camera,
              const WatchContext& context);
  ~CameraWatch();
  CameraWatch(const CameraWatch&) = delete;
  CameraWatch& operator=(const CameraWatch&) = delete;

  cameras::CameraGauges gauges() const;

  // Takes no more pictures; the reader ends soon, and what waits is taken back.
  void BeginStop();
  // The same, and a frame that is in work is to be ended.
  void Cancel();
  // Waits until no worker has a frame of it, nor is about to. False when `end` came first.
  bool AwaitIdle(const base::Deadline& end);

  // Whether it is just what these would make.
  bool IsFor(const cameras::Options& options, const frame::CameraPtr& camera) const;

 private:
  void Read();
  base::Result<void> ReadOnce();
  base::Result<std::string> Password() const;
  void HasEnded() noexcept;

  const std::string id_;
  const cameras::Options options_;
  const WatchContext context_;
  const std::shared_ptr<WatchedFrames> frames_;
  const base::CancelFlag stop_;
  int failures_ = 0;      // in a row; the reader's own
  Logins::Camera login_;  // likewise
  std::thread reader_;
};

}  // namespace sampleproc::live
