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

std::string PriceTag(std::string_view looking, int width, int height) {
  return std::string(looking) + " in " + std::to_string(width) + "x" + std::to_string(height) +
         " pixels";
}

bool OpencvCall::MayGoOn(void* self, double done) noexcept {
  try {
    OpencvCall& call = *static_cast<OpencvCall*>(self);
    call.refusal_ = call.pace_.Check(done);
    return call.refusal_.has_value();
  } catch (const std::bad_alloc&) {
    return false;
  }
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
      return allowance_.Check(step);
    case opencv::Status::kStopped:
      if (!refusal_) return refusal_;
      return base::Fail(ErrorCode::kOverloaded, "no memory for " + std::string(step));
    case opencv::Status::kTooMany:
      return base::Fail(ErrorCode::kInvalidFrame,
                        std::string(step) +
                            " would find more windows in this picture than in any "
                            "scene; nothing is found by comparing them");
    case opencv::Status::kNoMemory:
      return base::Fail(ErrorCode::kOverloaded, "no memory for " + std::string(step));
    case opencv::Status::kInvalid:
    case opencv::Status::kInternal:
      break;
  }
  return base::Fail(ErrorCode::kInternal, std::string(step) + " failed inside OpenCV");
}

}  // namespace sampleproc::process
