// No file that is read is also written, and no two keys write one file.
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

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

// What a key has the service write.
struct Output {
  std::string key;
  std::string kind;                // what it is at its path, for messages
  std::vector<std::string> paths;  // first the one that the key names
};

std::vector<Output> OutputsOf(const Config& config) {
  std::vector<Output> outputs;
  const auto add = [&outputs](std::string key, const std::string& path, std::string kind,
                              const std::vector<std::string>& endings) {
    if (path.empty()) return;
    Output output{std::move(key), std::move(kind), {path}};
    for (const std::string& ending : endings) output.paths.push_back(path + ending);
    outputs.push_back(std::move(output));
  };
  const std::string& history = config.events.path;
  add("events.history", history, "file", {});
  if (!history.empty()) {
    // SQLite's own files are beside the one that a link leads to.
    const std::string one_name = files::ShortestWayTo(history).string();
    for (const char* ending : {".lock", "-wal", "-shm", "-journal"}) {
      outputs.back().paths.push_back(one_name + ending);
    }
  }
  add("events.snapshots", config.snapshots.path, "folder", {});
  add("events.clips", config.clips.path, "folder", {});
  std::vector<std::string> rotated;
  for (int number = 1; number <= config.consumer.file.keep; ++number) {
    rotated.push_back("." + std::to_string(number));
  }
  add("consumer.file.path", config.consumer.file.path, "file", rotated);
  const consumer::HttpOptions& http = config.consumer.http;
  if (http.spool == consumer::Spooling::kDisk) {
    add("consumer.http.spool_dir", http.spool_dir, "folder", {});
  }
  add("http.unix_socket", config.http.unix_socket, "socket", {});
  return outputs;
}

}  // namespace

void CheckWrittenFiles(Assembly& assembly) {
  Loaded& loaded = assembly.result;
  for (NamedFile& file : FilesRead(assembly.schema, loaded.config)) {
    loaded.inputs.push_back({std::move(file.key), std::move(file.path)});
  }
  files::FileGuard guard;
  for (const FileRead& input : loaded.inputs) (void)guard.Read(input.path, input.what);
  const auto problem = [&](const Output& output) -> std::string {
    for (const std::string& path : output.paths) {
      // Any of the pictures in it, where pictures and clips of events would be written.
      std::string file = path;
      if (output.key == "events.snapshots") file += "/event.jpg";
      if (output.key == "events.clips") file += "/event.mkv";
      for (const FileRead& input : loaded.inputs) {
        if (!IsPictureIn(input.path, file)) continue;
        return "the file would be one of the pictures in " + input.what + " " + input.path +
               "; name one in another folder";
      }
      for (const std::string& written : {path, file}) {
        if (const auto checked = guard.CheckWrite(written, "the " + output.kind); !checked) {
          return checked.error().message;
        }
      }
    }
    return "";
  };
  for (const Output& output : OutputsOf(loaded.config)) {
    if (const std::string wrong = problem(output); !wrong.empty()) {
      assembly.Report({Severity::kError, code::kWritten, loaded.origins[output.key], output.key,
                       Shown(wrong, 400), "", assembly.source_lines[output.key]});
    }
    // Names of one key that are links to one file are no fault of another key's.
    for (const std::string& path : output.paths) {
      (void)guard.Write(path, output.key + " " + path);
    }
  }
}

}  // namespace sampleproc::config
