#include "apps/diff_page.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "files/line_sink.h"
#include "files/resolved_path.h"
#include "files/url_input.h"

namespace sampleproc::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPictured = files::DifferenceReport::Limits().pictured;

std::string TemporaryFolder() {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  return error ? "/tmp" : folder.string();  // what TMPDIR names is no folder
}

// Where pictures are kept meanwhile: beside the page, where there is room for it, unless it goes
// into no file.
std::string FolderOf(const std::string& path) {
  std::error_code ignored;
  // Of the path as it is: what /dev/fd/3 leads to may be a pipe, which has no other.
  const bool is_file =
      path != "-" && (!fs::exists(path, ignored) || fs::is_regular_file(path, ignored));
  if (!is_file) return TemporaryFolder();
  const fs::path folder = fs::path(files::ResolvedPath(path)).parent_path();
  return folder.empty() ? "." : folder.string();
}

files::DifferenceReport::Facts FactsOf(const std::string& compare, const EarlierRun& earlier) {
  if (earlier.events) {
    return {files::ShownName(compare), "events", files::EventDifferences::Kinds()};
  }
  return {files::ShownName(compare), "detections", files::FrameDifferences::Kinds()};
}

}  // namespace

base::Result<std::unique_ptr<DiffPage>> DiffPage::Open(const ProcessFileOptions& options,
                                                       EarlierRun& earlier,
                                                       const files::StopDescriptor& stop) {
  if (options.diff_html.empty()) return nullptr;
  auto output = Output::Open(options.diff_html, OutputMode::kReplace, {}, &stop);
  if (!output) return std::unexpected(output.error());
  const std::size_t most = earlier.events ? files::EventDifferences::kMostKept : kMostPictured;
  auto store = files::PictureStore::Make(FolderOf(options.diff_html), most);
  // The page's own file may be one that can be written in a folder that cannot.
  if (!store) store = files::PictureStore::Make(TemporaryFolder(), most);
  if (!store) return std::unexpected(store.error());
  return std::unique_ptr<DiffPage>(
      new DiffPage(options, earlier, std::move(*output), std::move(*store), stop));
}

DiffPage::DiffPage(const ProcessFileOptions& options, EarlierRun& earlier,
                   std::unique_ptr<Output> output, std::unique_ptr<files::PictureStore> store,
                   const files::StopDescriptor& stop)
    : output_(std::move(output)),
      store_(std::move(store)),
      report_(FactsOf(options.compare, earlier)),
      stop_(stop) {
  if (earlier.events) {
    events_.emplace(*earlier.events, *store_, report_);
  } else {
    frames_.emplace(*earlier.records, *store_, report_);
  }
}

const files::PictureWants& DiffPage::pictures() const {
  if (events_) return *events_;
  return *frames_;
}

base::Result<void> DiffPage::Write(std::uint64_t frames, std::uint64_t failed,
                                   const codec::Options& options, resources::MemoryBudget& budget) {
  files::LineSink sink(output_->fd(), output_->name(), &stop_);
  return report_.Write(frames, failed, options, budget, sink);
}

}  // namespace sampleproc::apps
