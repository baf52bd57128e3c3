// Finds and loads the parts of the program that are files of their own, because they drag in
// libraries that most runs do without.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sampleproc::modules {

// Which module, and how to say that it is not there.
struct ModuleSpec {
  const char* file;   // "sampleproc_video.so"
  const char* entry;  // the function that returns its table
  std::uint32_t version;
  std::string_view failure;   // "videos cannot be read": the beginning of every error
  std::string_view packages;  // the Debian packages that it needs
};

// Where the module `file` of the program `executable` may be, in the order they are tried: beside
// it (a build tree), in the library folder relative to it (an installation, wherever it was moved),
// in the library folder that the build was configured for.
std::vector<std::filesystem::path> ModuleCandidates(const std::filesystem::path& executable,
                                                    std::string_view file);

// The first of these of this program that exists, without a look into it. Fails with kUnavailable:
// the message says where it was looked for, and which Debian package has it.
base::Result<std::filesystem::path> FindModule(std::string_view file);

// Loads `module`, or when that is empty the first of the candidates that exists, and returns the
// table, which must begin with its version as a std::uint32_t. Loading it again costs microseconds.
// The table may be kept in any thread; the code stays loaded until the process ends, because the
// libraries below are not made to be unloaded. Fails with kUnavailable: the message names the file
// that is missing, or the libraries it needs, or that it was built for another version.
base::Result<std::shared_ptr<const void>> LoadModuleTable(const ModuleSpec& spec,
                                                          const std::filesystem::path& module);

template <typename Table>
base::Result<std::shared_ptr<const Table>> LoadModule(const ModuleSpec& spec,
                                                      const std::filesystem::path& module) {
  auto table = LoadModuleTable(spec, module);
  if (!table) return std::unexpected(std::move(table.error()));
  return std::static_pointer_cast<const Table>(std::move(*table));
}

}  // namespace sampleproc::modules
