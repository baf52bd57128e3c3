// Where --annotate puts what it draws: pictures in a directory, or one video.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "apps/output.h"
#include "apps/process_file_options.h"
#include "base/error.h"
#include "codec/options.h"
#include "files/annotated_paths.h"
#include "files/annotated_video.h"
#include "files/record.h"
#include "files/stop_descriptor.h"
#include "resources/memory_budget.h"

namespace sampleproc::apps {

class DrawnFrames {
 public:
  // Nothing is touched yet. Fails as files::AnnotatedPaths::Make does.
  static base::Result<DrawnFrames> Plan(const ProcessFileOptions& options);

  const std::optional<files::AnnotatedPaths>& pictures() const { return pictures_; }

  // Makes the directory, or opens the video's file; the references must outlive this. Fails as
  // Output::Open does, and with kIo.
  base::Result<void> Begin(const codec::Options& codec, resources::MemoryBudget& budget,
                           std::chrono::milliseconds budget_patience,
                           const files::StopDescriptor& stop);

  // Takes the frame's picture where a video is made. Fails as files::AnnotatedVideo::Add does.
  base::Result<void> Add(const files::Record& record);

  // No frame comes any more: the video is whole. Fails likewise.
  base::Result<void> Finish();

  // The video's file, else null, and whether there is a video in it.
  Output* output() { return output_.get(); }
  bool has_video() const { return video_ != nullptr && !video_->empty(); }

 private:
  std::string video_path_;  // empty: none
  std::optional<files::AnnotatedPaths> pictures_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<files::AnnotatedVideo> video_;
};

}  // namespace sampleproc::apps
