#include "files/name_list.h"

#include <utility>

namespace sampleproc::files {
namespace {

constexpr std::size_t kLongestName = 4096;

}  // namespace

base::Result<std::unique_ptr<NameList>> NameList::Open(const std::string& path, char delimiter) {
  auto file = InputFile::OpenAny(path);
  if (!file) return std::unexpected(std::move(file.error()));
  return std::unique_ptr<NameList>(
      new NameList(LineReader(std::move(*file), delimiter, kLongestName)));
}

std::optional<base::Result<std::string>> NameList::Next() {
  for (;;) {
    const auto line = lines_.Next();
    if (!line) return std::unexpected(line.error());
    if (!*line) return std::nullopt;
    if ((*line)->too_long) {
      return base::Fail(base::ErrorCode::kInvalidFrame,
                        "name " + std::to_string((*line)->number) +
                            " of the list is longer than a path may be (4096 bytes)");
    }
    if (!(*line)->text.empty()) return std::string((*line)->text);
  }
}

}  // namespace sampleproc::files
