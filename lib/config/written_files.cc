// No file that is read is also written.
#include <filesystem>
#include <system_error>

#include "config/assembly.h"
#include "config/read_files.h"
#include "files/file_guard.h"

namespace sampleproc::config {
namespace {

namespace fs = std::filesystem;

// A camera with a folder takes every file in it that is not hidden for a picture.
bool IsPictureIn(const std::string& folder, const std::string& path) {
  std::error_code error;
  const fs::path file = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error || file.filename().string().starts_with('.')) return false;
  return fs::is_directory(folder, error) && fs::equivalent(folder, file.parent_path(), error) &&
         !error;
}

}  // namespace

void CheckWrittenFiles(Assembly& assembly) {
  Loaded& loaded = assembly.result;
  for (NamedFile& file : FilesRead(assembly.schema, loaded.config)) {
    loaded.inputs.push_back({std::move(file.key), std::move(file.path)});
  }
  files::FileGuard guard;
  for (const FileRead& input : loaded.inputs) (void)guard.Read(input.path, input.what);
  const auto problem = [&](const std::string& path) -> std::string {
    if (const auto checked = guard.CheckWrite(path, "the file"); !checked) {
      return checked.error().message;
    }
    for (const FileRead& input : loaded.inputs) {
      if (!IsPictureIn(input.path, path)) continue;
      return "the file would be one of the pictures in " + input.what + " " + input.path +
             "; name one in another folder";
    }
    return "";
  };
  const auto check = [&](const std::string& key, const std::string& path) {
    const std::string wrong = problem(path);
    if (wrong.empty()) return true;
    assembly.Report({Severity::kError, code::kWritten, loaded.origins[key], key, Shown(wrong, 400),
                     "", assembly.source_lines[key]});
    return false;
  };
  const std::string& history = loaded.config.events.path;
  if (!history.empty()) check("events.history", history);
  // Any of the pictures in it.
  const std::string& snapshots = loaded.config.snapshots.path;
  if (!snapshots.empty()) check("events.snapshots", snapshots + "/event.jpg");
  const consumer::FileSinkOptions& output = loaded.config.consumer.file;
  if (output.path.empty()) return;
  for (int number = 0; number <= output.keep; ++number) {
    const std::string path = output.path + (number == 0 ? "" : "." + std::to_string(number));
    if (!check("consumer.file.path", path)) return;
  }
}

}  // namespace sampleproc::config
