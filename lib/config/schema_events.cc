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
           "as a JPEG is kept as it came. The folder is made when it is not there and the one "
           "above "
           "it is; one process "
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

void AddClipRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "events.clips",
       .kind = Kind::kString,
       .max = 4000,
       .help =
           "Folder in which a clip of each event is kept, what its camera sent from "
           "events.clip_before before it began to events.clip_after after it ended: GET "
           "/events/{event_id}/clip answers with it, a Matroska file (.mkv) that players open. "
           "What came as JPEGs is in it as it came; of other frames, and of cameras that send "
           "video, what is looked at is encoded once, some five pictures a second of at most 1280 "
           "pixels. The folder is made when it is not there and the one above it is; one process "
           "uses it at a time, and "
           "of what else is in it nothing is touched. Empty keeps none."},
      [](auto& c) -> auto& { return c.clips.path; }));
  rows.push_back(Bind({.path = "events.clip_before",
                       .kind = Kind::kDuration,
                       .max = kMinute,
                       .help = "What a clip shows before its event begins, as far as "
                               "events.clip_memory goes. Pictures of each camera are held for "
                               "this and 5 seconds more, in which an event is recognised."},
                      [](auto& c) -> auto& { return c.clips.before; }));
  rows.push_back(Bind({.path = "events.clip_after",
                       .kind = Kind::kDuration,
                       .max = kMinute,
                       .help = "What a clip shows after its event has ended."},
                      [](auto& c) -> auto& { return c.clips.after; }));
  rows.push_back(Bind({.path = "events.clip_max",
                       .kind = Kind::kDuration,
                       .min = 10'000,
                       .max = kHour,
                       .help = "A clip is no longer than this: of an event that lasts longer it "
                               "shows the beginning."},
                      [](auto& c) -> auto& { return c.clips.longest; }));
  rows.push_back(Bind({.path = "events.clip_memory",
                       .kind = Kind::kSize,
                       .min = kMiB,
                       .max = 64 * kGiB,
                       .help = "Memory of the pictures that are held for clips, of all cameras "
                               "together, taken of resources.memory_limit at the start: a frame "
                               "never finds less. When it is used up the oldest pictures go, and "
                               "clips begin later."},
                      [](auto& c) -> auto& { return c.clips.memory; }));
  rows.push_back(Bind({.path = "events.clip_camera_memory",
                       .kind = Kind::kSize,
                       .min = 64 * kKiB,
                       .max = 64 * kGiB,
                       .help = "What one camera may have of it before anything happens. A camera "
                               "needs the bytes of its pictures of events.clip_before and 5 "
                               "seconds."},
                      [](auto& c) -> auto& { return c.clips.camera_memory; }));
  rows.push_back(Bind({.path = "events.clips_max_age",
                       .kind = Kind::kDuration,
                       .min = kMinute,
                       .max = 3650 * 24 * kHour,
                       .help = "Clips that were whole longer ago are deleted, to a minute."},
                      [](auto& c) -> auto& { return c.clips.age; }));
  rows.push_back(Bind({.path = "events.clips_max_bytes",
                       .kind = Kind::kSize,
                       .min = kMiB,
                       .max = 64 * 1024 * kGiB,
                       .help = "Most that the clips' files take together, to the byte, those that "
                               "are being written included; the oldest are deleted for new ones. "
                               "Five pictures of 100 kB a second are 30 MB a minute."},
                      [](auto& c) -> auto& { return c.clips.bytes; }));
  rows.push_back(Bind({.path = "events.clips_max_files",
                       .kind = Kind::kInt,
                       .min = 1,
                       .max = 1'000'000,
                       .unit = "files",
                       .help = "Most clips that are kept; the oldest are deleted for new ones. "
                               "Each takes 192 bytes of resources.memory_limit."},
                      [](auto& c) -> auto& { return c.clips.files; }));
}

}  // namespace

void AddEventRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "events.history",
       .kind = Kind::kString,
       .max = 4000,
       .help = "File in which events of the step \"track\" are kept, a database of SQLite: "
               "GET /events answers from it, and streams of events go on where they stopped. It "
               "is made when it is not there, in a folder that has to be, with files beside it "
               "whose names begin alike; one "
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
  AddClipRows(rows);
}

}  // namespace sampleproc::config
