// The module's door: the table of functions that the program asks for by name.
#include "detect/opencv/set_up.h"
#include "process/steps/opencv/kernels.h"

namespace sampleproc::process::opencv {
namespace {

constexpr Module kModule = {
    kModuleVersion, &MakePeople,  &FindPeople,     &FreePeople, &LoadCascade,
    &FindCascade,   &FreeCascade, &MakeBackground, &Watch,      &FreeBackground,
};

}  // namespace
}  // namespace sampleproc::process::opencv

extern "C" __attribute__((visibility("default"))) const sampleproc::process::opencv::Module*
sampleproc_opencv_module() {
  sampleproc::detect::opencv::SetUpOnce();
  return &sampleproc::process::opencv::kModule;
}
