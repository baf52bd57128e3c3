// Keeps a run of process-file from writing over what it reads.
#pragma once

#include <optional>

#include "apps/process_file_options.h"
#include "base/error.h"
#include "config/loader.h"
#include "files/annotated_paths.h"
#include "files/file_guard.h"
#include "files/input_list.h"

namespace sampleproc::apps {

class OutputGuard {
 public:
  // `names` is the list of --files-from where it was read in advance. Fails with kUsage when an
  // output (--output, --events, --diff-html, --resume, the video or a picture of --annotate) is an
  // input that can be known now, a list, recorded requests, the records of --compare, a file that
  // `loaded` was read from or names, or another output. See files::FileGuard for which names are
  // one file.
  static base::Result<OutputGuard> Make(const ProcessFileOptions& options,
                                        const config::Loaded& loaded,
                                        const std::optional<files::AnnotatedPaths>& annotated,
                                        const std::optional<files::GivenNames>& names);

  // The same for an input that nobody knew before its turn came, from a list in a pipe.
  base::Result<void> Admit(const files::Input& input) const;

 private:
  base::Result<void> AddFiles(const ProcessFileOptions& options, const config::Loaded& loaded);
  base::Result<void> CheckPictures(const ProcessFileOptions& options,
                                   const files::AnnotatedPaths& annotated,
                                   const std::optional<files::GivenNames>& names) const;

  files::FileGuard guard_;
};

}  // namespace sampleproc::apps
