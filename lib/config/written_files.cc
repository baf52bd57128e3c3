// No file that is read is also written.
#include "config/assembly.h"
#include "files/file_guard.h"

namespace sampleproc::config {

void CheckWrittenFiles(Assembly& assembly) {
  Loaded& loaded = assembly.result;
  for (const Key& key : assembly.schema) {
    if (!key.file && !key.secret_file) continue;
    auto path = std::get<std::string>(key.get(loaded.config));
    if (!path.empty()) loaded.inputs.push_back({std::string(key.path), std::move(path)});
  }
  files::FileGuard guard;
  for (const FileRead& input : loaded.inputs) (void)guard.Read(input.path, input.what);
  const auto check = [&](const std::string& key, const std::string& path) {
    const auto checked = guard.CheckWrite(path, "the file");
    if (checked) return true;
    assembly.Report({Severity::kError, code::kWritten, loaded.origins[key], key,
                     Shown(checked.error().message, 400), "", assembly.source_lines[key]});
    return false;
  };
  const std::string& history = loaded.config.events.path;
  if (!history.empty()) check("events.history", history);
  const consumer::FileSinkOptions& output = loaded.config.consumer.file;
  if (output.path.empty()) return;
  for (int number = 0; number <= output.keep; ++number) {
    const std::string path = output.path + (number == 0 ? "" : "." + std::to_string(number));
    if (!check("consumer.file.path", path)) return;
  }
}

}  // namespace sampleproc::config
