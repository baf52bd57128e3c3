#include "files/annotated_paths.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "files/url_input.h"

namespace sampleproc::files {
namespace {

namespace fs = std::filesystem;

// "x/d/" -> "d", "." -> the name of the directory it is.
std::string LastComponent(const std::string& argument) {
  if (argument == "-") return "stdin";
  fs::path path = fs::path(argument).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path == "." || path == ".." || path.filename() == "..") {
    std::error_code ignored;
    path = fs::weakly_canonical(argument, ignored);
  }
  return path.filename().string();
}

// Whether what is written for `argument` lies where a run finds it as an input.
bool WritesIntoInputs(const fs::path& directory, const std::string& argument, bool recursive) {
  std::error_code error;
  if (!fs::is_directory(argument, error)) return false;
  const fs::path input = fs::canonical(argument, error);
  const fs::path output = fs::weakly_canonical(fs::absolute(directory, error), error);
  if (error) return false;
  if (output / LastComponent(argument) == input) return true;
  const auto [end_of_input, ignored] =
      std::mismatch(input.begin(), input.end(), output.begin(), output.end());
  return recursive && end_of_input == input.end();
}

// Whether `argument` is a file in `directory` that has the name of the picture of another.
// `names` are the last components of all arguments, sorted.
bool IsWrittenOver(const std::string& argument, const fs::path& directory,
                   const std::vector<std::string>& names) {
  const fs::path path(argument);
  if (path.extension() != ".jpg" || !std::ranges::binary_search(names, path.stem().string())) {
    return false;
  }
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  return fs::equivalent(folder, directory, error);
}

}  // namespace

base::Result<AnnotatedPaths> AnnotatedPaths::Make(fs::path directory,
                                                  const std::vector<std::string>& arguments,
                                                  bool recursive) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) names.push_back(LastComponent(argument));
  std::ranges::sort(names);
  const auto same = std::ranges::adjacent_find(names);
  if (same != names.end()) {
    return base::Fail(base::ErrorCode::kUsage,
                      "with --annotate, two inputs would both be written as '" + *same +
                          "'; process them one by one");
  }
  const auto over = std::ranges::find_if(
      arguments, [&](const auto& each) { return IsWrittenOver(each, directory, names); });
  if (over != arguments.end()) {
    return base::Fail(base::ErrorCode::kUsage, "--annotate would write over the input '" +
                                                   LastComponent(*over) +
                                                   "'; choose a directory without inputs");
  }
  for (const std::string& argument : arguments) {
    if (!WritesIntoInputs(directory, argument, recursive)) continue;
    return base::Fail(base::ErrorCode::kUsage,
                      "--annotate would write pictures into a directory that is read; choose one "
                      "outside of the inputs");
  }
  AnnotatedPaths paths;
  paths.directory_ = std::move(directory);
  paths.arguments_ = arguments;
  return paths;
}

base::Result<void> AnnotatedPaths::MakeDirectory() const {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (!error) return {};
  return base::Fail(base::ErrorCode::kIo, "cannot make the directory " +
                                              ShownName(directory_.string()) +
                                              " for annotated pictures: " + error.message());
}

base::Result<fs::path> AnnotatedPaths::For(const Task& task) const {
  auto base = BaseFor(task);
  if (!base) return base;
  fs::path& path = *base;
  if (task.of_many) {
    char number[24];
    std::snprintf(number, sizeof number, "%06llu",
                  static_cast<unsigned long long>(task.source.index));
    path /= number;
  }
  path += ".jpg";
  return base;
}

base::Result<fs::path> AnnotatedPaths::ForListed(const std::string& source) const {
  fs::path path;
  for (const fs::path& part :
       fs::path(source == "-" ? "stdin" : source).lexically_normal().relative_path()) {
    path /= part == ".." ? fs::path("__") : part;
  }
  const std::string first = path.empty() ? std::string() : path.begin()->string();
  if (std::ranges::any_of(arguments_, [&](const std::string& argument) {
        return LastComponent(argument) == first;
      })) {
    return base::Fail(base::ErrorCode::kUsage,
                      "with --annotate, this input of a list would be written among those of the "
                      "argument named '" +
                          first + "'; process them one by one");
  }
  return directory_ / path;
}

base::Result<fs::path> AnnotatedPaths::BaseFor(const Task& task) const {
  const std::string& source = task.source.source;
  if (!task.argument) return ForListed(source);
  const std::string& argument = arguments_[*task.argument];
  std::string_view rest = std::string_view(source).substr(argument.size());
  while (rest.starts_with('/')) rest.remove_prefix(1);
  fs::path path = directory_ / LastComponent(argument);
  if (!rest.empty()) path /= rest;
  return path;
}

}  // namespace sampleproc::files
