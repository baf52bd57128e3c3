// One line in the log for every request.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "http/chain.h"
#include "telemetry/first_few.h"

namespace sampleproc::http {

// Method, path (its first 200 bytes; never the query, which may hold what is nobody's business),
// status, time, client and id, the trace that is recorded or that the caller has sent; of an answer
// about one frame, which it is and of which camera, of a frame that nobody has read what the
// query's frame_id and camera_id say; of a problem its type and its detail, the first 200 bytes. Of
// a head that could not be parsed, what of it could be read. At level info; 500 is an error, 502 to
// 504 are warnings. Probes and /metrics, asked every few seconds by machines, are lines of level
// debug.
//
// With kFailedFrames only requests that were to bring frames (Route::frames) and got a problem for
// an answer, or whose client has gone, have one, with another message: of those of a camera and a
// level the first few of a row (telemetry::FirstFewOfEach), the others at level debug.
class AccessLog final : public Middleware {
 public:
  enum class Lines { kAll, kFailedFrames };
  using Mask = std::string (*)(std::string_view);

  // Logger and clock must outlive the chain. `mask` takes out of a text what nobody should read.
  AccessLog(base::Logger& log, const base::Clock& clock, Mask mask, Lines lines = Lines::kAll)
      : log_(log), clock_(clock), mask_(mask), lines_(lines) {}

  void OnResponse(const Request& request, Response& response) override;

 private:
  std::string Shown(std::string_view text, std::size_t most) const;
  // At which level the answer has a line; nothing when it has none.
  std::optional<base::LogLevel> LevelOf(const Request& request, const Response& response);

  base::Logger& log_;
  const base::Clock& clock_;
  const Mask mask_;
  const Lines lines_;
  base::Mutex mutex_;
  std::map<base::LogLevel, telemetry::FirstFewOfEach> few_ GUARDED_BY(mutex_);  // of failed frames
};

}  // namespace sampleproc::http
