// Keeps a run of process-file from writing over what it reads.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/process_file_options.h"
#include "base/error.h"
#include "files/annotated_paths.h"
#include "files/identity.h"
#include "files/input_list.h"

namespace sampleproc::apps {

// Two names of one file are seen to be one: links, devices, redirected standard input and output.
class OutputGuard {
 public:
  // `names` is the list of --files-from where it was read in advance. Fails with kUsage when an
  // output (--output, --resume, a picture of --annotate) is an input that can be known now, a list,
  // recorded requests, the records of --compare, a configuration file, or another output.
  static base::Result<OutputGuard> Make(const ProcessFileOptions& options,
                                        const std::optional<files::AnnotatedPaths>& annotated,
                                        const std::optional<files::GivenNames>& names);

  // The same for an input that nobody knew before its turn came, from a list in a pipe.
  base::Result<void> Admit(const files::Input& input) const;

 private:
  base::Result<void> CheckInputs(const ProcessFileOptions& options,
                                 const std::optional<files::AnnotatedPaths>& annotated,
                                 const std::optional<files::GivenNames>& names) const;
  base::Result<void> Check(const std::string& path, const std::string& what) const;

  struct Written {
    std::string name;
    files::Identity identity;
  };
  std::vector<Written> written_;  // outputs that are there already
};

}  // namespace sampleproc::apps
