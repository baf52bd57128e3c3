#include "apps/output_guard.h"

#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include "files/annotated_picture.h"
#include "files/new_file.h"
#include "files/resolved_path.h"
#include "files/url_input.h"

namespace sampleproc::apps {
namespace {

namespace fs = std::filesystem;
using base::Result;

bool IsRegular(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Every input that can be known without waiting.
Result<void> ForEachInput(const ProcessFileOptions& options,
                          const std::optional<files::GivenNames>& names,
                          const std::function<Result<void>(const files::Input&)>& look) {
  std::unique_ptr<files::NameList> list;
  if (names) {
    list = files::NameList::Of(*names);
  } else if (!options.files_from.empty() && options.files_from != "-" &&
             IsRegular(options.files_from)) {
    auto opened = files::NameList::Open(options.files_from, options.null_separated ? '\0' : '\n');
    if (!opened) return std::unexpected(opened.error());
    list = std::move(*opened);
  }
  files::InputList inputs({.arguments = options.inputs,
                           .recursive = options.recursive,
                           .raw_pixels = options.RawPixels().has_value(),
                           .requests = options.requests,
                           .names = std::move(list)});
  while (const auto input = inputs.Next()) {
    if (input->error) continue;
    if (auto looked = look(*input); !looked) return looked;
  }
  return {};
}

// Whether `path` is named as the picture of one of many frames is.
bool IsNumbered(const fs::path& path) {
  const std::string stem = path.stem().string();
  return path.extension() == ".jpg" && !stem.empty() &&
         stem.find_first_not_of("0123456789") == std::string::npos;
}

// Where the frames of `input` would be written: a picture of its own, and pictures of many frames
// that are there already or that `guard` knows of.
std::vector<fs::path> PicturesOf(const files::AnnotatedPaths& annotated, const files::Input& input,
                                 const files::FileGuard& guard) {
  files::Task task;
  task.source.source = input.path;
  task.argument = input.argument;
  const auto path = annotated.For(task);
  if (!path) return {};
  fs::path folder = *path;
  folder.replace_extension();  // "clip.mp4.jpg" of a picture is "clip.mp4/" of a video
  std::vector<fs::path> pictures = {*path};
  for (const fs::path& written : guard.WrittenIn(folder)) {
    if (IsNumbered(written)) pictures.push_back(written);
  }
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (IsNumbered(entry->path())) pictures.push_back(entry->path());
  }
  return pictures;
}

}  // namespace

Result<void> OutputGuard::Admit(const files::Input& input) const {
  return guard_.CheckRead(input.path, "the input");
}

Result<void> OutputGuard::AddFiles(const ProcessFileOptions& options,
                                   const config::Loaded& loaded) {
  const auto shown = [](const std::string& path) {
    return path == "-" ? "standard output" : files::ShownName(path);
  };
  std::vector<std::pair<std::string, std::string>> written = {
      {options.output, shown(options.output)}};
  if (!options.events.empty()) written.emplace_back(options.events, shown(options.events));
  if (!options.diff_html.empty()) written.emplace_back(options.diff_html, shown(options.diff_html));
  if (options.DrawsVideo()) written.emplace_back(options.annotate, shown(options.annotate));
  if (!options.resume.empty()) {
    const std::string part = files::ResolvedPath(options.output) + ".part";
    written.emplace_back(part, shown(part));
    for (const std::string& path : {options.resume, files::ResolvedPath(options.resume) + ".new"}) {
      written.emplace_back(path, "the checkpoint " + shown(path));
    }
  }
  for (const auto& [path, name] : written) {
    if (auto checked = guard_.Write(path, name); !checked) return checked;
    if (path == "-") continue;
    for (const std::string& part : files::NewFileNames(files::ResolvedPath(path))) {
      if (auto checked = guard_.Write(part, shown(part)); !checked) return checked;
    }
  }
  std::vector<config::FileRead> read = loaded.inputs;
  read.emplace_back("the list", options.files_from);
  read.emplace_back("the earlier run", options.compare);
  for (const config::FileRead& file : read) {
    if (file.path.empty()) continue;
    if (auto checked = guard_.Read(file.path, file.what); !checked) return checked;
  }
  return {};
}

Result<void> OutputGuard::CheckPictures(const ProcessFileOptions& options,
                                        const files::AnnotatedPaths& annotated,
                                        const std::optional<files::GivenNames>& names) const {
  std::set<files::Identity> inputs;
  auto looked = ForEachInput(options, names, [&](const files::Input& input) -> Result<void> {
    if (const auto identity = files::IdentityOf(input.path)) inputs.insert(*identity);
    return {};
  });
  if (!looked) return looked;
  return ForEachInput(options, names, [&](const files::Input& input) -> Result<void> {
    for (const fs::path& picture : PicturesOf(annotated, input, guard_)) {
      const std::string name = "the annotated picture " + picture.string();
      const auto identity = files::IdentityOf(picture.string());
      if (identity && inputs.contains(*identity)) {
        return files::WouldDestroy(name, "an input");
      }
      if (auto checked = guard_.CheckWrite(picture.string(), name); !checked) return checked;
      std::error_code ignored;
      const bool is_there = fs::exists(fs::symlink_status(picture, ignored));
      if (is_there && !files::IsAnnotatedPicture(picture)) {
        return base::Fail(base::ErrorCode::kUsage,
                          name +
                              " would replace a file that --annotate has not written; choose "
                              "another directory, or remove it first");
      }
    }
    return {};
  });
}

Result<OutputGuard> OutputGuard::Make(const ProcessFileOptions& options,
                                      const config::Loaded& loaded,
                                      const std::optional<files::AnnotatedPaths>& annotated,
                                      const std::optional<files::GivenNames>& names) {
  OutputGuard guard;
  auto checked = guard.AddFiles(options, loaded);
  if (checked && guard.guard_.HasWritten()) {
    checked = ForEachInput(options, names,
                           [&guard](const files::Input& input) { return guard.Admit(input); });
  }
  if (checked && annotated) checked = guard.CheckPictures(options, *annotated, names);
  if (!checked) return std::unexpected(checked.error());
  return guard;
}

}  // namespace sampleproc::apps
