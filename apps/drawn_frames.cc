#include "apps/drawn_frames.h"

#include <utility>

namespace sampleproc::apps {

using base::Result;

Result<DrawnFrames> DrawnFrames::Plan(const ProcessFileOptions& options) {
  DrawnFrames drawn;
  if (options.DrawsVideo()) {
    drawn.video_path_ = options.annotate;
  } else if (!options.annotate.empty()) {
    auto paths = files::AnnotatedPaths::Make(options.annotate, options.inputs, options.recursive);
    if (!paths) return std::unexpected(paths.error());
    drawn.pictures_ = std::move(*paths);
  }
  return drawn;
}

Result<void> DrawnFrames::Begin(const codec::Options& codec, resources::MemoryBudget& budget,
                                std::chrono::milliseconds budget_patience,
                                const files::StopDescriptor& stop) {
  if (pictures_) return pictures_->MakeDirectory();
  if (video_path_.empty()) return {};
  auto output = Output::Open(video_path_, OutputMode::kReplaceVideo, {}, &stop);
  if (!output) return std::unexpected(output.error());
  output_ = std::move(*output);
  video_ = std::make_unique<files::AnnotatedVideo>(output_->fd(), video_path_, codec, budget,
                                                   budget_patience);
  return {};
}

Result<void> DrawnFrames::Add(const files::Record& record) {
  return video_ == nullptr ? Result<void>() : video_->Add(record);
}

Result<void> DrawnFrames::Finish() { return video_ == nullptr ? Result<void>() : video_->Finish(); }

}  // namespace sampleproc::apps
