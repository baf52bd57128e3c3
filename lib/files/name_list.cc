#include "files/name_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "files/file_kind.h"

namespace sampleproc::files {
namespace {

constexpr std::size_t kLongestName = 4096;
constexpr std::size_t kBlock = 64 * 1024;

}  // namespace

base::Result<std::unique_ptr<NameList>> NameList::Open(const std::string& path, char delimiter) {
  const int descriptor =
      path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return std::unexpected(SystemError("cannot read the list of files", errno));
  return std::unique_ptr<NameList>(new NameList(descriptor, delimiter));
}

NameList::~NameList() {
  if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
}

std::optional<base::Result<std::string>> NameList::Next() {
  bool too_long = false;
  for (;;) {
    const std::size_t end = held_.find(delimiter_, start_);
    const bool complete = end != std::string::npos;
    if (!complete && held_.size() - start_ > kLongestName) {
      too_long = true;  // forget its beginning, its end is still to come
      held_.clear();
      start_ = 0;
    }
    if (!complete && Fill()) continue;
    if (!complete && failure_) return std::unexpected(*std::exchange(failure_, std::nullopt));

    const std::size_t length = (complete ? end : held_.size()) - start_;
    std::string name = held_.substr(start_, length);
    start_ = complete ? end + 1 : held_.size();
    if (complete || length > 0 || too_long) ++names_;
    if (too_long || name.size() > kLongestName) {
      return base::Fail(base::ErrorCode::kInvalidFrame,
                        "name " + std::to_string(names_) +
                            " of the list is longer than a path may be (4096 bytes)");
    }
    if (!name.empty()) return name;
    if (!complete) return std::nullopt;
  }
}

// Reads more; false at the end of the list or when it cannot be read.
bool NameList::Fill() {
  if (ended_) return false;
  held_.erase(0, std::exchange(start_, 0));
  const std::size_t had = held_.size();
  held_.resize(had + kBlock);
  ssize_t got;
  do {
    got = ::read(descriptor_, held_.data() + had, kBlock);
  } while (got < 0 && errno == EINTR);
  if (got < 0) failure_ = SystemError("cannot read the list of files", errno);
  held_.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
  ended_ = got <= 0;
  return got > 0;
}

}  // namespace sampleproc::files
