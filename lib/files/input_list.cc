#include "files/input_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>

#include "files/file_kind.h"

namespace sampleproc::files {
namespace {

constexpr std::array<std::string_view, 5> kExtensions = {".jpg", ".jpeg", ".png", ".webp", ".npy"};

bool HasPictureExtension(std::string_view path) {
  const auto same_letter = [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  };
  return std::ranges::any_of(kExtensions, [&](std::string_view extension) {
    if (path.size() <= extension.size() || path[path.size() - extension.size() - 1] == '/') {
      return false;  // a hidden file's name
    }
    return std::ranges::equal(extension, path.substr(path.size() - extension.size()), same_letter);
  });
}

Input Failed(std::string path, int error_number) {
  base::Error error = SystemError("cannot read " + path, error_number);
  return {std::move(path), std::move(error)};
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
    } else if (next_argument_ < arguments_.size()) {
      input = Named(arguments_[next_argument_++]);
    } else if (names_ != nullptr) {
      auto name = names_->Next();
      if (!name) return std::nullopt;
      input = Listed(std::move(*name));
    } else {
      return std::nullopt;
    }
    if (input) return input;
  }
}

std::optional<Input> InputList::Named(const std::string& path) {
  if (path == "-") return Input{path, std::nullopt};
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return Failed(path, errno);
  if (S_ISDIR(status.st_mode)) return Enter(path);
  if (!S_ISREG(status.st_mode)) return Input{path, NotRegular(path, status.st_mode)};
  return Input{path, std::nullopt};
}

std::optional<Input> InputList::Listed(base::Result<std::string> name) {
  if (!name) return Input{"(list of files)", std::move(name.error())};
  if (*name != "-") return Named(*name);
  return Input{"-", base::Error{base::ErrorCode::kUsage,
                                "'-' in a list of files would be standard input; name it './-'",
                                {},
                                {}}};
}

std::optional<Input> InputList::Found(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return Failed(path, errno);
  if (S_ISDIR(status.st_mode)) return recursive_ ? Enter(path) : std::nullopt;
  if (!HasPictureExtension(path)) return std::nullopt;
  if (S_ISLNK(status.st_mode) && stat(path.c_str(), &status) != 0) return Failed(path, errno);
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return Input{path, std::nullopt};
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
  const bool any_directory = std::ranges::any_of(arguments_, [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
  });
  if (any_directory || names_ != nullptr) return std::nullopt;
  return arguments_.size();
}

}  // namespace sampleproc::files
