#include "files/name_list.h"

#include <string_view>
#include <utility>

namespace sampleproc::files {
namespace {

constexpr std::size_t kLongestName = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

base::Result<std::unique_ptr<NameList>> NameList::Open(const std::string& path, char delimiter) {
  auto file = InputFile::OpenAny(path);
  if (!file) return std::unexpected(std::move(file.error()));
  return std::unique_ptr<NameList>(
      new NameList(LineReader(std::move(*file), delimiter, kLongestName), delimiter));
}

std::unique_ptr<NameList> NameList::Of(GivenNames names) {
  return std::unique_ptr<NameList>(new NameList(std::move(names)));
}

std::optional<base::Result<std::string>> NameList::Next() {
  if (!lines_) {
    return next_ < given_.size() ? std::optional(given_[next_++]) : std::nullopt;
  }
  for (;;) {
    const auto line = lines_->Next();
    if (!line) return std::unexpected(line.error());
    if (!*line) return std::nullopt;
    if ((*line)->too_long) {
      return base::Fail(base::ErrorCode::kInvalidFrame,
                        "name " + std::to_string((*line)->number) +
                            " of the list is longer than a path may be (4096 bytes)");
    }
    std::string_view name = (*line)->text;
    // As editors of other systems write lists.
    if ((*line)->number == 1 && name.starts_with(kByteOrderMark)) {
      name.remove_prefix(kByteOrderMark.size());
    }
    if (delimiter_ == '\n' && name.ends_with('\r')) name.remove_suffix(1);
    if (!name.empty()) return std::string(name);
  }
}

}  // namespace sampleproc::files
