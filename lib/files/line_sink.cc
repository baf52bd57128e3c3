#include "files/line_sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace sampleproc::files {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

bool IsRegular(int descriptor) {
  struct stat status{};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LineSink::LineSink(int descriptor, std::string name, const StopDescriptor* stop)
    : descriptor_(descriptor),
      name_(std::move(name)),
      stop_(stop),
      flush_at_(IsRegular(descriptor) ? kBlock : 0) {}

base::Result<void> LineSink::WriteLine(std::string_view line) {
  pending_ += line;
  pending_ += '\n';
  if (pending_.size() >= flush_at_) return Flush();
  return {};
}

// False when there will be none: the run is to end, and nothing was taken since.
bool LineSink::AwaitReader() const {
  std::array<pollfd, 2> ready{
      {{descriptor_, POLLOUT, 0}, {stop_ == nullptr ? -1 : stop_->get(), POLLIN, 0}}};
  while (poll(ready.data(), 2, -1) < 0 && errno == EINTR) {
  }
  if (ready[0].revents != 0) return true;
  return poll(ready.data(), 1, static_cast<int>(kLastChance.count())) != 0;
}

base::Result<void> LineSink::Flush() {
  const std::string block = std::exchange(pending_, {});
  // What is ready takes so much at once: a write never waits for a reader.
  const std::size_t most = flush_at_ > 0 ? block.size() : PIPE_BUF;
  for (std::size_t done = 0; done < block.size();) {
    if (flush_at_ == 0 && !AwaitReader()) {
      return base::Fail(base::ErrorCode::kCancelled,
                        "interrupted while waiting for the reader of " + name_ +
                            ", which has not got all records");
    }
    const std::size_t size = std::min(block.size() - done, most);
    const ssize_t written = write(descriptor_, block.data() + done, size);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno != EINTR && errno != EAGAIN) {
      const int error_number = errno;
      base::Error error = base::SystemError("cannot write to " + name_, error_number);
      if (error_number == EPIPE) error.code = base::ErrorCode::kCancelled;
      return std::unexpected(std::move(error));
    }
  }
  return {};
}

}  // namespace sampleproc::files
