#include "files/input_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/ascii.h"
#include "codec/picture_name.h"
#include "files/file_kind.h"
#include "files/url_input.h"
#include "frame/raw_description.h"
#include "video/container.h"

namespace sampleproc::files {
namespace {

// The ending of a file's name in small letters; none for hidden files that have nothing before it.
std::string EndingOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return "";
  return base::Lowercase(name.substr(dot + 1));
}

bool IsLookedFor(std::string_view path, bool raw_pixels) {
  const std::string ending = EndingOf(path);
  if (ending.empty()) return false;
  if (raw_pixels && (ending == "raw" || frame::FindRawFormat(ending))) return true;
  return codec::IsPictureName(path) || video::IsVideoName(path);
}

Input Failed(std::string path, int error_number) {
  base::Error error = base::SystemError("cannot read " + path, error_number);
  // A shell hands on a pattern that fits no file as it is.
  if (error.code == base::ErrorCode::kNotFound && path.find_first_of("*?[") != std::string::npos) {
    error.message += "; if it is a pattern, no file fits it";
  }
  return {.path = std::move(path), .error = std::move(error)};
}

}  // namespace

std::optional<Input> InputList::Next() {
  for (;;) {
    std::optional<Input> input;
    if (!open_.empty()) {
      Directory& directory = open_.back();
      if (directory.names.empty()) {
        open_.pop_back();
        continue;
      }
      const std::string separator = directory.path.ends_with('/') ? "" : "/";
      const std::string path = directory.path + separator + directory.names.back();
      directory.names.pop_back();
      input = Found(path);
    } else if (next_argument_ < given_.arguments.size()) {
      argument_ = next_argument_++;
      input = Named(given_.arguments[*argument_]);
    } else if (next_requests_ < given_.requests.size()) {
      argument_ = std::nullopt;
      input = Input{.path = given_.requests[next_requests_++], .recorded_requests = true};
    } else if (given_.names != nullptr) {
      argument_ = std::nullopt;
      auto name = given_.names->Next();
      has_empty_list_ = !name && !has_names_;
      if (!name) return std::nullopt;
      has_names_ = true;
      input = Listed(std::move(*name));
    } else {
      return std::nullopt;
    }
    if (!input) continue;
    input->argument = argument_;
    return input;
  }
}

std::optional<Input> InputList::Named(const std::string& path) {
  if (path == "-") return Input{.path = path};
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    const int error_number = errno;
    const std::string shown = ShownName(path);
    if (auto url = UrlInsteadOfPath(path)) return Input{.path = shown, .error = url};
    return Failed(shown, error_number);
  }
  if (S_ISDIR(status.st_mode)) return Enter(path);
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
    return Input{.path = path, .error = NotRegular(path, status.st_mode)};
  }
  return Input{.path = path, .recorded_requests = EndingOf(path) == "ndjson"};
}

std::optional<Input> InputList::Listed(base::Result<std::string> name) {
  if (!name) return Input{.path = "(list of files)", .error = std::move(name.error())};
  if (*name != "-") return Named(*name);
  return Input{.path = "-",
               .error = base::Error{base::ErrorCode::kUsage,
                                    "'-' in a list of files would be standard input; name it './-'",
                                    {},
                                    {}}};
}

std::optional<Input> InputList::Found(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return Failed(path, errno);
  // Also what macOS leaves beside each file on foreign disks: "._photo.jpg".
  if (path[path.rfind('/') + 1] == '.') return PassOver("hidden");
  if (S_ISDIR(status.st_mode)) {
    return given_.recursive ? Enter(path) : PassOver("that --recursive enters");
  }
  struct stat target{};
  if (S_ISLNK(status.st_mode) && stat(path.c_str(), &target) == 0 && S_ISDIR(target.st_mode)) {
    return PassOver("reached by a link");
  }
  if (!IsLookedFor(path, given_.raw_pixels)) {
    if (given_.is_own && given_.is_own(path)) return std::nullopt;
    const std::string ending = EndingOf(path);
    return PassOver(ending.empty() ? "without an ending" : "." + ending);
  }
  if (S_ISLNK(status.st_mode) && stat(path.c_str(), &status) != 0) return Failed(path, errno);
  if (!S_ISREG(status.st_mode)) return PassOver("not regular");
  return Input{.path = path};
}

std::nullopt_t InputList::PassOver(const std::string& kind) {
  constexpr std::size_t kMostKinds = 100;  // a hostile directory has any number of endings
  const bool is_new = !passed_over_.contains(kind);
  ++passed_over_[is_new && passed_over_.size() >= kMostKinds ? "of other kinds" : kind];
  return std::nullopt;
}

std::optional<Input> InputList::Enter(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return Failed(path, error.value());
  std::ranges::sort(names, std::greater<>());
  open_.push_back({path, std::move(names)});
  return std::nullopt;
}

std::optional<std::size_t> InputList::Total() const {
  const bool any_directory = std::ranges::any_of(given_.arguments, [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
  });
  if (any_directory || given_.names != nullptr) return std::nullopt;
  return given_.arguments.size() + given_.requests.size();
}

}  // namespace sampleproc::files
