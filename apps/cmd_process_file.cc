#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <thread>

#include "apps/annotated_path.h"
#include "apps/commands.h"
#include "apps/config_options.h"
#include "files/file_reader.h"
#include "files/input_list.h"
#include "files/ordered_runner.h"
#include "files/progress.h"
#include "files/record_writer.h"
#include "process/processor.h"
#include "resources/cpu_limits.h"
#include "resources/memory_budget.h"
#include "service/signals.h"
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
  bool fail_fast = false;
  bool timings = false;
  std::string annotate;
  std::string output = "-";
  std::string format = "ndjson";
};

ExitCode Complain(CommandContext& context, const base::Error& error) {
  context.err << "sampleproc: " << error.message << "\n";
  return ExitCodeOf(error.code);
}

// Standard output or a file of its own; closes what it opened.
class Output {
 public:
  static Result<std::unique_ptr<Output>> Open(const std::string& path) {
    if (path == "-") return std::make_unique<Output>(STDOUT_FILENO, "standard output");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
      return base::Fail(ErrorCode::kIo,
                        "cannot open the output file: " + std::string(std::strerror(errno)));
    }
    return std::make_unique<Output>(fd, "the output file");
  }

  Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (fd_ != STDOUT_FILENO) ::close(fd_);
  }

  int fd() const { return fd_; }
  const std::string& name() const { return name_; }

 private:
  int fd_;
  std::string name_;
};

// Turns the first SIGINT or SIGTERM into a stop flag and the second into an exit.
class Interrupts {
 public:
  explicit Interrupts(const base::CancelFlag& stop) : watcher_([this, stop] { Watch(stop); }) {}
  ~Interrupts() {
    signals_.Wake();
    watcher_.join();
  }

  // The exit code for what has arrived, nothing when nothing has.
  std::optional<ExitCode> code() const {
    const int signal = signal_;
    if (signal == 0) return std::nullopt;
    return signal == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated;
  }

 private:
  void Watch(const base::CancelFlag& stop) {
    if ((signal_ = signals_.Wait()) == 0) return;
    stop.Cancel();
    if (signals_.Wait() != 0) ::_exit(static_cast<int>(*code()));
  }

  service::Signals signals_{SIGINT, SIGTERM};
  std::atomic<int> signal_ = 0;
  std::thread watcher_;
};

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

ExitCode Run(const Options& options, CommandContext& context) {
  if (options.inputs.empty()) {
    return UsageError(context.err, "no input; name files or directories", "process-file");
  }
  auto loaded = LoadConfig(options.config, OriginalNames::kIgnore, context);
  if (!loaded) return loaded.error();
  config::Config& config = loaded->config;
  // Nobody waits for a file as a client waits for an answer, and a limit in real time would make
  // the output depend on how busy the machine is.
  if (loaded->origins["process.deadline"].kind == config::Origin::Kind::kDefault) {
    config.process.deadline = {};
  }

  const base::CancelFlag stop;
  Interrupts interrupts(stop);  // before the workers' threads, which inherit what it blocks

  std::optional<AnnotatedPaths> annotated;
  if (!options.annotate.empty()) {
    auto paths = AnnotatedPaths::Make(options.annotate, options.inputs);
    if (!paths) return Complain(context, paths.error());
    annotated = std::move(*paths);
  }
  auto output = Output::Open(options.output);
  if (!output) return Complain(context, output.error());

  const resources::MachineLimits machine = resources::ReadMachineLimits();
  resources::MemoryBudget budget(service::MemoryCapacity(config.resources, machine));
  const base::Clock& clock = base::SystemClock();
  const int jobs = options.jobs > 0 ? options.jobs : machine.cpus;
  std::vector<process::Processor> processors;  // one for each thread, by its number
  for (int i = 0; i < jobs; ++i) {
    auto made = process::Processor::Make({config.process, config.codec, budget, clock});
    if (!made) return Complain(context, made.error());
    processors.push_back(std::move(*made));
  }

  const auto writer = options.format == "table"
                          ? files::MakeTableWriter((*output)->fd(), (*output)->name())
                          : files::MakeNdjsonWriter((*output)->fd(), (*output)->name(),
                                                    {.clock_fields = options.timings,
                                                     .simulated_gpu = config.process.simulate_gpu});
  files::InputList inputs(options.inputs, options.recursive);
  std::optional<files::Progress> progress;
  progress.emplace(STDERR_FILENO, files::Progress::IsWanted(STDERR_FILENO, (*output)->fd()),
                   inputs.Total(), clock);
  auto totals = files::RunOrdered(
      {.jobs = jobs, .max_failures = options.fail_fast ? std::size_t{1} : std::size_t{0}}, inputs,
      [&](const files::Task& task) {
        return ProcessOne(task, config, annotated ? &*annotated : nullptr,
                          processors[static_cast<std::size_t>(task.worker)]);
      },
      [&](const files::Record& record) {
        progress->Add(record.result.has_value());
        return writer->Write(record);
      },
      stop);
  progress.reset();  // wipes its line before anything else is said
  if (totals) {
    if (auto flushed = writer->Flush(); !flushed) totals = std::unexpected(flushed.error());
  }
  if (!totals) return Complain(context, totals.error());
  if (totals->stopped && interrupts.code()) return *interrupts.code();
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
      .operands = "FILE|DIR...",
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
                    "To look at: boxes drawn, a table."}},
      .exit_codes = {{0, "Every input was processed."},
                     {1, "Some inputs failed; their records say why."},
                     {2, "The command line is wrong."},
                     {65, "Every input failed, or no picture was found."},
                     {74, "The output cannot be written."},
                     {78, "The configuration cannot be used."},
                     {130, "Interrupted (143: terminated); what was begun is written."}},
      .declare = &Declare,
  };
}

}  // namespace sampleproc::apps
