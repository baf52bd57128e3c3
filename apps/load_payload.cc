#include "apps/load_payload.h"

#include <algorithm>

#include "apps/load_setup.h"
#include "config/units.h"
#include "loadtest/fixed_requests.h"
#include "loadtest/numbers.h"

namespace sampleproc::apps {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

std::unexpected<base::Error> Usage(std::string message) {
  return Fail(ErrorCode::kUsage, std::move(message));
}

std::string UsualPath(const LoadtestOptions& options) {
  return options.frames.empty() ? "/health" : "/process";
}

Result<loadtest::HeadOptions> MakeHead(const LoadtestOptions& options,
                                       const loadtest::Target& target) {
  loadtest::HeadOptions head;
  const bool carries = !options.body_file.empty() || !options.frames.empty();
  head.method = !options.method.empty() ? options.method : carries ? "POST" : "GET";
  head.path = options.path;
  if (head.path.empty()) {
    head.path = target.url.target == "/" ? UsualPath(options) : target.url.target;
  }
  head.host = options.host.empty() ? target.url.Authority() : options.host;
  head.authorization = target.url.Authorization();
  head.fields = options.fields;
  head.keep_alive = !options.no_keep_alive;
  if (!head.path.starts_with('/') || head.path.find_first_of(" \r\n") != std::string::npos) {
    return Usage("--path must begin with / and have no spaces");
  }
  if (!loadtest::IsField(head.method + ":") || !loadtest::IsField("Host: " + head.host)) {
    return Usage("--method and --host must be one word each");
  }
  for (const std::string& field : head.fields) {
    if (!loadtest::IsField(field)) {
      return Usage("--header takes a field such as \"Accept: application/json\"");
    }
  }
  if (!options.token_file.empty()) {
    const auto text = ReadWholeFile(options.token_file, "--token-file");
    if (!text) return std::unexpected(text.error());
    head.authorization = "Bearer " + text->substr(0, text->find_first_of("\r\n"));
  }
  return head;
}

// "1%" or "0.01".
Result<double> ParseShare(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto value = config::ParseReal(text);
  const double share = value.value_or(-1) / (percent ? 100 : 1);
  if (share < 0 || share > 1) return Usage("--hostile takes a share, such as 1%");
  return share;
}

loadtest::FrameForm FormOf(const std::string& name) {
  if (name == "binary") return loadtest::FrameForm::kBinary;
  return name == "multipart" ? loadtest::FrameForm::kMultipart : loadtest::FrameForm::kJson;
}

std::string ProblemWith(const LoadtestOptions& options) {
  if (options.frames.empty()) {
    if (options.cameras > 0) return "--cameras needs --frames, the pictures that they send";
    if (!options.hostile.empty()) return "--hostile needs --frames";
    if (!options.golden.empty()) return "--golden needs --frames";
    if (!options.raw.empty()) return "--raw needs --frames";
    if (options.via == "redis") return "--via redis needs --frames, the pictures to be sent";
    return "";
  }
  if (!options.body_file.empty()) return "give --body or --frames";
  if (!options.method.empty() && options.method != "POST") return "frames are sent with POST";
  if (!options.golden.empty() && options.cameras > 0) {
    return "--golden goes without --cameras: what moves depends on the frames before";
  }
  return "";
}

}  // namespace

Result<LoadPayload> LoadPayload::Make(const LoadtestOptions& options,
                                      const loadtest::Target& target) {
  if (std::string problem = ProblemWith(options); !problem.empty()) return Usage(problem);
  LoadPayload payload;
  payload.via_redis_ = options.via == "redis";
  loadtest::FrameLoad& load = payload.load_;
  auto head = MakeHead(options, target);
  if (!head) return std::unexpected(head.error());
  load.head = std::move(*head);
  if (!options.body_file.empty()) {
    auto body = ReadWholeFile(options.body_file, "--body");
    if (!body) return std::unexpected(body.error());
    payload.body_ = std::move(*body);
  }
  load.form = FormOf(options.form);
  load.cameras = static_cast<std::uint32_t>(options.cameras);
  load.seed = options.seed;
  if (!options.hostile.empty()) {
    const auto share = ParseShare(options.hostile);
    if (!share) return std::unexpected(share.error());
    load.hostile = *share;
  }
  if (!options.frames.empty()) {
    std::vector<loadtest::FrameFolder> folders;
    for (const std::string& text : options.frames) {
      folders.push_back(loadtest::ParseFrameFolder(text));
    }
    const auto raw = frame::ParseRawDescription(options.raw);
    if (!options.raw.empty() && !raw) {
      return Usage("--raw takes WIDTHxHEIGHT:FORMAT, such as 640x480:bgr24");
    }
    auto frames = loadtest::LoadFrames(
        folders, raw, options.via == "http" && load.form == loadtest::FrameForm::kJson);
    if (!frames) return std::unexpected(frames.error());
    load.frames = std::move(*frames);
  }
  if (!options.golden.empty()) {
    const auto text = ReadWholeFile(options.golden, "--golden");
    if (!text) return std::unexpected(text.error());
    auto golden = loadtest::ParseGolden(*text, load.frames);
    if (!golden) {
      return base::Fail(golden.error().code,
                        "--golden " + options.golden + ": " + golden.error().message);
    }
    load.golden = std::move(*golden);
  }
  return payload;
}

std::unique_ptr<loadtest::RequestMaker> LoadPayload::MakeRequests(std::size_t thread) const {
  if (load_.frames.empty()) return loadtest::MakeFixedRequests(load_.head, body_);
  return loadtest::MakeFrameRequests(load_, thread);
}

std::string LoadPayload::Description() const {
  if (load_.frames.empty()) return "";
  constexpr std::string_view kForms[] = {"json", "binary", "multipart"};
  std::string text = ", " + std::to_string(load_.frames.size()) + " frames as ";
  text += via_redis_ ? "entries" : kForms[static_cast<std::size_t>(load_.form)];
  if (!load_.golden.empty()) {
    const auto known = std::ranges::count_if(
        load_.frames, [this](const auto& frame) { return load_.golden.contains(frame.name); });
    text += ", " + std::to_string(known) + " of them held against the golden file";
  }
  if (load_.hostile > 0) text += ", " + loadtest::FormatNumber(100 * load_.hostile) + " % hostile";
  return text;
}

}  // namespace sampleproc::apps
