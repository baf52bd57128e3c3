// What is known of one camera whose pictures the service takes itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::cameras {

// Counts are since the camera was connected to first with the settings that it has.
struct CameraGauges {
  std::string id = {};
  bool connected = false;        // pictures come
  bool away = false;             // its condition lasts: it gives nothing that can be looked at
  bool refuses_login = false;    // it is away for that: 401 or 403 to a login
  bool ended = false;            // a file that is not to begin again is over
  std::uint64_t frames = 0;      // that came
  std::uint64_t looked_at = 0;   // that a worker has done
  std::uint64_t reconnects = 0;  // attempts after the first
  std::uint64_t decoder_errors = 0;
  // By reason: "fps" (too soon), "superseded" (a later one came before a worker was free),
  // "overload" (no worker would take it), "max_age" (none did in time), "failed" (a worker could
  // not do it), "memory" (there was none for it).
  std::map<std::string_view, std::uint64_t> dropped = {};
  std::optional<double> last_frame_age_seconds = {};
  int width = 0;  // of the one that was looked at last; 0: none was
  int height = 0;
  // Why it is away or gives nothing, or what was wrong with a file that has ended; no user name or
  // password is in it.
  std::string error = {};
};

}  // namespace sampleproc::cameras
