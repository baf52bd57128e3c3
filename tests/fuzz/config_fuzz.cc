// A configuration: whatever a file or an environment says, each diagnostic has a known code, a
// place that lies within the text, and prints in every format; and what has no errors reads back
// as itself. The first byte chooses between the two kinds of files.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/effective.h"
#include "config/print.h"
#include "config/report.h"
#include "config/schema.h"

namespace {

using sampleproc::config::Loaded;

// A file whose text is `text`, for as long as it lives.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) {
    if (fd_ < 0) std::abort();
    if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_ = ::memfd_create("config", 0);
};

Loaded LoadToml(std::string_view text) {
  const MemoryFile file(text);
  return sampleproc::config::Load({.file = file.path(), .original_names = true});
}

Loaded LoadVariables(std::string_view text) {
  const MemoryFile file(text);
  return sampleproc::config::LoadEnvironmentFile(file.path());
}

void CheckDiagnostics(const Loaded& loaded, std::size_t lines) {
  for (const auto& diagnostic : loaded.diagnostics) {
    if (sampleproc::config::FindCode(diagnostic.code) == nullptr) std::abort();
    if (diagnostic.message.empty() || diagnostic.origin.place.line > lines) std::abort();
    for (const char c : sampleproc::config::FormatDiagnostic(diagnostic, false)) {
      if (c != '\n' && (c < ' ' || c > '~') && static_cast<unsigned char>(c) < 0x80) std::abort();
    }
    const std::string annotation = sampleproc::config::FormatGithub(diagnostic);
    if (annotation.find('\n') != annotation.size() - 1) std::abort();
  }
}

void CheckRoundTrip(const Loaded& loaded) {
  if (loaded.HasErrors()) return;
  const std::string text =
      sampleproc::config::EffectiveToml(loaded, sampleproc::config::Which::kAll);
  const Loaded again = LoadToml(text);
  if (again.HasErrors()) std::abort();
  for (const auto& key : sampleproc::config::MakeSchema()) {
    const bool masked = text.find("\n#" + std::string(key.path.substr(key.path.rfind('.') + 1)) +
                                  " = ") != std::string::npos;
    if (!masked && key.get(loaded.config) != key.get(again.config)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string text(size - 1, '\0');
  for (std::size_t i = 1; i < size; ++i) text[i - 1] = static_cast<char>(data[i]);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 2;
  Loaded loaded = data[0] == 'e' ? LoadVariables(text) : LoadToml(text);
  CheckDiagnostics(loaded, lines);
  CheckRoundTrip(loaded);
  std::vector<sampleproc::config::Checked> checked;
  checked.push_back({"fuzz", std::move(loaded)});
  const std::string json = sampleproc::config::FormatJson(checked);
  if (json.find('\n') != json.size() - 1) std::abort();
  return 0;
}
