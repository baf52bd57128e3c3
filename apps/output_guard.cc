#include "apps/output_guard.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <utility>

namespace sampleproc::apps {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;

std::optional<files::Identity> IdentityOf(const std::string& path, int descriptor_of_dash) {
  return path == "-" ? files::IdentityOf(descriptor_of_dash) : files::IdentityOf(path);
}

bool IsRegular(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// For files that may not exist yet.
bool IsSamePath(const std::string& a, const std::string& b) {
  std::error_code first;
  std::error_code second;
  return fs::weakly_canonical(fs::absolute(a, first), first) ==
             fs::weakly_canonical(fs::absolute(b, second), second) &&
         !first && !second;
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

std::unexpected<base::Error> WouldDestroy(const std::string& output, const std::string& input) {
  return base::Fail(ErrorCode::kUsage, output + " is also " + input +
                                           ", which would be destroyed; name another file for the "
                                           "output");
}

// Pictures that are there already where the frames of `input` would be written.
std::vector<fs::path> PicturesOf(const files::AnnotatedPaths& annotated,
                                 const files::Input& input) {
  files::Task task;
  task.source.source = input.path;
  task.argument = input.argument;
  const auto path = annotated.For(task);
  if (!path) return {};
  std::vector<fs::path> pictures = {*path};
  std::error_code error;
  fs::path folder = *path;
  folder.replace_extension();  // "clip.mp4.jpg" of a picture is "clip.mp4/" of a video
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    pictures.push_back(entry->path());
  }
  return pictures;
}

Result<void> CheckPictures(const ProcessFileOptions& options,
                           const files::AnnotatedPaths& annotated,
                           const std::optional<files::GivenNames>& names) {
  std::set<files::Identity> inputs;
  const auto remember = [&inputs](const std::string& path) {
    if (const auto identity = IdentityOf(path, STDIN_FILENO)) inputs.insert(*identity);
  };
  for (const std::string& path : {options.files_from, options.compare}) {
    if (!path.empty()) remember(path);
  }
  const auto known = ForEachInput(options, names, [&](const files::Input& input) -> Result<void> {
    remember(input.path);
    return {};
  });
  if (!known) return known;
  return ForEachInput(options, names, [&](const files::Input& input) -> Result<void> {
    for (const fs::path& picture : PicturesOf(annotated, input)) {
      const auto identity = files::IdentityOf(picture.string());
      if (identity && inputs.contains(*identity)) {
        return WouldDestroy("the annotated picture " + picture.string(), "an input");
      }
    }
    return {};
  });
}

}  // namespace

Result<void> OutputGuard::Check(const std::string& path, const std::string& what) const {
  const auto identity = IdentityOf(path, STDIN_FILENO);
  if (!identity) return {};
  for (const Written& written : written_) {
    if (written.identity == *identity) return WouldDestroy(written.name, what + " " + path);
  }
  return {};
}

Result<void> OutputGuard::Admit(const files::Input& input) const {
  return Check(input.path, "the input");
}

Result<void> OutputGuard::CheckInputs(const ProcessFileOptions& options,
                                      const std::optional<files::AnnotatedPaths>& annotated,
                                      const std::optional<files::GivenNames>& names) const {
  const std::pair<std::string, std::string> read[] = {{options.files_from, "the list"},
                                                      {options.compare, "the earlier run"},
                                                      {options.config.file(), "the configuration"}};
  for (const auto& [path, what] : read) {
    if (path.empty()) continue;
    if (auto checked = Check(path, what); !checked) return checked;
  }
  if (!written_.empty()) {
    auto checked =
        ForEachInput(options, names, [this](const files::Input& input) { return Admit(input); });
    if (!checked) return checked;
  }
  return annotated ? CheckPictures(options, *annotated, names) : Result<void>();
}

Result<OutputGuard> OutputGuard::Make(const ProcessFileOptions& options,
                                      const std::optional<files::AnnotatedPaths>& annotated,
                                      const std::optional<files::GivenNames>& names) {
  OutputGuard guard;
  const auto write = [&guard](const std::string& name, const std::string& path) -> Result<void> {
    const auto identity = IdentityOf(path, STDOUT_FILENO);
    if (!identity) return {};
    for (const Written& other : guard.written_) {
      if (other.identity == *identity) return WouldDestroy(name, other.name);
    }
    guard.written_.push_back({name, *identity});
    return {};
  };
  const std::string output = options.output == "-" ? "standard output" : options.output;
  if (auto checked = write(output, options.output); !checked) {
    return std::unexpected(checked.error());
  }
  if (!options.resume.empty()) {
    for (const std::string& path : {options.resume, options.resume + ".new"}) {
      auto checked = write("the checkpoint " + path, path);
      if (checked && IsSamePath(path, options.output)) {
        checked = WouldDestroy("the checkpoint " + path, "the output");
      }
      if (!checked) return std::unexpected(checked.error());
    }
  }
  if (auto checked = guard.CheckInputs(options, annotated, names); !checked) {
    return std::unexpected(checked.error());
  }
  return guard;
}

}  // namespace sampleproc::apps
