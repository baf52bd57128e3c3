// The rows of what is kept of events.
#include "config/schema_rows.h"

namespace sampleproc::config {
namespace {

void AddSnapshotRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "events.snapshots",
       .kind = Kind::kString,
       .max = 4000,
       .help =
           "Folder in which a picture of each event is kept, the frame in which the thing was "
           "found most surely: GET /events/{event_id}/snapshot.jpg answers with it. What came "
           "as a JPEG is kept as it came. The folder is made when it is not there; one process "
           "uses it at a time, and of what else is in it nothing is touched. Empty keeps none."},
      [](auto& c) -> auto& { return c.snapshots.path; }));
  rows.push_back(Bind({.path = "events.snapshots_max_age",
                       .kind = Kind::kDuration,
                       .min = kMinute,
                       .max = 3650 * 24 * kHour,
                       .help = "Pictures that came longer ago are deleted, to a minute."},
                      [](auto& c) -> auto& { return c.snapshots.age; }));
  rows.push_back(
      Bind({.path = "events.snapshots_max_bytes",
            .kind = Kind::kSize,
            .min = kMiB,
            .max = 1024 * kGiB,
            .help = "Most that the pictures' files take together, to the byte; the oldest are "
                    "deleted for new ones. A picture has the size of its frame."},
           [](auto& c) -> auto& { return c.snapshots.bytes; }));
  rows.push_back(Bind({.path = "events.snapshots_max_files",
                       .kind = Kind::kInt,
                       .min = 1,
                       .max = 1'000'000,
                       .unit = "files",
                       .help = "Most pictures that are kept; the oldest are deleted for new ones. "
                               "Each takes 192 bytes of resources.memory_limit."},
                      [](auto& c) -> auto& { return c.snapshots.files; }));
}

}  // namespace

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
  AddSnapshotRows(rows);
}

}  // namespace sampleproc::config
