#include "consumer/sources/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "consumer/sources/buffer_answer.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

}  // namespace

Result<std::string> ReadSpoolFile(const std::string& path) {
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return base::FailWithErrno(path);
  std::string text;
  std::vector<char> piece(std::size_t{64} * 1024);
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return base::FailWithErrno(path);
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostAnswerBytes) {
      return Fail(ErrorCode::kIo, path + ": longer than any answer of a frame buffer");
    }
  }
}

Result<base::Descriptor> WriteSpoolFile(const std::string& path, std::string_view text) {
  base::Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kSpoolFileMode));
  if (file.get() < 0) return base::FailWithErrno(path);
  while (!text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0 && errno != EINTR) {
      auto failed = base::FailWithErrno(path);
      ::unlink(path.c_str());
      return failed;
    }
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return file;
}

}  // namespace sampleproc::consumer
