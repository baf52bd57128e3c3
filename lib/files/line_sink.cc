#include "files/line_sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "files/file_kind.h"

namespace sampleproc::files {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

bool IsRegular(int descriptor) {
  struct stat status{};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LineSink::LineSink(int descriptor, std::string name)
    : descriptor_(descriptor),
      name_(std::move(name)),
      flush_at_(IsRegular(descriptor) ? kBlock : 0) {}

base::Result<void> LineSink::WriteLine(std::string_view line) {
  pending_ += line;
  pending_ += '\n';
  if (pending_.size() >= flush_at_) return Flush();
  return {};
}

base::Result<void> LineSink::Flush() {
  const std::string block = std::exchange(pending_, {});
  for (std::size_t done = 0; done < block.size();) {
    const ssize_t written = write(descriptor_, block.data() + done, block.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN) {
      pollfd ready{descriptor_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      const int error_number = errno;
      base::Error error = SystemError("cannot write to " + name_, error_number);
      if (error_number == EPIPE) error.code = base::ErrorCode::kCancelled;
      return std::unexpected(std::move(error));
    }
  }
  return {};
}

}  // namespace sampleproc::files
