// The program's side of the OpenCV module: loading it, and calling it as the steps want to.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "frame/image.h"
#include "process/pace.h"
#include "process/step.h"
#include "process/steps/opencv/module_abi.h"

namespace sampleproc::process {

using OpencvModule = std::shared_ptr<const opencv::Module>;

// Loads `module`, or when that is empty the one beside the program or where it is installed. Fails
// with kUnavailable.
base::Result<OpencvModule> LoadOpencv(const std::filesystem::path& module);

opencv::Picture ToOpencv(const frame::Image& image);

// "looking for people in 640x480 pixels"
std::string PriceTag(std::string_view looking, int width, int height);

// Gathers what a call of the module finds, and answers whether it may go on.
class OpencvCall {
 public:
  // `what` is the work as a Pace tells it: "looking for people in 640x480 pixels".
  OpencvCall(const base::Allowance& allowance, std::string what)
      : allowance_(allowance), pace_(allowance, 1.0, std::move(what)) {}
  OpencvCall(const OpencvCall&) = delete;
  OpencvCall& operator=(const OpencvCall&) = delete;

  const opencv::Host* host() const { return &host_; }
  const std::vector<opencv::Found>& found() const { return found_; }

  // What the module's status amounts to. `step` completes "ran out of time in ...".
  base::Result<void> Judge(opencv::Status status, std::string_view step) const;

 private:
  static bool MayGoOn(void* self, double done) noexcept;
  static bool Take(void* self, const opencv::Found* found) noexcept;

  const base::Allowance& allowance_;
  const Pace pace_;
  base::Result<void> refusal_;  // why the call was stopped
  const opencv::Host host_{this, &MayGoOn, &Take};
  std::vector<opencv::Found> found_;
};

}  // namespace sampleproc::process
