#include "apps/earlier_run.h"

#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "files/file_reader.h"
#include "files/url_input.h"

namespace sampleproc::apps {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 30;

}  // namespace

base::Result<EarlierRun> LoadEarlierRun(const std::string& path, bool may_track,
                                        const files::StopDescriptor& stop) {
  EarlierRun earlier;
  if (path.empty()) return earlier;
  const auto bytes = files::ReadInput(path, kMostBytes, &stop);
  if (!bytes) return std::unexpected(bytes.error());
  const std::string_view text = base::AsText(*bytes);
  if (!files::EventComparison::IsOfEvents(text) && !(text.empty() && may_track)) {
    auto records = files::Comparison::Parse(text, path);
    if (!records) return std::unexpected(records.error());
    earlier.records = std::move(*records);
    return earlier;
  }
  if (!may_track) {
    return base::Fail(base::ErrorCode::kUsage,
                      files::ShownName(path) +
                          ", given to --compare, holds events, and the pipeline has no step that "
                          "makes some; put track behind a detector: --pipeline "
                          "motion,people,track");
  }
  auto events = files::EventComparison::Parse(text, path);
  if (!events) return std::unexpected(events.error());
  earlier.events = std::move(*events);
  return earlier;
}

std::string DescribeStrangers(const EarlierRun& earlier) {
  const auto names = earlier.records ? earlier.records->Strangers() : std::nullopt;
  if (!names) return "";
  return "sampleproc: note: no input is one of the earlier run's by its name: that has \"" +
         names->first + "\", this one \"" + names->second +
         "\"; files are the same where their names are spelled as they were\n";
}

}  // namespace sampleproc::apps
