#include <memory>

#include "apps/commands.h"
#include "apps/process_file_options.h"
#include "apps/process_file_run.h"

namespace sampleproc::apps {
namespace {

Action DeclareProcessFileCommand(CLI::App& app) {
  auto options = std::make_shared<ProcessFileOptions>();
  DeclareProcessFile(app, *options);
  return [options](CommandContext& context) { return RunProcessFile(*options, context); };
}

}  // namespace

Command ProcessFileCommand() {
  return {
      .name = "process-file",
      .summary = "Process images and videos on disk, one record a frame",
      .operands = "[FILE|DIR]...",
      .description =
          "Runs the pipeline on each frame and writes one record a frame, in the order of the "
          "inputs. The output is the same bytes for any number of threads. A file that is named "
          "on the command line is always processed; its name and first bytes decide whether it "
          "is an image, a video (every frame, with index and pts; a camera of its own) or, with "
          "the suffix .ndjson, recorded requests (one JSON body of POST /process a line). - is "
          "standard input, one image or JPEGs and PNGs one behind the other, as image2pipe of "
          "ffmpeg writes them; a FIFO, as <(...) makes one, is the same. A file is one image: "
          "where "
          "another one follows in it, a warning says so. In a "
          "directory, images and videos are processed in byte order of their names and hidden "
          "files are skipped. In records, a byte of a name that is not UTF-8 is written as \\xFE. "
          "A frame that fails has a record with the reason, and the others "
          "continue: a damaged video gives an error for the damaged part and continues with the "
          "next key frame (MJPEG: the next image); of VP8, VP9 and HEVC, whose decoders mostly "
          "take changed data for another image, wrong frames may come instead. An output that is "
          "one of the inputs, an image or a video is refused. Unless --append is given, records "
          "are written to a temporary file that replaces the old one when the run is complete "
          "(a run that is killed leaves nothing of it, but for --resume); "
          "where every frame failed, or the run "
          "was stopped early, the old one stays and the new records are in a file beside it that "
          "is named. With the step track in the pipeline, "
          "--events writes what came, moved and went, one JSON object a line: one \"new\" for each "
          "thing, an \"update\" when it changes, and one \"end\". --compare with such a file tells "
          "which events were gained, lost, moved or changed, by camera. With --diff-html the same "
          "is a page as well, one file without scripts that loads nothing, with pictures of this "
          "run's inputs in which boxes of the earlier run are dashed and those of this run are "
          "not: "
          "of the first 200 differences, longer sides at most 640 pixels; 2000 more are in tables, "
          "and all are counted. While the run goes on, pictures are in a nameless file beside it. "
          "The last line on standard "
          "error "
          "sums "
          "up the run; if the records go to a file, each failed input is named there too. With "
          "--annotate, frame 12 of clip.mp4 is DIR/clip.mp4/000012.jpg, and a file of that name "
          "which --annotate has not written is not replaced. Ctrl-C finishes the "
          "frames in progress. With --resume the same command continues from there, also after "
          "a crash, and ends with the same output; another file than that run's output is not "
          "written, inputs whose names or first 4 KiB have changed are refused, and frames that "
          "later ones depend on are processed again without output.",
      .examples = {{"sampleproc process-file photo.jpg", "Process one image."},
                   {"sampleproc process-file -r photos --pipeline faces -o faces.ndjson",
                    "Detect faces in all images below a directory."},
                   {"sampleproc process-file photos --pipeline faces --annotate out --format table",
                    "Draw the boxes into copies and print a table."},
                   {"find . -name '*.jpg' -print0 | sampleproc process-file --files-from - -0",
                    "Process what find lists."},
                   {"sampleproc process-file door.avi --annotate seen",
                    "Process every frame of a video; frames with boxes go to seen/door.avi/."},
                   {"ffmpeg -i rtsp://camera/ -vf scale=1280:720 -f rawvideo -pix_fmt nv12 - | "
                    "sampleproc process-file --raw 1280x720:nv12 -",
                    "Process raw pixels piped from another program."},
                   {"ffmpeg -i door.avi -f image2pipe -c:v png - | sampleproc process-file -",
                    "Process images piped from another program."},
                   {"sampleproc process-file door.avi --pipeline motion,objects,track "
                    "--set detector.objects.model=yolox_nano.onnx -o records.ndjson --events "
                    "events.ndjson",
                    "Who came, and when did they leave?"},
                   {"sampleproc process-file photos --pipeline faces --compare faces.ndjson "
                    "--set process.faces.min_size=80",
                    "Show what a different setting changes."},
                   {"sampleproc process-file photos --pipeline faces --compare faces.ndjson "
                    "--set process.faces.min_size=80 --diff-html changes.html",
                    "The same, with pictures."}},
      .exit_codes =
          {{0, "Every frame was processed."},
           {1, "Some frames failed; their records say why. With --compare: something changed."},
           {2, "The command line is wrong."},
           {65, "Every frame failed, or nothing was found."},
           {74, "The output cannot be written."},
           {78, "The configuration cannot be used."},
           {130,
            "Interrupted by SIGINT (129: SIGHUP, 131: SIGQUIT, 143: SIGTERM); what was begun is "
            "written. Where the output file was there before, it stays, and the new records are in "
            "a file beside it that is named."}},
      .declare = &DeclareProcessFileCommand,
  };
}

}  // namespace sampleproc::apps
