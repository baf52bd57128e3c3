#include "apps/load_setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <utility>

#include "apps/output.h"
#include "base/descriptor.h"
#include "base/descriptor_name.h"
#include "files/file_guard.h"
#include "files/file_reader.h"
#include "files/line_sink.h"
#include "files/stop_descriptor.h"
#include "loadtest/frame_store.h"
#include "loadtest/target_process.h"
#include "service/upstreams.h"

namespace sampleproc::apps {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::chrono::seconds kConnectPatience{10};
constexpr std::size_t kMaxFileBytes = 256UL * 1024 * 1024;

// That no output is a file which the run reads, or another output.
Result<void> GuardInputs(const LoadtestOptions& options, const config::Loaded* loaded) {
  std::vector<config::FileRead> read = {{"--body", options.body_file},
                                        {"--token-file", options.token_file},
                                        {"--ca", options.ca},
                                        {"--golden", options.golden},
                                        {"--arrivals-file", options.arrivals_file},
                                        {"--baseline", options.baseline}};
  if (loaded != nullptr) read.insert(read.end(), loaded->inputs.begin(), loaded->inputs.end());
  for (const std::string& text : options.frames) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(loadtest::ParseFrameFolder(text).path, error), end;
         !error && at != end; at.increment(error)) {
      read.emplace_back("a frame of --frames", at->path().string());
    }
  }
  files::FileGuard guard;
  for (const config::FileRead& file : read) {
    if (file.path.empty()) continue;
    if (auto checked = guard.Read(file.path, file.what); !checked) return checked;
  }
  for (const auto& [option, path] : {std::pair{"--json ", &options.json},
                                     {"--html ", &options.html},
                                     {"--percentiles ", &options.percentiles},
                                     {"--series ", &options.series},
                                     {"--junit ", &options.junit}}) {
    if (path->empty()) continue;
    if (auto checked = guard.Write(*path, option + *path); !checked) return checked;
  }
  return {};
}

}  // namespace

Result<void> LoadSetup::Prepare(const config::Loaded* loaded) {
  if (auto checked = GuardInputs(options, loaded); !checked) return checked;
  const bool via_redis = options.via == "redis";
  if (options.target.empty() && !via_redis)
    return Fail(ErrorCode::kUsage, "--target URL is missing");
  auto planned = PlanLoad(options);
  if (!planned) return std::unexpected(planned.error());
  plan = std::move(*planned);
  const std::string& wanted = options.find_capacity.empty() ? options.fail : options.find_capacity;
  if (!wanted.empty()) {
    auto parsed = loadtest::ParseCriteria(wanted);
    if (!parsed) {
      const char* const option = options.find_capacity.empty() ? "--fail: " : "--find-capacity: ";
      return Fail(ErrorCode::kUsage, option + parsed.error().message);
    }
    criteria = std::move(*parsed);
  }
  if (!options.during.empty()) {
    auto parsed = loadtest::ParseDisturbances(options.during);
    if (!parsed) return Fail(ErrorCode::kUsage, "--during: " + parsed.error().message);
    disturbances = std::move(*parsed);
  }
  if (!options.baseline.empty()) {
    auto text = ReadWholeFile(options.baseline, "--baseline");
    if (!text) return std::unexpected(text.error());
    auto parsed = loadtest::ParseBaseline(std::move(*text), options.closed);
    if (!parsed) {
      return Fail(parsed.error().code,
                  "--baseline " + options.baseline + ": " + parsed.error().message);
    }
    baseline = std::move(*parsed);
  }
  const base::Allowance allowance{.deadline = {base::SystemClock(), kConnectPatience},
                                  .cancel = stop};
  if (!options.target.empty()) {
    auto found = loadtest::FindTarget(options.target, options.unix_socket, options.ca,
                                      options.allowed, allowance);
    if (!found) return std::unexpected(found.error());
    target = std::move(*found);
  }
  auto made = LoadPayload::Make(options, target);
  if (!made) return std::unexpected(made.error());
  payload.emplace(std::move(*made));
  plan.run.loop.address = target.address;
  if (via_redis) {
    if (auto done = FindStream(loaded->config, allowance); !done) return done;
  }
  if (auto done = CheckBaseline(); !done) return done;
  if (auto done = FindProcess(); !done) return done;
  if (auto done = CheckOutputs(options); !done) return done;
  plan.run.make_maker = [this](std::size_t thread) { return payload->MakeRequests(thread); };
  started = base::FormatTimestamp(base::SystemClock().Wall());
  return {};
}

Result<void> LoadSetup::CheckBaseline() const {
  if (!baseline) return {};
  const auto length = options.closed ? plan.run.loop.duration : plan.run.length;
  const auto may = loadtest::MayCompare(*baseline, Name(), stream ? "" : Path(), length);
  if (may) return {};
  return Fail(may.error().code, "--baseline " + options.baseline + ": " + may.error().message);
}

Result<void> LoadSetup::FindProcess() {
  if (disturbances.empty()) return {};
  auto opened = loadtest::OpenTargetProcess(static_cast<pid_t>(options.pid), target.address);
  if (!opened) return Fail(opened.error().code, "--during: " + opened.error().message);
  process = std::move(*opened);
  return {};
}

Result<void> LoadSetup::FindStream(const config::Config& config, const base::Allowance& allowance) {
  const consumer::RedisOptions redis = service::RedisOf(config.consumer);
  const bool is_unix = redis.host.starts_with('/');
  if (!is_unix) {
    auto allowed = loadtest::MayLoad(redis.host, redis.port, options.allowed, allowance);
    if (!allowed) return allowed;
  }
  auto password = service::ReadPassword(redis, base::Reading::kFirst);
  if (!password) return std::unexpected(password.error());
  stream = {
      .connect = service::ConnectRedis(redis),
      .login = {redis.username, std::move(*password), redis.db},
      .limits = service::LimitsOf(config.net),
      .name = "redis://" + (is_unix ? redis.host : redis.host + ":" + std::to_string(redis.port)),
      .stream = redis.stream,
      .group = redis.group,
      .results = redis.results_stream,
      .dead = redis.dlq_stream};
  return loadtest::FindStream(*stream, allowance);
}

Result<loadtest::RunResult> LoadSetup::Run(const loadtest::RunPlan& of_load,
                                           const loadtest::Watch& watch) const {
  if (!stream) {
    auto result = loadtest::RunLoad(of_load, stop, watch);
    if (!result) return Fail(result.error().code, target.name + ": " + result.error().message);
    return result;
  }
  return loadtest::RunStreamLoad(of_load, *stream, payload->frames(), stop, watch);
}

std::string LoadSetup::Name() const {
  return stream ? stream->name + " " + stream->stream : target.name + Path();
}

std::string LoadSetup::Path() const {
  // What follows may be a secret, and reports are handed on.
  const std::string& path = payload->head().path;
  const std::size_t query = path.find('?');
  return path.substr(0, query) + (query == std::string::npos ? "" : "?...");
}

Result<std::string> ReadWholeFile(const std::string& path, std::string_view option) {
  const auto fail = [&](const std::string& why) {
    return Fail(ErrorCode::kIo, "cannot read " + path + " (" + std::string(option) + "): " + why);
  };
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat info{};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return fail(std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return fail("it is a directory");
  const auto bytes = files::ReadDescriptor(file.get(), path, kMaxFileBytes);
  if (!bytes) return fail(bytes.error().message);
  return std::string(bytes->begin(), bytes->end());
}

Result<void> WriteResult(const std::string& path, std::string_view text,
                         const base::CancelFlag& stop, CommandContext& context) {
  if (path == "-") {
    context.out << text << std::flush;
    return {};
  }
  context.out << std::flush;  // `path` may be standard output by another name
  const files::StopDescriptor stopped(stop);
  auto output = Output::Open(path, OutputMode::kInPlace, {}, &stopped);
  if (!output) return std::unexpected(output.error());
  files::LineSink sink((*output)->fd(), (*output)->name(), &stopped);
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto done = sink.WriteLine(text);
  if (done) done = sink.Flush();
  if (!done) done.error().code = ErrorCode::kIo;  // here a reader is to see it all
  return done;
}

Result<void> CheckOutputs(const LoadtestOptions& options) {
  for (const std::string* path :
       {&options.json, &options.html, &options.percentiles, &options.series, &options.junit}) {
    if (path->empty() || *path == "-" || base::FindDescriptorName(*path)) continue;
    const auto fail = [path](int error) {
      return Fail(ErrorCode::kIo, "cannot write " + *path + ": " + std::strerror(error));
    };
    struct stat info{};
    if (::stat(path->c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) return fail(EISDIR);
      if (::access(path->c_str(), W_OK) != 0) return fail(errno);
      continue;
    }
    if (errno != ENOENT) return fail(errno);
    const std::string folder = std::filesystem::path(*path).parent_path().string();
    if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) return fail(errno);
  }
  return {};
}

ExitCode CodeOf(loadtest::Verdict verdict) {
  switch (verdict) {
    case loadtest::Verdict::kPass:
      return ExitCode::kOk;
    case loadtest::Verdict::kFail:
      return ExitCode::kThresholdMissed;
    case loadtest::Verdict::kInvalid:
      break;
  }
  return ExitCode::kInvalidRun;
}

}  // namespace sampleproc::apps
