// The page of --diff-html.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "apps/earlier_run.h"
#include "apps/output.h"
#include "apps/process_file_options.h"
#include "base/error.h"
#include "codec/options.h"
#include "files/difference_report.h"
#include "files/event_differences.h"
#include "files/frame_differences.h"
#include "files/picture_store.h"
#include "files/stop_descriptor.h"
#include "resources/memory_budget.h"

namespace sampleproc::apps {

class DiffPage {
 public:
  // Opens the file, and one for pictures beside it; null when the options want no page. `earlier`,
  // which has what --compare names, and `stop` must outlive the page. Fails as Output::Open does,
  // and with kIo.
  static base::Result<std::unique_ptr<DiffPage>> Open(const ProcessFileOptions& options,
                                                      EarlierRun& earlier,
                                                      const files::StopDescriptor& stop);

  DiffPage(const DiffPage&) = delete;
  DiffPage& operator=(const DiffPage&) = delete;

  Output& output() { return *output_; }

  const files::PictureWants& pictures() const;
  // One of the two is not null.
  files::FrameDifferences* frames() { return frames_ ? &*frames_ : nullptr; }
  files::EventDifferences* events() { return events_ ? &*events_ : nullptr; }

  // Of a run that came to its end, when all differences are known.
  base::Result<void> Write(std::uint64_t frames, std::uint64_t failed,
                           const codec::Options& options, resources::MemoryBudget& budget);

 private:
  DiffPage(const ProcessFileOptions& options, EarlierRun& earlier, std::unique_ptr<Output> output,
           std::unique_ptr<files::PictureStore> store, const files::StopDescriptor& stop);

  const std::unique_ptr<Output> output_;
  const std::unique_ptr<files::PictureStore> store_;  // outlives the pictures of what follows
  files::DifferenceReport report_;
  std::optional<files::FrameDifferences> frames_;
  std::optional<files::EventDifferences> events_;
  const files::StopDescriptor& stop_;
};

}  // namespace sampleproc::apps
