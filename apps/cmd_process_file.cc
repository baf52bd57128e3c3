#include <memory>

#include "apps/commands.h"
#include "apps/process_file_options.h"
#include "apps/process_file_run.h"

namespace sampleproc::apps {
namespace {

Action Declare(CLI::App& app) {
  auto options = std::make_shared<ProcessFileOptions>();
  DeclareProcessFile(app, *options);
  return [options](CommandContext& context) { return RunProcessFile(*options, context); };
}

}  // namespace

Command ProcessFileCommand() {
  return {
      .name = "process-file",
      .summary = "Find what is in pictures on disk, one record a picture",
      .operands = "[FILE|DIR]...",
      .description =
          "Reads pictures, runs the pipeline on each and writes one record for each in the order "
          "of "
          "the inputs, however many threads work: the same inputs give the same bytes. In a "
          "directory, files named .jpg, .jpeg, .png, .webp and .npy are taken in byte order of "
          "their names; a "
          "file that is named is always taken, and - is one picture on standard input. An input "
          "that fails has a record that says why, and the rest go on. Ctrl-C finishes what was "
          "begun.",
      .examples = {{"sampleproc process-file photo.jpg", "What is in one picture?"},
                   {"sampleproc process-file -r photos --pipeline faces -o faces.ndjson",
                    "Faces in all pictures below a directory."},
                   {"sampleproc process-file photos --pipeline faces --annotate out --format table",
                    "To look at: boxes drawn, a table."},
                   {"find . -name '*.jpg' -print0 | sampleproc process-file --files-from - -0",
                    "Whatever find finds."},
                   {"sampleproc process-file photos --pipeline faces --compare faces.ndjson "
                    "--set process.faces.min_size=80",
                    "What would another setting change?"}},
      .exit_codes =
          {{0, "Every input was processed."},
           {1, "Some inputs failed; their records say why. With --compare: something changed."},
           {2, "The command line is wrong."},
           {65, "Every input failed, or no picture was found."},
           {74, "The output cannot be written."},
           {78, "The configuration cannot be used."},
           {130, "Interrupted (143: terminated); what was begun is written."}},
      .declare = &Declare,
  };
}

}  // namespace sampleproc::apps
