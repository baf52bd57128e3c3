#include "unit/config/loading.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "config/print.h"

namespace sampleproc::config {

TempDir::TempDir() {
  std::string name = std::filesystem::temp_directory_path() / "sampleproc-config-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::Write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::string Render(const Loaded& loaded) {
  std::string text;
  for (Diagnostic diagnostic : loaded.diagnostics) {
    if (diagnostic.origin.kind == Origin::Kind::kFile) {
      diagnostic.origin.name = std::filesystem::path(diagnostic.origin.name).filename();
    }
    text += FormatDiagnostic(diagnostic, false);
  }
  return text;
}

std::string RenderFile(const std::string& text) {
  const TempFile file(text);
  return Render(Load({.file = file.path()}));
}

}  // namespace sampleproc::config
