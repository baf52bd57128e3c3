#include "consumer/sources/spool_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/descriptor.h"

namespace sampleproc::consumer {
namespace {

constexpr std::size_t kPiece = 16UL * 1024;
constexpr std::size_t kLongestLine = 64;  // of those that mean something
constexpr mode_t kFileMode = 0600;        // as of the answers

}  // namespace

void SpoolNotes::Add(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view what = line.substr(0, space);
  const std::string_view number = line.substr(space + 1);
  std::size_t frame = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, frame);
  if (error != std::errc() || stop != end) return;
  if (what == "done") done.insert(frame);
  if (what == "try") ++tries[frame];
  // The try itself may not have found its way to the disk.
  if (const auto its = tries.find(frame); what == "back" && its != tries.end()) {
    if (--its->second == 0) tries.erase(its);
  }
}

std::string SpoolNotes::Text() const {
  std::string text;
  for (const std::size_t frame : done) text += "done " + std::to_string(frame) + '\n';
  for (const auto& [frame, count] : tries) {
    if (done.contains(frame)) continue;
    for (int i = 0; i < count; ++i) text += "try " + std::to_string(frame) + '\n';
  }
  return text;
}

base::Result<SpoolNotes> ReadSpoolLog(const std::string& path) {
  SpoolNotes notes;
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT) return notes;
    return base::FailWithErrno(path);
  }
  std::array<char, kPiece> piece;  // NOLINT(*-member-init): read fills it
  std::string line;
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got == 0) return notes;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::FailWithErrno(path);
    std::string_view rest(piece.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
      if (line.size() + end <= kLongestLine) notes.Add(line.append(rest.substr(0, end)));
      line.clear();
      rest.remove_prefix(end + 1);
    }
    // One byte more than the longest is enough to know that it is longer.
    line.append(rest.substr(0, kLongestLine + 1 - line.size()));
  }
}

base::Result<void> AppendToSpoolLog(const std::string& path, std::string_view line) {
  const base::Descriptor log(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode));
  if (log.get() < 0) return base::FailWithErrno(path);
  const ssize_t wrote = ::write(log.get(), line.data(), line.size());
  if (wrote < 0) return base::FailWithErrno(path);
  if (static_cast<std::size_t>(wrote) == line.size()) return {};
  // What is there of it would spoil the next line.
  struct stat state{};
  const bool undone =
      ::fstat(log.get(), &state) == 0 && ::ftruncate(log.get(), state.st_size - wrote) == 0;
  return base::Fail(base::ErrorCode::kIo, path + (undone ? ": a line could not be written whole"
                                                         : ": a line was written in part"));
}

}  // namespace sampleproc::consumer
