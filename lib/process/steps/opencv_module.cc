#include "process/steps/opencv_module.h"

#include <new>
#include <string>

#include "modules/module_loader.h"

namespace sampleproc::process {

using base::ErrorCode;

base::Result<OpencvModule> LoadOpencv(const std::filesystem::path& module) {
  return modules::LoadModule<opencv::Module>(
      {.file = opencv::kModuleFile,
       .entry = opencv::kModuleEntry,
       .version = opencv::kModuleVersion,
       .failure = "the steps motion, people and cascade cannot be made",
       .packages = "libopencv-core406, libopencv-imgproc406, libopencv-video406 and "
                   "libopencv-objdetect406"},
      module);
}

opencv::Picture ToOpencv(const frame::Image& image) {
  return {image.data, image.stride, image.width, image.height};
}

bool OpencvCall::MayGoOn(void* self) noexcept {
  return static_cast<OpencvCall*>(self)->allowance_.Check("").has_value();
}

bool OpencvCall::Take(void* self, const opencv::Found* found) noexcept {
  try {
    static_cast<OpencvCall*>(self)->found_.push_back(*found);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

base::Result<void> OpencvCall::Judge(opencv::Status status, std::string_view step) const {
  switch (status) {
    case opencv::Status::kOk:
    case opencv::Status::kStopped:
      return allowance_.Check(step);
    case opencv::Status::kNoMemory:
      return base::Fail(ErrorCode::kOverloaded, "no memory for " + std::string(step));
    case opencv::Status::kInvalid:
    case opencv::Status::kInternal:
      break;
  }
  return base::Fail(ErrorCode::kInternal, std::string(step) + " failed inside OpenCV");
}

}  // namespace sampleproc::process
