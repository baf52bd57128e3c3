// The rows of what is kept of events.
#include "config/schema_rows.h"

namespace sampleproc::config {

void AddEventRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "events.history",
       .kind = Kind::kString,
       .max = 4000,
       .help = "File in which events of the step \"track\" are kept, a database of SQLite: "
               "GET /events answers from it, and streams of events go on where they stopped. It "
               "is made when it is not there, with files beside it whose names begin alike; one "
               "process uses it at a time, no other program can read it meanwhile, and a network's "
               "file system is no place for it. What "
               "was open when the service died ends at the next start with the reason "
               "\"restart\". Empty keeps none: events are told while they happen."},
      [](auto& c) -> auto& { return c.events.path; }));
  rows.push_back(Bind({.path = "events.history_age",
                       .kind = Kind::kDuration,
                       .min = kMinute,
                       .max = 3650 * 24 * kHour,
                       .help = "Messages of events that came longer ago are deleted, to a minute."},
                      [](auto& c) -> auto& { return c.events.age; }));
  rows.push_back(
      Bind({.path = "events.history_bytes",
            .kind = Kind::kSize,
            .min = 8 * kMiB,
            .max = 1024 * kGiB,
            .help = "Most that the history's files take together; the oldest messages are deleted "
                    "for new ones. A message takes about a kilobyte."},
           [](auto& c) -> auto& { return c.events.bytes; }));
}

}  // namespace sampleproc::config
