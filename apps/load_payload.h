// What the requests of a load carry, as the command line says.
#pragma once

#include <memory>
#include <string>

#include "apps/loadtest_options.h"
#include "base/error.h"
#include "loadtest/frame_requests.h"
#include "loadtest/request.h"
#include "loadtest/target.h"

namespace sampleproc::apps {

// Must outlive the makers that it makes.
class LoadPayload {
 public:
  // Reads what files the options name. Fails with kUsage or kIo.
  static base::Result<LoadPayload> Make(const LoadtestOptions& options,
                                        const loadtest::Target& target);

  std::unique_ptr<loadtest::RequestMaker> MakeRequests(std::size_t thread) const;

  const loadtest::FrameLoad& frames() const { return load_; }
  const loadtest::HeadOptions& head() const { return load_.head; }
  std::string Description() const;  // ", 40 frames as json, 1 % hostile", or ""

 private:
  loadtest::FrameLoad load_;  // without frames: the head alone
  std::string body_;
  bool via_redis_ = false;
};

}  // namespace sampleproc::apps
