#include "apps/load_setup.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <ostream>

namespace sampleproc::apps {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

constexpr std::chrono::seconds kConnectPatience{10};

}  // namespace

Result<void> LoadSetup::Prepare() {
  if (options.target.empty()) return Fail(ErrorCode::kUsage, "--target URL is missing");
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
  if (!options.baseline.empty()) {
    auto text = ReadWholeFile(options.baseline, "--baseline");
    if (!text) return std::unexpected(text.error());
    auto seconds = loadtest::ParseBaseline(std::move(*text));
    if (!seconds) return std::unexpected(seconds.error());
    baseline = std::move(*seconds);
  }
  auto found =
      loadtest::FindTarget(options.target, options.unix_socket, options.ca, options.allowed,
                           {.deadline = {base::SystemClock(), kConnectPatience}, .cancel = stop});
  if (!found) return std::unexpected(found.error());
  target = std::move(*found);
  auto made = LoadPayload::Make(options, target);
  if (!made) return std::unexpected(made.error());
  payload.emplace(std::move(*made));
  plan.run.loop.address = target.address;
  plan.run.make_maker = [this](std::size_t thread) { return payload->MakeRequests(thread); };
  started = base::FormatTimestamp(base::SystemClock().Wall());
  return {};
}

Result<std::string> ReadWholeFile(const std::string& path, std::string_view option) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    return Fail(ErrorCode::kIo, "cannot read " + path + " (" + std::string(option) +
                                    "): " + std::strerror(errno == 0 ? EIO : errno));
  }
  return bytes;
}

Result<void> WriteResult(const std::string& path, std::string_view text, CommandContext& context) {
  if (path == "-") {
    context.out << text << std::flush;
    return {};
  }
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) {
    return Fail(ErrorCode::kIo,
                "cannot write " + path + ": " + std::strerror(errno == 0 ? EIO : errno));
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
