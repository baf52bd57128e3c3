#include "config/schema_rows.h"

namespace sampleproc::config {

namespace {

void AddTrackRows(std::vector<Key>& rows) {
  rows.push_back(Bind({.path = "process.track.classes",
                       .kind = Kind::kStringList,
                       .max = 10'000,
                       .help = "Classes that are tracked by the step \"track\"; [] is all but "
                               "\"motion\"."},
                      [](auto& c) -> auto& { return c.process.track.classes; }));
  rows.push_back(
      Bind({.path = "process.track.min_hits",
            .kind = Kind::kInt,
            .min = 1,
            .max = 100,
            .unit = "frames",
            .help = "Frames in which a thing must be found before it has a track_id. More "
                    "means fewer false tracks and a later first event."},
           [](auto& c) -> auto& { return c.process.track.min_hits; }));
  rows.push_back(Bind(
      {.path = "process.track.lost_after",
       .kind = Kind::kDuration,
       .min = kSecond / 10,
       .max = kHour,
       .help =
           "A track that is not found for so long ends, by the times of the frames; one that is "
           "stationary after five times as long. Longer keeps one track for who is hidden for a "
           "while, and tells the end later."},
      [](auto& c) -> auto& { return c.process.track.lost_after; }));
  rows.push_back(
      Bind({.path = "process.track.stationary_after",
            .kind = Kind::kDuration,
            .min = kSecond,
            .max = 24 * kHour,
            .help = "What stays in its place for so long is stationary, as a parked car."},
           [](auto& c) -> auto& { return c.process.track.stationary_after; }));
  rows.push_back(Bind(
      {.path = "process.track.weak_threshold",
       .kind = Kind::kReal,
       .max = 1,
       .help =
           "Detections below the detector's threshold and not below this go on with a track that "
           "is known, and are not reported. Lower keeps tracks of half-hidden things longer and "
           "mixes them up more often."},
      [](auto& c) -> auto& { return c.process.track.weak_threshold; }));
}

}  // namespace

void AddStepRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "process.faces.min_size",
       .kind = Kind::kInt,
       .min = 40,
       .max = 10'000,
       .unit = "pixels",
       .help = "Smallest face that is looked for, in pixels of the picture as sent. Below 80 the "
               "picture is doubled first, which costs four times the work."},
      [](auto& c) -> auto& { return c.process.faces.min_size; }));
  rows.push_back(Bind(
      {.path = "process.motion.max_cameras",
       .kind = Kind::kInt,
       .max = 100'000,
       .unit = "cameras",
       .help = "Cameras whose background is kept to see motion against, about 5MiB of the memory "
               "limit each; those with a section [camera.ID] have places beside these. Frames of "
               "further cameras are not looked at for motion, nor for people where "
               "process.people.when is \"motion\"."},
      [](auto& c) -> auto& { return c.process.motion.max_cameras; }));
  rows.push_back(
      Bind({.path = "process.motion.cameras",
            .kind = Kind::kStringList,
            .max = 100'000,
            .help = "Ids of cameras that always have a place among the max_cameras, however many "
                    "other ids come: the cameras that matter."},
           [](auto& c) -> auto& { return c.process.motion.cameras; }));
  rows.push_back(
      Bind({.path = "process.motion.camera_idle",
            .kind = Kind::kDuration,
            .min = kSecond,
            .max = 24 * kHour,
            .help = "A camera without a frame for so long gives its place to a camera that comes; "
                    "one that has sent fewer than 15 frames does so after 2s. Set it above the "
                    "longest time between two frames of your cameras. Those of "
                    "process.motion.cameras and those with a section [camera.ID] keep theirs."},
           [](auto& c) -> auto& { return c.process.motion.camera_idle; }));
  rows.push_back(Bind(
      {.path = "process.people.when",
       .kind = Kind::kEnum,
       .words = {"motion", "always"},
       .help = "When people are looked for: \"motion\" only in frames in which something moved, "
               "and in those without a camera or of one that is still new; \"always\" in every "
               "frame, which costs most of a frame's time. A person's box is the window of "
               "OpenCV's detector without its margin: 0.5 of its width and 0.65 of its height."},
      [](auto& c) -> auto& { return c.process.people.when; }));
  rows.push_back(Bind(
      {.path = "process.cascade.file",
       .kind = Kind::kString,
       .max = 4096,
       .help =
           "XML file of a Haar or LBP cascade of OpenCV's, for the step \"cascade\"; the Debian "
           "package opencv-data has some.",
       .file = true},
      [](auto& c) -> auto& { return c.process.cascade.file; }));
  rows.push_back(Bind({.path = "process.cascade.name",
                       .kind = Kind::kString,
                       .min = 1,
                       .max = 64,
                       .help = "Class of what the cascade finds."},
                      [](auto& c) -> auto& { return c.process.cascade.name; }));
  rows.push_back(Bind({.path = "process.cascade.scale",
                       .kind = Kind::kReal,
                       .min = 1,
                       .max = 4,
                       .help = "Ratio of two sizes that the cascade looks for; nearer to 1 finds "
                               "more and is slower. It must be over 1."},
                      [](auto& c) -> auto& { return c.process.cascade.scale; }));
  rows.push_back(Bind({.path = "process.cascade.min_neighbours",
                       .kind = Kind::kInt,
                       .max = 1000,
                       .unit = "windows",
                       .help = "Overlapping windows that must agree; fewer find more and err more "
                               "often."},
                      [](auto& c) -> auto& { return c.process.cascade.min_neighbours; }));
  rows.push_back(Bind({.path = "process.cascade.min_size",
                       .kind = Kind::kInt,
                       .max = 10'000,
                       .unit = "pixels",
                       .help = "Smallest object that the cascade looks for, in pixels of the "
                               "picture as sent."},
                      [](auto& c) -> auto& { return c.process.cascade.min_size; }));
  AddTrackRows(rows);
  AddDetectorRows("objects", rows);
}

}  // namespace sampleproc::config
