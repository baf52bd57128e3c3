#include "apps/process_file_run.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>

#include "apps/diff_page.h"
#include "apps/drawn_frames.h"
#include "apps/earlier_run.h"
#include "apps/failure_names.h"
#include "apps/interrupts.h"
#include "apps/output.h"
#include "apps/output_guard.h"
#include "apps/starting_point.h"
#include "config/convert.h"
#include "files/checkpoint.h"
#include "files/checkpoint_writer.h"
#include "files/comparison_writer.h"
#include "files/event_lines.h"
#include "files/event_writer.h"
#include "files/frame_feed.h"
#include "files/frame_worker.h"
#include "files/ordered_runner.h"
#include "files/progress.h"
#include "files/record_writer.h"
#include "files/stop_descriptor.h"
#include "files/summary.h"
#include "process/camera_states.h"
#include "process/camera_turns.h"
#include "process/pipeline.h"
#include "process/processor.h"
#include "resources/cpu_limits.h"
#include "resources/heavy_lane.h"
#include "resources/memory_budget.h"
#include "service/sizing.h"

namespace sampleproc::apps {
namespace {

using base::ErrorCode;
using base::Result;

ExitCode Complain(CommandContext& context, const base::Error& error) {
  context.err << "sampleproc: " << error.message << "\n";
  return ExitCodeOf(error.code);
}

ExitCode CodeOf(const files::RunTotals& totals) {
  if (totals.done == 0) return ExitCode::kBadData;
  if (totals.failed == 0) return ExitCode::kOk;
  return totals.failed == totals.done ? ExitCode::kBadData : ExitCode::kSomeFailed;
}

// The writer that the options ask for; `comparison` points to it when it compares with `earlier`,
// which must outlive it, as must the `page` that may show what differs.
Result<std::unique_ptr<files::RecordWriter>> MakeWriter(
    const ProcessFileOptions& options, const config::Config& config, const Output& output,
    const files::Checkpoint& start, const files::StopDescriptor& stop, EarlierRun& earlier,
    DiffPage* page, files::ChangesWriter** comparison) {
  const bool as_json = options.format == "ndjson";
  std::unique_ptr<files::ChangesWriter> changes;
  if (earlier.records) {
    changes = std::make_unique<files::ComparisonWriter>(*earlier.records,
                                                        page == nullptr ? nullptr : page->frames(),
                                                        output.fd(), output.name(), as_json, &stop);
  } else if (earlier.events) {
    changes = std::make_unique<files::EventComparisonWriter>(
        *earlier.events, page == nullptr ? nullptr : page->events(), output.fd(), output.name(),
        as_json, &stop);
  }
  *comparison = changes.get();
  if (changes) return changes;
  if (!as_json) {
    return files::MakeTableWriter(output.fd(), output.name(), &stop);
  }
  const frame::ResultJsonOptions fields{.clock_fields = options.timings,
                                        .simulated_gpu = config.process.simulate_gpu};
  auto records = files::MakeNdjsonWriter(output.fd(), output.name(), fields, &stop);
  if (options.resume.empty()) return records;
  auto resumable = std::make_unique<files::CheckpointWriter>(
      std::move(records),
      [fields](const files::Record& record) { return files::NdjsonLine(record, fields); },
      [&output] { return output.Sync(); }, options.resume, start, base::SystemClock());
  if (auto begun = resumable->Begin(); !begun) return std::unexpected(begun.error());
  return resumable;
}

// The configuration that a command without a waiting client runs with.
void RelaxTimeLimits(config::Loaded& loaded) {
  const auto is_default = [&loaded](const char* path) {
    return loaded.origins[path].kind == config::Origin::Kind::kDefault;
  };
  // Nobody waits for a file as a client waits for an answer, and a limit in real time would make
  // the output depend on how busy the machine is.
  process::Options& process = loaded.config.process;
  if (is_default("process.deadline")) process.deadline = {};
  // Nor should it depend on what other threads have in hand. A minute for memory is not for ever,
  // because frames that hold some and want more could wait for each other.
  if (is_default("process.heavy_patience")) {
    process.heavy_patience = std::chrono::milliseconds::max();
  }
  if (is_default("process.budget_patience")) process.budget_patience = std::chrono::minutes(1);
}

// A pipeline on the command line beats those that cameras have in files or variables.
void LetCommandLineWin(config::Loaded& loaded) {
  using Kind = config::Origin::Kind;
  if (loaded.origins["process.pipeline"].kind != Kind::kFlag) return;
  for (auto& [id, camera] : loaded.config.cameras) {
    const auto own = loaded.origins.find(config::CameraSection(id) + ".pipeline");
    if (own == loaded.origins.end() || own->second.kind != Kind::kFlag) camera.pipeline.clear();
  }
}

// Whether the frames of any camera that the inputs may name are tracked.
bool MayTrack(const ProcessFileOptions& options, const config::Config& config) {
  const cameras::Directory directory(process::DefaultSettings(config.process), config.cameras);
  const auto tracks = [](const std::vector<std::string>& pipeline) {
    return std::ranges::count(pipeline, "track") > 0;
  };
  if (options.camera.empty()) return std::ranges::any_of(directory.pipelines(), tracks);
  return tracks(directory.Find(options.camera)->settings().pipeline);
}

// What the threads share; references to the configuration stay.
struct Shared {
  Shared(const config::Config& the_config, std::size_t capacity, std::size_t jobs,
         std::ostream& err)
      : config(the_config),
        budget(capacity),
        heavy(jobs),
        cameras({.max_cameras = config.process.motion.max_cameras,
                 .is_configured = [this](const auto& id) { return directory.Has(id); },
                 .idle = base::kForever},  // what is found must not depend on the time
                budget, base::SystemClock(),
                [&err](std::string_view, std::string_view reason) {
                  err << "sampleproc: no room for one more camera's motion (" << reason << ")\n";
                }),
        directory(process::DefaultSettings(config.process), config.cameras) {}

  process::ProcessorContext Context(const process::Options& options) {
    return {options, config.codec, budget,    base::SystemClock(), cameras,
            &heavy,  nullptr,      detectors, &directory};
  }

  const config::Config& config;
  resources::MemoryBudget budget;
  resources::HeavyLane heavy;
  process::CameraStates cameras;
  process::CameraTurns turns;
  const cameras::Directory directory;
  std::shared_ptr<process::Detectors> detectors = nullptr;  // once Open has been
};

// All inputs, from where the checkpoint says.
Result<files::FrameFeed> OpenInputs(const ProcessFileOptions& options, Shared& shared,
                                    const process::StepNeeds& needs, const files::Checkpoint& start,
                                    std::optional<files::GivenNames> given,
                                    const OutputGuard& guard, const files::StopDescriptor& stop,
                                    files::EventWriter* events) {
  std::unique_ptr<files::NameList> names;
  if (given) {
    names = files::NameList::Of(std::move(*given));
  } else if (!options.files_from.empty()) {
    auto list =
        files::NameList::Open(options.files_from, options.null_separated ? '\0' : '\n', &stop);
    if (!list) return std::unexpected(list.error());
    names = std::move(*list);
  }
  const auto raw = options.RawPixels();
  files::InputList inputs(
      {.arguments = options.inputs,
       .recursive = options.recursive,
       .raw_pixels = raw.has_value(),
       .requests = options.requests,
       .names = std::move(names),
       .is_own = [&options](const std::string& path) { return IsOutputOf(options, path); }});
  files::FeedOptions feed{.has_memory = needs.camera_order, .done = start.place};
  feed.knows_again = !options.resume.empty();
  feed.directory = &shared.directory;
  feed.admit = [&guard](const files::Input& input) { return guard.Admit(input); };
  if (events != nullptr) {
    feed.on_camera_end = [events](std::uint64_t input, std::vector<frame::Event> ended) {
      events->InputEnded(input, std::move(ended));
    };
  }
  if (!options.camera.empty()) feed.camera = options.camera;
  return files::FrameFeed(
      std::move(inputs),
      {.codec = shared.config.codec,
       .budget = shared.budget,
       .budget_patience = shared.config.process.budget_patience,
       .max_request_bytes = shared.config.http.max_request_bytes,
       .raw = raw,
       .stop = &stop,
       .colour = needs.colour || !options.annotate.empty() || !options.diff_html.empty()},
      std::move(feed), shared.turns, shared.cameras);
}

// One for each thread, by its number.
Result<std::vector<files::FrameWorker>> MakeWorkers(std::size_t count,
                                                    const files::WorkerContext& context,
                                                    Shared& shared,
                                                    const process::Options& replayed,
                                                    bool is_resumed) {
  process::ProcessorContext again = shared.Context(replayed);
  again.only_memory = true;
  std::vector<files::FrameWorker> workers;
  for (std::size_t i = 0; i < count; ++i) {
    auto told = std::make_unique<files::ToldEvents>();
    process::ProcessorContext own = shared.Context(shared.config.process);
    own.take_events = &told->take;
    own.tells_snapshots = context.pictures != nullptr;
    auto processor = process::Processor::Make(own);
    if (!processor) return std::unexpected(processor.error());
    std::optional<process::Processor> replay;
    if (is_resumed) {
      auto made = process::Processor::Make(again);
      if (!made) return std::unexpected(made.error());
      replay.emplace(std::move(*made));
    }
    workers.emplace_back(context, std::move(told), std::move(*processor), std::move(replay));
  }
  return workers;
}

// The names of --files-from when all have to be known before the first picture is written: one of
// them could be where it goes.
Result<std::optional<files::GivenNames>> ReadNames(const ProcessFileOptions& options,
                                                   const files::StopDescriptor& stop) {
  if (options.annotate.empty() || options.files_from.empty()) return std::nullopt;
  auto list =
      files::NameList::Open(options.files_from, options.null_separated ? '\0' : '\n', &stop);
  if (!list) return std::unexpected(list.error());
  files::GivenNames names;
  while (auto name = (*list)->Next()) names.push_back(std::move(*name));
  return names;
}

OutputMode ModeOf(const ProcessFileOptions& options) {
  if (!options.resume.empty()) return OutputMode::kGoOn;
  return options.append ? OutputMode::kAppend : OutputMode::kReplace;
}

}  // namespace

ExitCode RunProcessFile(const ProcessFileOptions& options, CommandContext& context) {
  if (const std::string wrong = ProblemWith(options); !wrong.empty()) {
    return UsageError(context.err, wrong, "process-file");
  }
  auto loaded = LoadConfig(options.config, OriginalNames::kIgnore, context);
  if (!loaded) return loaded.error();
  RelaxTimeLimits(*loaded);
  LetCommandLineWin(*loaded);
  const config::Config& config = loaded->config;
  const bool may_track = MayTrack(options, config);
  if (!options.events.empty() && !may_track) {
    return UsageError(
        context.err,
        "--events writes what the step track follows, and the pipeline has no such step; "
        "put it behind a detector: --pipeline motion,people,track",
        "process-file");
  }

  const base::CancelFlag stop;
  Interrupts interrupts(stop);  // before the workers' threads, which inherit what it blocks
  const files::StopDescriptor waiting(stop);
  const resources::MachineLimits machine = resources::ReadMachineLimits();
  const std::size_t jobs = options.jobs > 0 ? options.jobs : static_cast<std::size_t>(machine.cpus);
  // Before all that holds some of its memory.
  Shared shared(config, resources::MemoryCapacity(config.resources, machine), jobs, context.err);
  auto drawn = DrawnFrames::Plan(options);
  if (!drawn) return Complain(context, drawn.error());
  auto names = ReadNames(options, waiting);
  if (!names) return Complain(context, names.error());
  const auto guard = OutputGuard::Make(options, *loaded, drawn->pictures(), *names);
  if (!guard) return Complain(context, guard.error());
  const auto start = StartingPoint(options, config);
  if (!start) return Complain(context, start.error());
  auto detectors =
      process::Detectors::Open(config.process, shared.directory.pipelines(), shared.budget);
  if (!detectors) return Complain(context, detectors.error());
  shared.detectors = std::move(*detectors);
  for (const auto& detector : shared.detectors->all()) {
    const std::string why = detect::FellBack(*detector, config.process.models);
    if (!why.empty()) context.err << "sampleproc: warning: " << why << "\n";
  }
  // What could not be opened may have been interrupted.
  const auto give_up = [&](const base::Error& error) {
    const ExitCode code = Complain(context, error);
    return interrupts.code().value_or(code);
  };
  auto earlier = LoadEarlierRun(options.compare, may_track, waiting);
  if (!earlier) return give_up(earlier.error());
  const auto page = DiffPage::Open(options, *earlier, waiting);
  if (!page) return give_up(page.error());
  process::Options replayed = config.process;
  replayed.delay = {};
  auto workers = MakeWorkers(jobs,
                             {.codec = config.codec,
                              .frame = config.frame,
                              .budget = shared.budget,
                              .budget_patience = config.process.budget_patience,
                              .annotated = drawn->pictures() ? &*drawn->pictures() : nullptr,
                              .stop = &waiting,
                              .pictures = *page ? &(*page)->pictures() : nullptr,
                              .draws = options.DrawsVideo()},
                             shared, replayed, start->place.frames > 0);
  if (!workers) return Complain(context, workers.error());
  std::unique_ptr<Output> events_output;
  std::optional<files::EventLines> event_lines;
  std::vector<files::EventSink*> event_sinks;
  if (!options.events.empty()) {
    auto opened = Output::Open(options.events, OutputMode::kReplace, {}, &waiting);
    if (!opened) return give_up(opened.error());
    events_output = std::move(*opened);
    event_lines.emplace(events_output->fd(), events_output->name(), &waiting);
    event_sinks.push_back(&*event_lines);
  }
  if (earlier->events) event_sinks.push_back(&*earlier->events);
  files::EventDifferences* const event_page = *page ? (*page)->events() : nullptr;
  if (event_page != nullptr) event_sinks.push_back(event_page);
  std::optional<files::EventWriter> events;
  if (!event_sinks.empty()) events.emplace(event_sinks);
  auto feed = OpenInputs(options, shared, workers->front().needs(), *start, std::move(*names),
                         *guard, waiting, events ? &*events : nullptr);
  if (!feed) return Complain(context, feed.error());
  auto output = Output::Open(options.output, ModeOf(options), *start, &waiting);
  if (!output) return give_up(output.error());
  files::ChangesWriter* comparison = nullptr;
  const auto writer =
      MakeWriter(options, config, **output, *start, waiting, *earlier, page->get(), &comparison);
  if (!writer) {
    (*output)->Discard();
    return give_up(writer.error());
  }
  if (auto begun =
          drawn->Begin(config.codec, shared.budget, config.process.budget_patience, waiting);
      !begun) {
    (*output)->Discard();
    return give_up(begun.error());
  }
  Output* const page_output = *page ? &(*page)->output() : nullptr;
  for (const Output* const each :
       {output->get(), events_output.get(), page_output, drawn->output()}) {
    if (each == nullptr || each->Removed().empty() || options.quiet) continue;
    context.err << "sampleproc: " << each->Removed() << "\n";
  }
  std::optional<files::Progress> progress;
  const std::uint64_t inputs_before = start->place.input;  // an earlier run's
  auto inputs_to_do = feed->Inputs();
  if (inputs_to_do) *inputs_to_do -= std::min(*inputs_to_do, inputs_before);
  progress.emplace(
      STDERR_FILENO,
      !options.quiet && !context.dumb && files::Progress::IsWanted(STDERR_FILENO, (*output)->fd()),
      inputs_to_do, base::SystemClock());
  FailureNames failures(options, *progress);
  auto totals = files::RunOrdered(
      {.jobs = static_cast<int>(workers->size()),
       .max_failures = options.fail_fast ? 1 : options.max_failures,
       .failed_before = static_cast<std::size_t>(start->failed)},
      [&feed] { return feed->Next(); },
      [&workers](files::Task& task) {
        return (*workers)[static_cast<std::size_t>(task.worker)].Work(task);
      },
      [&](const files::Record& record) {
        progress->Add(record.result.has_value(),
                      record.place.input - std::min(record.place.input, inputs_before),
                      record.share);
        failures.Add(record);
        if (event_page != nullptr) event_page->TakePicture(record);
        if (events) {
          if (auto written = events->Write(record); !written) return written;
        }
        if (auto added = drawn->Add(record); !added) return added;
        return (*writer)->Write(record);
      },
      stop);
  files::Summary summary{.dropped = feed->left_out(),
                         .elapsed = progress->Elapsed(),
                         .passed_over = feed->passed_over()};
  progress.reset();  // wipes its line before anything else is said
  if (totals && events) {
    if (auto told = events->Finish(shared.cameras.ForgetAll()); !told) {
      totals = std::unexpected(told.error());
    }
  }
  // What was not looked at has not vanished.
  const bool is_compared = totals && comparison != nullptr && !totals->stopped && !totals->gave_up;
  if (is_compared) {
    if (auto rest = comparison->WriteRest(); !rest) totals = std::unexpected(rest.error());
  }
  if (totals) {
    if (auto flushed = (*writer)->Flush(); !flushed) totals = std::unexpected(flushed.error());
  }
  Result<void> filmed = totals ? drawn->Finish() : Result<void>();
  // Last: whatever becomes of the page, the records are whole.
  Result<void> paged;
  if (totals && is_compared && *page) {
    paged = (*page)->Write(totals->done, totals->failed, config.codec, shared.budget);
  }
  const bool is_interrupted = totals && totals->stopped && interrupts.code();
  if (totals) {
    summary.frames = totals->done;
    summary.failed = totals->failed;
    totals->done += start->records;
    totals->failed += start->failed;
    if (totals->gave_up && !options.quiet) context.err << GaveUp(options) << "\n";
  }
  // Only a result is worth the file of an earlier run.
  const bool is_whole = totals && !is_interrupted && !totals->gave_up &&
                        (comparison != nullptr || totals->failed < totals->done);
  std::optional<ExitCode> not_put;
  Output* const video_output = filmed && totals && drawn->has_video() ? drawn->output() : nullptr;
  for (Output* const each : {output->get(), events_output.get(), page_output, video_output}) {
    // Half a page is of no use, and goes with the run, as half a video does.
    if (each == nullptr || (each == page_output && !paged)) continue;
    if (is_whole) {
      if (auto put = each->Commit(); !put) not_put = Complain(context, put.error());
    } else if (const std::string kept = each->Abandon(!totals); !kept.empty()) {
      context.err << "sampleproc: " << kept << "\n";
    }
  }
  if (not_put) return *not_put;
  const auto tell_failure = [&](const base::Error& error) {
    if (error.code != ErrorCode::kCancelled) return Complain(context, error);
    // A reader that has seen enough, as `head` has, wants no message.
    if (interrupts.code()) Complain(context, error);
    return interrupts.code().value_or(ExitCode::kIo);
  };
  if (!totals) return tell_failure(totals.error());
  if (!paged) return tell_failure(paged.error());
  if (!filmed) return tell_failure(filmed.error());
  if (totals->done == 0 && !is_interrupted) {
    context.err << NothingFound(options, feed->has_empty_list()) << "\n";
  }
  if (is_compared && !options.quiet) context.err << DescribeStrangers(*earlier);
  if (!options.quiet) context.err << DescribeFailedBefore(options, *start);
  if (!options.quiet) context.err << "sampleproc: " << files::FormatSummary(summary) << "\n";
  if (is_interrupted) return *interrupts.code();
  if (comparison != nullptr) {
    return comparison->changes() > 0 ? ExitCode::kSomeFailed : ExitCode::kOk;
  }
  return CodeOf(*totals);
}

}  // namespace sampleproc::apps
