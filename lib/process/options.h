// What is done to a frame, by how many workers, and within which bounds.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "detect/options.h"
#include "track/options.h"

namespace sampleproc::process {

struct FacesOptions {
  // Smallest face looked for, in source pixels. dlib's window is 80 pixels wide, so below 80 the
  // frame is doubled first, which costs four times the work.
  int min_size = 40;
};

struct MotionOptions {
  // Cameras whose background is kept, a bound on memory: about 4.5 MB each. Frames of further
  // cameras are not looked at for motion, nor by steps that look where motion was.
  int max_cameras = 64;

  // Ids of cameras that always have a place, whoever else comes; of the max_cameras.
  std::vector<std::string> cameras = {};

  // A camera without a frame for so long gives its place to who comes; a camera that has sent fewer
  // than 15 frames does so after 2 s.
  std::chrono::milliseconds camera_idle{60'000};
};

struct PeopleOptions {
  // kMotion: only in frames in which the motion step, earlier in the pipeline, saw something, and
  // in those that it could not judge (a photo, a camera that is still new). kAlways: in every
  // frame.
  enum class When { kMotion, kAlways };
  When when = When::kMotion;
};

struct CascadeOptions {
  std::string file;             // an XML file of a Haar or LBP cascade; empty: none
  std::string name = "object";  // the class of what it finds
  double scale = 1.1;           // between two sizes that are looked for; less is slower
  int min_neighbours = 3;       // windows that must agree; fewer find more and err more often
  int min_size = 30;            // smallest object looked for, in source pixels
};

struct Options {
  // Steps in order; see KnownSteps() in process/pipeline.h, and `detectors`.
  std::vector<std::string> pipeline = {"stats", "motion", "people"};

  // Detections with a lower confidence are left out, 0..1.
  double detection_threshold = 0.5;

  // Worker threads; 0 means one for each CPU the process may use.
  int workers = 0;

  // The steps that look for things of any size (faces, people, cascade) look at a larger picture as
  // if it were made smaller to so many pixels: what they cost is bounded, and the smallest thing
  // they find grows with the picture. 1920 x 1080.
  std::uint64_t working_pixels = 2'073'600;

  // Frames that may wait for a worker; the next one is refused. Longer means more latency under
  // overload, never more throughput.
  int queue_depth = 64;

  // Longest time a frame may be in work; 0 = no limit.
  std::chrono::milliseconds deadline{10'000};

  // Longest wait for room in the memory budget before a frame is refused as overload.
  std::chrono::milliseconds budget_patience{500};

  // Pulled frames that wait at the workers while all of them are busy. More means less idling when
  // frames are small, and less to choose from; an idle worker gets a frame at once in any case.
  int batch_size = 10;

  // Frames with more pixels than this are heavy: one at a time is worked on, whatever the number of
  // workers, so that a few of them do not take all memory and all workers.
  std::uint64_t heavy_pixels = 16'000'000;

  // Longest time a heavy frame waits for another one before it is refused as overload.
  std::chrono::milliseconds heavy_patience{5000};

  // Added to each frame's processing time, for staging tests of slow processing. 0 = off.
  std::chrono::milliseconds delay{0};

  // Adds `simulated_gpu: true` to results and changes nothing else.
  bool simulate_gpu = false;

  // Work on a GPU where there is one. No step can use one yet.
  bool prefer_gpu = false;

  FacesOptions faces;
  MotionOptions motion;
  PeopleOptions people;
  CascadeOptions cascade;
  track::Options track;

  // Neural detectors, each a step of its name. Only those that the pipeline names are opened.
  std::vector<detect::DetectorOptions> detectors = {{}};
  detect::Places models = {};

  // The module with OpenCV. Empty: looked for where the build and the installation put it, see
  // modules/module_loader.h. Never taken from anything a stranger can write.
  std::filesystem::path opencv_module = {};
};

}  // namespace sampleproc::process
