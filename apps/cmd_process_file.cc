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
      .summary = "Find what is in pictures and videos on disk, one record a frame",
      .operands = "[FILE|DIR]...",
      .description =
          "Runs the pipeline on each frame and writes one record for each, in the order of the "
          "inputs, however many threads work: the same inputs give the same bytes. A file that is "
          "named is always taken; its name and first bytes say what it is: a picture, a video "
          "(each of its frames, with index and pts; a camera of its own), or, named .ndjson, "
          "recorded requests, one JSON body of POST /process a line. - is one picture on standard "
          "input; a FIFO, as <(...) makes one, is a picture too. In a directory, pictures and "
          "videos "
          "are taken in byte order of their names; hidden files are passed over. What fails has a "
          "record that says why, and the rest go on: a damaged video gives an error for what is "
          "damaged and goes on with the next key frame (MJPEG: the next picture). An output that "
          "is "
          "one of the inputs is refused; a file of records is written beside the old one and takes "
          "its place when the run is through, unless --append is given. At the end one line on "
          "standard error says what the run came to; with records in a file each failed input is "
          "named there. With --annotate, frame 12 of clip.mp4 is "
          "DIR/clip.mp4/000012.jpg. Ctrl-C finishes what was begun; with --resume the same command "
          "goes on from there, also after a crash, and ends with the same output: it replays in "
          "silence what later frames depend on.",
      .examples = {{"sampleproc process-file photo.jpg", "What is in one picture?"},
                   {"sampleproc process-file -r photos --pipeline faces -o faces.ndjson",
                    "Faces in all pictures below a directory."},
                   {"sampleproc process-file photos --pipeline faces --annotate out --format table",
                    "To look at: boxes drawn, a table."},
                   {"find . -name '*.jpg' -print0 | sampleproc process-file --files-from - -0",
                    "Whatever find finds."},
                   {"sampleproc process-file door.avi --annotate seen",
                    "Every frame of a video; the frames with boxes in seen/door.avi/."},
                   {"ffmpeg -i rtsp://camera/ -vf scale=1280:720 -f rawvideo -pix_fmt nv12 - | "
                    "sampleproc process-file --raw 1280x720:nv12 -",
                    "Pixels from another program, as they come."},
                   {"sampleproc process-file photos --pipeline faces --compare faces.ndjson "
                    "--set process.faces.min_size=80",
                    "What would another setting change?"}},
      .exit_codes =
          {{0, "Every frame was processed."},
           {1, "Some frames failed; their records say why. With --compare: something changed."},
           {2, "The command line is wrong."},
           {65, "Every frame failed, or nothing was found."},
           {74, "The output cannot be written."},
           {78, "The configuration cannot be used."},
           {130,
            "Interrupted (143: terminated); what was begun is written. Where the output file was "
            "there "
            "before, it stays, and the new records are in a file beside it that is named."}},
      .declare = &Declare,
  };
}

}  // namespace sampleproc::apps
