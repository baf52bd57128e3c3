#include "files/file_guard.h"

#include <unistd.h>

#include <system_error>
#include <utility>

#include "files/url_input.h"

namespace sampleproc::files {
namespace {

namespace fs = std::filesystem;
using base::Result;

}  // namespace

fs::path ShortestWayTo(const fs::path& path) {
  constexpr int kMostLinks = 40;
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  fs::path shortest = fs::weakly_canonical(absolute, error);
  // A link to what is not there yet: writing makes its target.
  std::error_code missing;  // of what is not there, which is no link
  for (int i = 0; i < kMostLinks && !error && fs::is_symlink(shortest, missing); ++i) {
    const fs::path target = fs::read_symlink(shortest, error);
    if (!error) shortest = fs::weakly_canonical(shortest.parent_path() / target, error);
  }
  if (error) shortest = absolute.lexically_normal();
  return shortest.has_filename() ? shortest : shortest.parent_path();
}

namespace {

// A terminal, a pipe or /dev/null passes on what is written to it.
bool KeepsNothing(const std::string& path) {
  std::error_code missing;
  const fs::file_status status = fs::status(path, missing);
  return fs::is_character_file(status) || fs::is_fifo(status);
}

}  // namespace

std::unexpected<base::Error> WouldDestroy(const std::string& output, const std::string& destroyed) {
  return base::Fail(base::ErrorCode::kUsage, output + " is also " + destroyed +
                                                 ", which would be destroyed; name another file "
                                                 "for the output");
}

FileGuard::File FileGuard::File::At(const std::string& path, int descriptor_of_dash,
                                    std::string name) {
  File file{.name = std::move(name), .identity = {}, .path = {}};
  if (path == "-") {
    file.identity = IdentityOf(descriptor_of_dash);
    return file;
  }
  file.identity = IdentityOf(path);
  if (file.identity || !KeepsNothing(path)) file.path = ShortestWayTo(path);
  return file;
}

bool FileGuard::File::IsSameAs(const File& other) const {
  if (identity && other.identity) return *identity == *other.identity;
  return !path.empty() && path == other.path;
}

Result<void> FileGuard::Check(const std::vector<File>& known, const File& file, bool is_output) {
  for (const File& other : known) {
    if (!file.IsSameAs(other)) continue;
    const File& output = is_output ? file : other;
    const File& destroyed = is_output ? other : file;
    return WouldDestroy(output.name, destroyed.name);
  }
  return {};
}

Result<void> FileGuard::CheckWrite(const std::string& path, const std::string& name) const {
  const File file = File::At(path, STDOUT_FILENO, name);
  if (auto checked = Check(read_, file, true); !checked) return checked;
  if (path == "-" && writes_to_dash_) return WouldDestroy(name, "another output");
  return Check(written_, file, true);
}

Result<void> FileGuard::CheckRead(const std::string& path, const std::string& what) const {
  if (!HasWritten()) return {};
  return Check(written_, File::At(path, STDIN_FILENO, what + " " + ShownName(path)), false);
}

Result<void> FileGuard::Write(const std::string& path, const std::string& name) {
  if (auto checked = CheckWrite(path, name); !checked) return checked;
  File file = File::At(path, STDOUT_FILENO, name);
  writes_to_dash_ = writes_to_dash_ || path == "-";
  if (file.HasBytes()) written_.push_back(std::move(file));
  return {};
}

Result<void> FileGuard::Read(const std::string& path, const std::string& what) {
  if (auto checked = CheckRead(path, what); !checked) return checked;
  read_.push_back(File::At(path, STDIN_FILENO, what + " " + ShownName(path)));
  return {};
}

std::vector<fs::path> FileGuard::WrittenIn(const fs::path& folder) const {
  std::vector<fs::path> found;
  const fs::path place = ShortestWayTo(folder);
  for (const File& file : written_) {
    if (!file.path.empty() && file.path.parent_path() == place) found.push_back(file.path);
  }
  return found;
}

}  // namespace sampleproc::files
