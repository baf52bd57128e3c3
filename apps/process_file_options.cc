#include "apps/process_file_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <vector>

#include "apps/checked_values.h"
#include "base/ascii.h"
#include "codec/picture_name.h"
#include "config/convert.h"
#include "config/schema.h"
#include "files/name_text.h"
#include "files/new_file.h"
#include "files/resolved_path.h"
#include "files/url_input.h"
#include "frame/frame_text.h"

namespace sampleproc::apps {
namespace {

constexpr const char* kGroup = "Options";

void AddInputs(CLI::App& app, ProcessFileOptions& options) {
  app.add_option("FILE|DIR", options.inputs, "Pictures, videos, recordings, or directories");
  app.add_flag("-r,--recursive", options.recursive, "Look into directories within directories")
      ->group(kGroup);
  app.add_option(
         "--files-from", options.files_from,
         "After the arguments take the files named in FILE, one a line; - is standard input")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_flag("-0,--null", options.null_separated,
               "The names of --files-from end with NUL, as those of find -print0")
      ->group(kGroup);
  app.add_option("--requests", options.requests,
                 "Replay FILE, recorded requests: one JSON body of POST /process a line; - is "
                 "standard input; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->group(kGroup);
  app.add_option("--raw", options.raw,
                 "Files of no known format, and standard input, are raw pixels, one frame after "
                 "the other: --raw 640x480:bgr24 (or rgb24 gray8 gray16le nv12 yuyv f32)")
      ->type_name("WxH:FORMAT")
      ->group(kGroup);
  app.add_option("--camera", options.camera,
                 "All inputs are frames of the camera ID, in their order; without it each video "
                 "is a camera of its own")
      ->type_name("ID")
      ->group(kGroup);
}

void AddRun(CLI::App& app, ProcessFileOptions& options) {
  AddNumber(app, "-j,--jobs", options.jobs, 1, 512,
            "Threads, 1 to 512; without it one for each CPU")
      ->group(kGroup);
  app.add_flag("--fail-fast", options.fail_fast, "Stop at the first frame that fails")
      ->group(kGroup);
  AddNumber(app, "--max-failures", options.max_failures, 1, 1'000'000'000,
            "Stop when N frames have failed")
      ->group(kGroup);
  app.add_option("--resume", options.resume,
                 "Keep in STATE how far the run has come, and go on from there if STATE exists; "
                 "needs --output FILE, and does not go with --events")
      ->type_name("STATE")
      ->group(kGroup);
}

void AddOutputs(CLI::App& app, ProcessFileOptions& options) {
  app.add_option("-o,--output", options.output, "Write records to FILE; - is standard output")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_flag("--append", options.append, "Write behind what is in the output FILE already")
      ->group(kGroup);
  app.add_flag("-q,--quiet", options.quiet,
               "No summary, no names of failed inputs and no progress on standard error")
      ->group(kGroup);
  AddChoice(app, "--format", options.format, {"ndjson", "table"},
            "ndjson for programs, table for people")
      ->type_name("FORMAT")
      ->group(kGroup);
  app.add_flag("--timings", options.timings, "Add clock readings to the records")->group(kGroup);
  app.add_option(
         "--annotate", options.annotate,
         "Write each frame with its detections drawn into DIR, as JPEG; or those of one video "
         "into FILE, a video *.mp4 or *.mkv")
      ->type_name("DIR|FILE")
      ->group(kGroup);
  app.add_option("--events", options.events,
                 "Write the events of cameras to FILE, one a line: what the step track found to "
                 "come, move and go; - is standard output; does not go with --resume")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option(
         "--compare", options.compare,
         "Write what has changed against OLD, the records of an earlier run, or its events, "
         "instead of records")
      ->type_name("OLD")
      ->group(kGroup);
  app.add_option("--diff-html", options.diff_html,
                 "With --compare: write what has changed to FILE too, as one HTML page with "
                 "pictures of the first 200 differences; - is standard output")
      ->type_name("FILE")
      ->group(kGroup);
}

std::ptrdiff_t ReadersOfStandardInput(const ProcessFileOptions& options) {
  return std::ranges::count(options.inputs, "-") + std::ranges::count(options.requests, "-") +
         (options.files_from == "-" ? 1 : 0);
}

// The first input that is no file but a step, as in `--pipeline stats faces`; "" when there is
// none.
std::string StepAmongInputs(const ProcessFileOptions& options) {
  const std::vector<std::string_view> steps = config::StepNames();
  for (const std::string& input : options.inputs) {
    std::error_code ignored;
    if (std::ranges::count(steps, input) > 0 && !std::filesystem::exists(input, ignored)) {
      return input;
    }
  }
  return "";
}

// Which part of what --raw was given is wrong: "; \"rgb\" is no format". "" where it has not all of
// the parts.
std::string WrongPartOfRaw(std::string_view raw) {
  const std::size_t x = raw.find('x');
  const std::size_t colon = raw.find(':');
  if (x == raw.npos || colon == raw.npos || colon < x) return "";
  const auto wrong = [](std::string_view part, std::string_view what) {
    return "; \"" + config::Shown(part) + "\" is " + std::string(what);
  };
  const std::string_view width = raw.substr(0, x);
  const std::string_view height = raw.substr(x + 1, colon - x - 1);
  const std::string_view format = raw.substr(colon + 1);
  if (!frame::ParseRawSide(width)) return wrong(width, "no width");
  if (!frame::ParseRawSide(height)) return wrong(height, "no height");
  if (!frame::FindRawFormat(format)) {
    return "; " + frame::NoRawFormat(config::Shown(format));
  }
  return wrong(raw.substr(0, colon), "a size that " + std::string(format) + " cannot have");
}

// What is wrong with a video of annotated frames, "" when nothing is.
std::string ProblemWithVideo(const ProcessFileOptions& options) {
  if (!video::WrittenContainerOf(options.annotate)) {
    return "--annotate writes a video as MP4 or Matroska, which have a time for each frame: name "
           "it "
           "*.mp4 or *.mkv, or name a directory for pictures";
  }
  std::error_code ignored;
  if (options.inputs.size() != 1 || !options.files_from.empty() || !options.requests.empty() ||
      !options.raw.empty() || std::filesystem::is_directory(options.inputs.front(), ignored)) {
    return "--annotate makes a video of one video: name that alone, or a directory for pictures "
           "of all inputs";
  }
  if (!options.resume.empty()) {
    return "--annotate writes its video anew and does not go with --resume; name a directory for "
           "pictures";
  }
  return "";
}

}  // namespace

void DeclareProcessFile(CLI::App& app, ProcessFileOptions& options) {
  AddInputs(app, options);
  AddRun(app, options);
  AddOutputs(app, options);
  options.config.AddKey(app, "--pipeline", "STEP,...", "process.pipeline",
                        "Steps to run, in order");
  options.config.AddFile(app);
  options.config.AddSet(app);
}

std::string ProblemWith(const ProcessFileOptions& options) {
  if (options.inputs.empty() && options.files_from.empty() && options.requests.empty()) {
    return "no input; name files or directories, or use --files-from or --requests";
  }
  if (const std::string step = StepAmongInputs(options); !step.empty()) {
    return "there is no file " + step +
           ", but a step of that name; steps are one word, with "
           "commas: --pipeline stats," +
           step;
  }
  if (options.null_separated && options.files_from.empty()) return "-0 goes with --files-from";
  if (ReadersOfStandardInput(options) > 1) {
    return "standard input can be one thing only: frames, a list of files or recorded requests";
  }
  if (!options.raw.empty() && !options.RawPixels()) {
    return "--raw needs WIDTHxHEIGHT:FORMAT, such as 640x480:bgr24; sides from 1 to 65535 (nv12: "
           "even ones; yuyv: an even width), formats bgr24 rgb24 gray8 gray16le nv12 yuyv f32" +
           WrongPartOfRaw(options.raw);
  }
  if (const auto problem = frame::CheckText(options.camera, frame::kMaxIdBytes)) {
    return "--camera: " + problem->msg;
  }
  if (options.fail_fast && options.max_failures > 1) {
    return "--fail-fast is --max-failures 1; give one of them";
  }
  if (options.append && (options.output == "-" || !options.resume.empty())) {
    return "--append goes with --output FILE, without --resume";
  }
  if (options.events == "-" && options.output == "-") {
    return "--events - needs --output FILE for the records; standard output can be one thing only";
  }
  if (!options.diff_html.empty() && options.compare.empty()) {
    return "--diff-html shows what --compare finds; add --compare OLD, the records or the events "
           "of "
           "an earlier run";
  }
  if (options.diff_html == "-" && (options.output == "-" || options.events == "-")) {
    return "--diff-html - needs --output FILE for the changes; standard output can be one thing "
           "only";
  }
  if (options.append && !options.events.empty()) {
    return "--events writes its file anew and does not go with --append";
  }
  if (!options.events.empty() && !options.resume.empty()) {
    return "--events does not go with --resume; events of an earlier run are not kept";
  }
  std::error_code ignored;
  if (codec::IsPictureName(options.annotate) &&
      !std::filesystem::is_directory(options.annotate, ignored)) {
    return "--annotate writes pictures into a directory, under names of their own, and " +
           files::NameAsText(options.annotate) + " is named as a picture is: name a directory";
  }
  if (options.DrawsVideo()) {
    if (std::string wrong = ProblemWithVideo(options); !wrong.empty()) return wrong;
  }
  if (options.resume.empty()) return "";
  if (options.output == "-" || options.format == "table" || !options.compare.empty()) {
    return "--resume needs --output FILE and records as ndjson, without --compare";
  }
  return "";
}

bool IsOutputOf(const ProcessFileOptions& options, const std::string& path) {
  if (options.output == "-") return false;
  const std::filesystem::path output = files::ResolvedPath(options.output);
  const std::filesystem::path found(path);
  const std::string name = found.filename().string();
  const std::string own = output.filename().string();
  const bool is_called_so = name == own || files::IsNewFileOf(name, own);
  std::error_code failed;
  return is_called_so &&
         std::filesystem::equivalent(found.parent_path(), output.parent_path(), failed);
}

std::string NothingFound(const ProcessFileOptions& options, bool has_empty_list) {
  const std::vector<std::string>& inputs = options.inputs;
  if (has_empty_list && inputs.empty() && options.requests.empty()) {
    const std::string list = options.files_from == "-"
                                 ? "on standard input"
                                 : files::NameAsText(files::ShownName(options.files_from));
    return "sampleproc: the list of files " + list +
           " is empty (--files-from); it takes a name on each line, or with -0 before each NUL";
  }
  std::string where = options.files_from;
  if (!options.requests.empty()) where = options.requests.front();
  if (!inputs.empty()) where = inputs.front();
  if (inputs.size() > 1) where += " and " + std::to_string(inputs.size() - 1) + " more";
  return "sampleproc: no picture or video was found in " +
         files::NameAsText(files::ShownName(where)) +
         "; directories within a directory are looked into with --recursive";
}

std::string GaveUp(const ProcessFileOptions& options) {
  std::string when = "at the first failure (--fail-fast)";
  if (!options.fail_fast) {
    when = "after " + std::to_string(options.max_failures) +
           (options.max_failures == 1 ? " failure" : " failures") + " (--max-failures)";
  }
  return "sampleproc: stopped " + when + "; inputs behind it were not processed";
}

}  // namespace sampleproc::apps
