// What one thread does with one frame: read it, put it through the pipeline, draw what was found.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "codec/options.h"
#include "files/annotated_paths.h"
#include "files/frame_picture.h"
#include "files/stop_descriptor.h"
#include "files/task.h"
#include "frame/event.h"
#include "frame/frame_result.h"
#include "frame/options.h"
#include "process/processor.h"
#include "resources/memory_budget.h"

namespace sampleproc::files {

// The references must outlive every worker.
struct WorkerContext {
  const codec::Options& codec;
  const frame::Options& frame;
  resources::MemoryBudget& budget;            // of what is read
  std::chrono::milliseconds budget_patience;  // longest wait for room in it
  const AnnotatedPaths* annotated = nullptr;  // null: no picture is written
  const StopDescriptor* stop = nullptr;       // ends a wait for bytes
  const PictureWants* pictures = nullptr;     // null: nobody wants any
  bool draws = false;                         // a drawn frame goes with each record
};

// Takes a worker's events as they are told, for frames that fail after that. Used by its thread.
struct ToldEvents {
  ToldEvents() = default;
  ToldEvents(const ToldEvents&) = delete;
  ToldEvents& operator=(const ToldEvents&) = delete;

  std::vector<frame::Event> events;
  const process::TakeEvents take = [this](std::span<const frame::Event> more) {
    events.insert(events.end(), more.begin(), more.end());
  };
};

// Owned and used by one thread.
class FrameWorker {
 public:
  // `told` is what the processor's context has. `replay` is for silent tasks: the steps that leave
  // something behind in their camera's state.
  FrameWorker(const WorkerContext& context, std::unique_ptr<ToldEvents> told,
              process::Processor processor, std::optional<process::Processor> replay)
      : context_(context),
        told_(std::move(told)),
        processor_(std::move(processor)),
        replay_(std::move(replay)) {}

  const process::StepNeeds& needs() const { return processor_.needs(); }

  // Fails as reading, parsing and Processor do, and with kIo when an annotated picture cannot be
  // written; of a recorded request the message begins with its line. A recorded request's own
  // frame_id replaces the task's. A picture is written under another name first: what has the right
  // name is whole.
  base::Result<frame::FrameResult> Work(Task& task);

 private:
  base::Result<frame::FrameResult> Process(Task& task, const frame::Frame& frame);
  std::shared_ptr<const FramePicture> Shrunk(const Task& task, const frame::Frame& frame);
  base::Result<void> Annotate(Task& task, const frame::Frame& frame,
                              const frame::FrameResult& result);

  WorkerContext context_;
  std::unique_ptr<ToldEvents> told_;
  process::Processor processor_;
  std::optional<process::Processor> replay_;
};

}  // namespace sampleproc::files
