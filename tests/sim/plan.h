// What happens in one run, all of it drawn from the seed before it begins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "consumer/options.h"
#include "process/options.h"
#include "sim/picture.h"
#include "sim/scheduler.h"

namespace sampleproc::sim {

inline constexpr Time kMillisecond = 1'000'000;
inline constexpr Time kSecond = 1'000 * kMillisecond;

// What goes wrong for a while; `subject` is the number of a host, a sink, or 0.
enum class FaultKind {
  kSourceDown,     // refuses connections
  kSourceHangs,    // takes them and does not answer
  kRepliesLost,    // hands out frames, and some answers do not arrive
  kTakenOver,      // another consumer settles some of ours first
  kTrimmed,        // the stream is trimmed over frames that are in hand
  kSettlingFails,  // settlements get no answer, pulls do
  kHostDown,       // refuses connections
  kHostHangs,      // takes them and does not answer
  kHostSlow,       // answers after seconds
  kHostErrors,     // answers with 503
  kSinkFails,      // refuses connections
  kSinkHangs,      // does not answer
  kSinkTwice,      // takes records and says that it has not
  kMemoryTaken,    // somebody else has most of the budget
  kDiskFull,       // the spool cannot be written
  kOutOfMemory,    // allocations fail here and there
};
const char* NameOf(FaultKind kind);

struct Fault {
  FaultKind kind;
  int subject = 0;
  Time from = 0;
  Time to = 0;
};

// Where a camera's pixels are.
enum class Where { kEntry, kKey, kUrl };

// What is wrong with a camera's frames.
enum class Illness {
  kNone,
  kSlow,     // the detector takes seconds
  kHangs,    // the detector does not come back for a minute and more, once or twice
  kBroken,   // no picture
  kMissing,  // no pixels
};

struct CameraPlan {
  std::string id;  // empty: its frames name none
  Where where = Where::kEntry;
  int host = 0;  // of kUrl
  Illness illness = Illness::kNone;
  bool honest = true;  // neither ill nor flooding, and no fault of the plan is its host's
};

struct FramePlan {
  int camera = 0;
  std::string camera_id;  // the camera's, or one that was invented
  Time arrives = 0;
  Look look;
  bool broken = false;
  bool missing = false;
};

enum class Weather {
  kCalm,       // nothing goes wrong
  kNeighbour,  // one camera or host is bad, everything else is well
  kStorm,      // anything may go wrong at any time
};

struct Restart {
  Time at = 0;
  bool killed = false;  // else it is stopped
};

struct Plan {
  explicit Plan(std::uint64_t seed);

  std::uint64_t seed;
  Weather weather = Weather::kCalm;
  bool takes_back = true;  // a Redis stream; else a frame buffer
  bool spool = false;      // of a frame buffer
  int workers = 2;
  std::size_t budget = 0;
  int max_cameras = 64;
  int hosts = 3;
  int sinks = 1;
  consumer::Options consumer;
  process::Options process;
  std::vector<CameraPlan> cameras;
  std::vector<FramePlan> frames;  // by their arrival
  std::vector<Fault> faults;
  std::vector<Restart> restarts;
  Time last_arrival = 0;
  Time all_well = 0;  // when the last fault is over

  std::string Describe() const;
};

}  // namespace sampleproc::sim
