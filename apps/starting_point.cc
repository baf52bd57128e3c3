#include "apps/starting_point.h"

#include "config/convert.h"
#include "config/schema.h"
#include "config/version.h"
#include "files/url_input.h"

namespace sampleproc::apps {
namespace {

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

}  // namespace

base::Result<files::Checkpoint> StartingPoint(const ProcessFileOptions& options,
                                              const config::Config& config) {
  files::Checkpoint fresh;
  fresh.settings = SettingsDigest(options, config);
  if (options.resume.empty()) return fresh;
  auto saved = files::LoadCheckpoint(options.resume);
  if (!saved) return std::unexpected(saved.error());
  if (!*saved) return fresh;
  if ((*saved)->settings == fresh.settings) return **saved;
  return base::Fail(base::ErrorCode::kUsage,
                    "the run to be resumed had other settings (--pipeline, --set, --config, a "
                    "SAMPLEPROC_ variable, --raw, --camera or --timings) or another version; give "
                    "it the same, or remove the checkpoint " +
                        options.resume + " to start again");
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
