// The detectors of a simulated service: a module in the place of OpenCV's, whose work takes the
// time that each picture says and finds what it says (picture.h). It sleeps by the simulated clock.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <thread>

#include "process/steps/opencv/module_abi.h"
#include "sim/picture.h"

namespace sampleproc::process::opencv {

struct People {};
struct Cascade {};
struct Background {
  int width;
  int height;
};

namespace {

using sim::Look;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenChecks{10};
constexpr milliseconds kMotionTime{5};

Status FindPeople(People*, const Picture* bgr, const PeopleParameters*, const Host* host) noexcept {
  const Look look = sim::ReadLook(bgr->data, 3);
  if (look.hangs) std::this_thread::sleep_for(look.time);
  for (milliseconds left = look.hangs ? milliseconds(0) : look.time; left > milliseconds(0);
       left -= kBetweenChecks) {
    const double done =
        1 - static_cast<double>(left.count()) / static_cast<double>(look.time.count());
    if (!host->may_go_on(host->self, done)) return Status::kStopped;
    std::this_thread::sleep_for(kBetweenChecks);
  }
  const Found found{0, 0, bgr->width, bgr->height, 1.0};
  return host->take(host->self, &found) ? Status::kOk : Status::kNoMemory;
}

Status Watch(Background* background, const Picture* luma, const MotionParameters*, const Host* host,
             MotionKind* kind) noexcept {
  std::this_thread::sleep_for(kMotionTime);
  *kind = MotionKind::kWatched;
  if (!sim::ReadLook(luma->data, 1).motion) return Status::kOk;
  const Found found{0, 0, background->width, background->height, 100.0};
  return host->take(host->self, &found) ? Status::kOk : Status::kNoMemory;
}

People the_people;  // there is nothing in it

constexpr Module kModule = {
    .version = kModuleVersion,
    .make_people =
        [](People** people) noexcept {
          *people = &the_people;
          return Status::kOk;
        },
    .find_people = &FindPeople,
    .free_people = [](People*) noexcept {},
    .load_cascade = [](const char*, Cascade**) noexcept { return Status::kInvalid; },
    .find_cascade = [](Cascade*, const Picture*, const CascadeParameters*,
                       const Host*) noexcept { return Status::kInternal; },
    .free_cascade = [](Cascade*) noexcept {},
    .make_background =
        [](int width, int height, Background** background) noexcept {
          *background = static_cast<Background*>(std::malloc(sizeof(Background)));
          if (*background == nullptr) return Status::kNoMemory;
          **background = {width, height};
          return Status::kOk;
        },
    .watch = &Watch,
    .free_background = [](Background* background) noexcept { std::free(background); },
};

}  // namespace
}  // namespace sampleproc::process::opencv

extern "C" __attribute__((visibility("default"))) const sampleproc::process::opencv::Module*
sampleproc_opencv_module() {
  return &sampleproc::process::opencv::kModule;
}
