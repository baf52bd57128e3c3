#include "files/name_list.h"

#include <string_view>
#include <utility>

namespace sampleproc::files {
namespace {

constexpr std::size_t kLongestName = 4096;

bool IsUtf16(std::string_view first) {
  return first.starts_with("\xFF\xFE") || first.starts_with("\xFE\xFF");
}

}  // namespace

base::Result<std::unique_ptr<NameList>> NameList::Open(const std::string& path, char delimiter,
                                                       const StopDescriptor* stop) {
  auto file = InputFile::OpenAny(path, stop);
  if (!file) return std::unexpected(std::move(file.error()));
  return std::unique_ptr<NameList>(
      new NameList(LineReader(std::move(*file), delimiter, kLongestName), delimiter));
}

std::unique_ptr<NameList> NameList::Of(GivenNames names) {
  return std::unique_ptr<NameList>(new NameList(std::move(names)));
}

// What shows that the whole list is not what it was said to be; "" when nothing does.
std::string NameList::ProblemWith(const Line& line) const {
  if (line.number == 1 && IsUtf16(line.text)) {
    return "is UTF-16; convert it, as iconv -f UTF-16 -t UTF-8 does";
  }
  if (line.text.contains('\0')) {
    return "has a NUL byte in line " + std::to_string(line.number) +
           "; where names end with NUL, as those of find -print0, give -0";
  }
  if (delimiter_ == '\0' && !line.has_end && line.text.contains('\n')) {
    return "ends without NUL in names of several lines; where each name is a line, leave out -0";
  }
  return "";
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
                            " of the list is longer than a path may be (4096 bytes); -0 is for "
                            "lists whose names end with NUL, and only for those");
    }
    std::string_view name = (*line)->text;
    if (std::string wrong = ProblemWith(**line); !wrong.empty()) {
      lines_.reset();
      return base::Fail(base::ErrorCode::kInvalidFrame, "the list of files " + std::move(wrong));
    }
    if (delimiter_ == '\n' && name.ends_with('\r')) name.remove_suffix(1);
    if (!name.empty()) return std::string(name);
  }
}

}  // namespace sampleproc::files
