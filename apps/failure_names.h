// Which inputs failed, for people.
#pragma once

#include <string>

#include "apps/process_file_options.h"
#include "files/progress.h"
#include "files/record.h"

namespace sampleproc::apps {

// Names failed inputs on standard error, each once, where records do not go to a terminal or a
// program that shows them. Used by one thread at a time.
class FailureNames {
 public:
  // `progress`, which writes to standard error, must outlive it.
  FailureNames(const ProcessFileOptions& options, files::Progress& progress);

  void Add(const files::Record& record);

 private:
  const bool is_wanted_;
  files::Progress& progress_;
  std::string last_;
};

}  // namespace sampleproc::apps
