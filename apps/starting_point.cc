#include "apps/starting_point.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/convert.h"
#include "config/effective.h"
#include "config/schema.h"
#include "config/version.h"
#include "files/url_input.h"
#include "net/redact.h"

namespace sampleproc::apps {
namespace {

constexpr std::size_t kMostNamed = 3;
constexpr const char* kVersionName = "the version of sampleproc";

// A digest of all that decides what a record looks like.
std::uint64_t SettingsDigest(const ProcessFileOptions& options, const config::Config& config) {
  std::uint64_t digest = files::ExtendDigest(0, config::kVersion);
  for (const config::Key& key : config::MakeSchema(config)) {
    digest = files::ExtendDigest(digest, key.path);
    digest = files::ExtendDigest(digest, config::FormatSetting(key, key.get(config)));
  }
  digest = files::ExtendDigest(digest, options.raw);
  digest = files::ExtendDigest(digest, options.camera);
  return files::ExtendDigest(digest, options.timings ? "timings" : "");
}

// What decides that and is not the default, by the name under which it is set. Without secrets.
std::map<std::string, std::string> Given(const ProcessFileOptions& options,
                                         const config::Config& config) {
  std::map<std::string, std::string> given{{kVersionName, std::string(config::kVersion)}};
  const config::Config defaults;
  for (const config::Key& key : config::MakeSchema(config)) {
    const config::Setting setting = key.get(config);
    if (setting == key.get(defaults)) continue;
    given.emplace(net::RedactCredentials(key.path), config::MaskedSetting(key, setting));
  }
  if (!options.raw.empty()) given.emplace("--raw", options.raw);
  if (!options.camera.empty()) given.emplace("--camera", options.camera);
  if (options.timings) given.emplace("--timings", "given");
  return given;
}

// How `now` differs from what was given `before`, for a message. "" when that is not known.
std::string Differences(const std::map<std::string, std::string>& before,
                        const std::map<std::string, std::string>& now) {
  if (before.empty()) return "";
  std::vector<std::string> all;
  const auto value = [](const auto& given, const std::string& name) {
    const auto found = given.find(name);
    return found == given.end() ? std::string("not given") : config::Shown(found->second, 200);
  };
  auto names = before;
  names.insert(now.begin(), now.end());
  for (const auto& [name, ignored] : names) {
    const std::string was = value(before, name);
    const std::string is = value(now, name);
    if (was != is) all.push_back(config::Shown(name, 200) + " was " + was + " and is " + is);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kMostNamed); ++i) {
    text += (text.empty() ? "" : "; ") + all[i];
  }
  if (all.size() > kMostNamed) text += "; and " + std::to_string(all.size() - kMostNamed) + " more";
  return text;
}

}  // namespace

base::Result<files::Checkpoint> StartingPoint(const ProcessFileOptions& options,
                                              const config::Config& config) {
  files::Checkpoint fresh;
  fresh.settings = SettingsDigest(options, config);
  fresh.given = Given(options, config);
  if (options.resume.empty()) return fresh;
  auto saved = files::LoadCheckpoint(options.resume);
  if (!saved) return std::unexpected(saved.error());
  if (!*saved) return fresh;
  if ((*saved)->settings == fresh.settings) {
    (*saved)->given = std::move(fresh.given);  // also into a checkpoint from before there was this
    return **saved;
  }
  // Secrets differ unseen.
  std::string differences = Differences((*saved)->given, fresh.given);
  if (differences.empty()) {
    differences =
        "something of --pipeline, --set, --config, a SAMPLEPROC_ variable, --raw, --camera and "
        "--timings, or the version";
  }
  return base::Fail(base::ErrorCode::kUsage,
                    "the run to be resumed had other settings: " + differences +
                        "; give it the same, or remove the checkpoint " + options.resume +
                        " to start again");
}

std::string DescribeFailedBefore(const ProcessFileOptions& options,
                                 const files::Checkpoint& start) {
  if (start.failed == 0) return "";
  return "sampleproc: of " + std::to_string(start.records) + " frames before, " +
         std::to_string(start.failed) +
         " failed and are not tried again; for that remove the checkpoint " +
         files::ShownName(options.resume) + "\n";
}

}  // namespace sampleproc::apps
