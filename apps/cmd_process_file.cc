#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>

#include "apps/annotated_path.h"
#include "apps/commands.h"
#include "apps/config_options.h"
#include "apps/interrupts.h"
#include "apps/output.h"
#include "config/schema.h"
#include "config/version.h"
#include "files/checkpoint.h"
#include "files/checkpoint_writer.h"
#include "files/comparison_writer.h"
#include "files/file_reader.h"
#include "files/input_list.h"
#include "files/ordered_runner.h"
#include "files/progress.h"
#include "files/record_writer.h"
#include "process/processor.h"
#include "resources/cpu_limits.h"
#include "resources/heavy_lane.h"
#include "resources/memory_budget.h"
#include "service/sizing.h"

namespace sampleproc::apps {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;

struct Options {
  ConfigOptions config;
  std::vector<std::string> inputs;
  int jobs = 0;  // 0: one for each CPU
  bool recursive = false;
  std::string files_from;  // empty: none
  bool null_separated = false;
  bool fail_fast = false;
  std::size_t max_failures = 0;  // 0: any number
  bool timings = false;
  std::string resume;   // empty: not wanted
  std::string compare;  // likewise
  std::string annotate;
  std::string output = "-";
  std::string format = "ndjson";
};

ExitCode Complain(CommandContext& context, const base::Error& error) {
  context.err << "sampleproc: " << error.message << "\n";
  return ExitCodeOf(error.code);
}

// The extension when it names a kind of picture: then it is the sender's word for the format.
std::optional<std::string> DeclaredFormat(const std::string& path) {
  std::string extension = fs::path(path).extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  constexpr std::string_view kKnown[] = {".jpg", ".jpeg", ".png", ".webp", ".npy",
                                         ".gif", ".bmp",  ".tif", ".tiff"};
  if (std::ranges::find(kKnown, extension) == std::end(kKnown)) return std::nullopt;
  return extension;
}

Result<void> WritePicture(const fs::path& path, base::ByteView bytes) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return base::Fail(ErrorCode::kIo, "the annotated picture cannot be written");
  return {};
}

// What one thread does with one input.
Result<frame::FrameResult> ProcessOne(const files::Task& task, const config::Config& config,
                                      const AnnotatedPaths* annotated,
                                      process::Processor& processor) {
  auto bytes = files::ReadInput(task.source.source, config.codec.max_frame_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  frame::Frame frame;
  frame.storage = std::move(*bytes);
  frame.encoded = frame.storage;
  frame.frame_id = task.frame_id;
  frame.declared_format = DeclaredFormat(task.source.source);
  auto result = processor.Process(frame, {});
  if (!result || annotated == nullptr) return result;
  auto picture = processor.Annotate(frame, *result, {});
  if (!picture) return std::unexpected(picture.error());
  if (auto written = WritePicture(annotated->For(task.source.source), *picture); !written) {
    return std::unexpected(written.error());
  }
  return result;
}

ExitCode CodeOf(const files::RunTotals& totals, CommandContext& context) {
  if (totals.done == 0) {
    context.err << "sampleproc: no picture was found; directories within a directory are looked "
                   "into with --recursive\n";
    return ExitCode::kBadData;
  }
  if (totals.failed == 0) return ExitCode::kOk;
  return totals.failed == totals.done ? ExitCode::kBadData : ExitCode::kSomeFailed;
}

// What options contradict each other, "" when none do.
std::string Contradiction(const Options& options) {
  if (options.inputs.empty() && options.files_from.empty()) {
    return "no input; name files or directories, or use --files-from";
  }
  if (options.null_separated && options.files_from.empty()) return "-0 goes with --files-from";
  if (options.fail_fast && options.max_failures > 1) {
    return "--fail-fast is --max-failures 1; give one of them";
  }
  const bool reads_stdin_twice =
      options.files_from == "-" && std::ranges::find(options.inputs, "-") != options.inputs.end();
  if (reads_stdin_twice) return "standard input cannot be a picture and a list of files at once";
  if (options.resume.empty()) return "";
  if (options.output == "-" || options.format == "table" || !options.compare.empty()) {
    return "--resume needs --output FILE and records as ndjson, without --compare";
  }
  return "";
}

// A digest of all that decides what a record looks like.
std::uint64_t SettingsDigest(const Options& options, const config::Config& config) {
  std::uint64_t digest = files::ExtendDigest(0, config::kVersion);
  for (const config::Key& key : config::MakeSchema()) {
    digest = files::ExtendDigest(digest, key.path);
    digest = files::ExtendDigest(digest, config::FormatSetting(key, key.get(config)));
  }
  return files::ExtendDigest(digest, options.timings ? "timings" : "");
}

// The checkpoint to go on from: the file's, or a new one when there is no such file.
Result<files::Checkpoint> StartingPoint(const Options& options, const config::Config& config) {
  files::Checkpoint fresh;
  fresh.settings = SettingsDigest(options, config);
  if (options.resume.empty()) return fresh;
  auto saved = files::LoadCheckpoint(options.resume);
  if (!saved) return std::unexpected(saved.error());
  if (!*saved) return fresh;
  if ((*saved)->settings == fresh.settings) return **saved;
  return base::Fail(ErrorCode::kUsage,
                    "the run to be resumed had other settings or another version; remove the "
                    "checkpoint to start again");
}

// The writer that the options ask for; `comparison` points to it when it compares.
Result<std::unique_ptr<files::RecordWriter>> MakeWriter(const Options& options,
                                                        const config::Config& config,
                                                        const Output& output,
                                                        const files::Checkpoint& start,
                                                        files::ComparisonWriter** comparison) {
  if (!options.compare.empty()) {
    auto earlier = files::Comparison::Load(options.compare);
    if (!earlier) return std::unexpected(earlier.error());
    auto writer = std::make_unique<files::ComparisonWriter>(
        std::move(*earlier), output.fd(), output.name(), options.format == "ndjson");
    *comparison = writer.get();
    return writer;
  }
  if (options.format == "table") return files::MakeTableWriter(output.fd(), output.name());
  auto records = files::MakeNdjsonWriter(
      output.fd(), output.name(),
      {.clock_fields = options.timings, .simulated_gpu = config.process.simulate_gpu});
  if (options.resume.empty()) return records;
  return std::make_unique<files::CheckpointWriter>(
      std::move(records), [&output] { return output.Sync(); }, options.resume, start,
      base::SystemClock());
}

// The inputs that are left to do.
Result<std::unique_ptr<files::InputList>> OpenInputs(const Options& options,
                                                     const files::Checkpoint& start) {
  std::unique_ptr<files::NameList> names;
  if (!options.files_from.empty()) {
    auto list = files::NameList::Open(options.files_from, options.null_separated ? '\0' : '\n');
    if (!list) return std::unexpected(list.error());
    names = std::move(*list);
  }
  auto inputs =
      std::make_unique<files::InputList>(options.inputs, options.recursive, std::move(names));
  if (auto skipped = files::SkipDone(start, *inputs); !skipped) {
    return std::unexpected(skipped.error());
  }
  return inputs;
}

ExitCode Run(const Options& options, CommandContext& context) {
  if (const std::string wrong = Contradiction(options); !wrong.empty()) {
    return UsageError(context.err, wrong, "process-file");
  }
  auto loaded = LoadConfig(options.config, OriginalNames::kIgnore, context);
  if (!loaded) return loaded.error();
  config::Config& config = loaded->config;
  // Nobody waits for a file as a client waits for an answer, and a limit in real time would make
  // the output depend on how busy the machine is.
  if (loaded->origins["process.deadline"].kind == config::Origin::Kind::kDefault) {
    config.process.deadline = {};
  }
  // Nor should it depend on what other threads have in hand. A minute for memory is not for ever,
  // because frames that hold some and want more could wait for each other.
  if (loaded->origins["process.heavy_patience"].kind == config::Origin::Kind::kDefault) {
    config.process.heavy_patience = std::chrono::milliseconds::max();
  }
  if (loaded->origins["process.budget_patience"].kind == config::Origin::Kind::kDefault) {
    config.process.budget_patience = std::chrono::minutes(1);
  }

  const base::CancelFlag stop;
  Interrupts interrupts(stop);  // before the workers' threads, which inherit what it blocks

  std::optional<AnnotatedPaths> annotated;
  if (!options.annotate.empty()) {
    auto paths = AnnotatedPaths::Make(options.annotate, options.inputs, options.recursive);
    if (!paths) return Complain(context, paths.error());
    annotated = std::move(*paths);
  }
  const auto start = StartingPoint(options, config);
  if (!start) return Complain(context, start.error());
  const auto inputs = OpenInputs(options, *start);
  if (!inputs) return Complain(context, inputs.error());
  const auto output = Output::Open(options.output, start->output_bytes);
  if (!output) return Complain(context, output.error());
  files::ComparisonWriter* comparison = nullptr;
  const auto writer = MakeWriter(options, config, **output, *start, &comparison);
  if (!writer) return Complain(context, writer.error());

  const resources::MachineLimits machine = resources::ReadMachineLimits();
  resources::MemoryBudget budget(service::MemoryCapacity(config.resources, machine));
  process::CameraStates cameras(
      config.process.motion.max_cameras, budget,
      [&context](std::string_view, std::string_view reason) {
        context.err << "sampleproc: no room for one more camera's motion (" << reason << ")\n";
      });
  const base::Clock& clock = base::SystemClock();
  const int jobs = options.jobs > 0 ? options.jobs : machine.cpus;
  resources::HeavyLane heavy(static_cast<std::size_t>(jobs));
  std::vector<process::Processor> processors;  // one for each thread, by its number
  for (int i = 0; i < jobs; ++i) {
    auto made =
        process::Processor::Make({config.process, config.codec, budget, clock, cameras, &heavy});
    if (!made) return Complain(context, made.error());
    processors.push_back(std::move(*made));
  }

  std::optional<files::Progress> progress;
  progress.emplace(STDERR_FILENO, files::Progress::IsWanted(STDERR_FILENO, (*output)->fd()),
                   (*inputs)->Total(), clock);
  auto totals = files::RunOrdered(
      {.jobs = jobs, .max_failures = options.fail_fast ? 1 : options.max_failures}, **inputs,
      [&](const files::Task& task) {
        return ProcessOne(task, config, annotated ? &*annotated : nullptr,
                          processors[static_cast<std::size_t>(task.worker)]);
      },
      [&](const files::Record& record) {
        progress->Add(record.result.has_value());
        return (*writer)->Write(record);
      },
      stop);
  progress.reset();  // wipes its line before anything else is said
  if (totals && comparison != nullptr && !totals->stopped) {
    if (auto rest = comparison->WriteRest(); !rest) totals = std::unexpected(rest.error());
  }
  if (totals) {
    if (auto flushed = (*writer)->Flush(); !flushed) totals = std::unexpected(flushed.error());
  }
  // A reader that has seen enough, as `head` has, wants no message.
  if (!totals && totals.error().code == ErrorCode::kCancelled) return ExitCode::kIo;
  if (!totals) return Complain(context, totals.error());
  if (totals->stopped && interrupts.code()) return *interrupts.code();
  if (comparison != nullptr) {
    return comparison->changes() > 0 ? ExitCode::kSomeFailed : ExitCode::kOk;
  }
  totals->done += start->records;
  totals->failed += start->failed;
  return CodeOf(*totals, context);
}

Action Declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE|DIR", options->inputs, "Pictures, or directories of pictures");
  app.add_flag("-r,--recursive", options->recursive, "Look into directories within directories")
      ->group("Options");
  app.add_option("-j,--jobs", options->jobs, "Threads; without it one for each CPU")
      ->type_name("N")
      ->check(CLI::Range(1, 512))
      ->group("Options");
  app.add_option("-o,--output", options->output, "Write records to FILE; - is standard output")
      ->type_name("FILE")
      ->group("Options");
  app.add_option("--format", options->format, "ndjson for programs, table for people")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"ndjson", "table"}))
      ->group("Options");
  app.add_option("--annotate", options->annotate,
                 "Write each picture with its detections drawn into DIR, as JPEG")
      ->type_name("DIR")
      ->group("Options");
  app.add_flag("--timings", options->timings, "Add clock readings to the records")
      ->group("Options");
  app.add_flag("--fail-fast", options->fail_fast, "Stop at the first input that fails")
      ->group("Options");
  app.add_option("--max-failures", options->max_failures, "Stop when N inputs have failed")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}))
      ->group("Options");
  app.add_option(
         "--files-from", options->files_from,
         "After the arguments take the files named in FILE, one a line; - is standard input")
      ->type_name("FILE")
      ->group("Options");
  app.add_flag("-0,--null", options->null_separated,
               "The names of --files-from end with NUL, as those of find -print0")
      ->group("Options");
  app.add_option("--resume", options->resume,
                 "Keep in STATE how far the run has come, and go on from there if STATE exists; "
                 "needs --output FILE")
      ->type_name("STATE")
      ->group("Options");
  app.add_option("--compare", options->compare,
                 "Write what has changed against OLD, the records of an earlier run, instead of "
                 "records")
      ->type_name("OLD")
      ->group("Options");
  options->config.AddKey(app, "--pipeline", "STEP,...", "process.pipeline",
                         "Steps to run, in order");
  options->config.AddFile(app);
  options->config.AddSet(app);
  return [options](CommandContext& context) { return Run(*options, context); };
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
