#include "consumer/entry_pixels.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/descriptor.h"
#include "frame/raw_description.h"

namespace sampleproc::consumer {
namespace {

using base::ByteBuffer;
using base::ErrorCode;
using base::Result;

// Bytes that a sender calls raw pixels are read as such unless they begin like a picture.
std::optional<frame::RawDescription> RawOf(const FrameEntry& entry) {
  const auto format = entry.format ? frame::FindRawFormat(*entry.format) : std::nullopt;
  if (!format) return std::nullopt;
  const auto side = [](const std::optional<std::int64_t>& given) -> std::uint32_t {
    const bool fits = given && *given >= 1 && *given <= std::int64_t{frame::kMaxRawSide};
    return fits ? static_cast<std::uint32_t>(*given) : 0;
  };
  return frame::RawDescription{
      .format = *format, .width = side(entry.width), .height = side(entry.height)};
}

Result<ByteBuffer> Read(int fd, std::size_t size) {
  ByteBuffer bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(fd, bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return base::Fail(ErrorCode::kIo,
                        std::string("cannot read the frame's file: ") + std::strerror(errno));
    }
    if (got == 0) break;  // it has been cut short meanwhile
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Result<ByteBuffer> ReadBelow(const std::string& root, const std::string& path,
                             std::size_t max_bytes) {
  const base::Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return base::Fail(ErrorCode::kIo, std::string("cannot open the folder with the frames: ") +
                                          std::strerror(errno));
  }
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const base::Descriptor file(
      static_cast<int>(::syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof how)));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return base::Fail(ErrorCode::kNotFound, "the frame's file is not there");
    }
    if (errno == EXDEV || errno == ELOOP) {
      return base::Fail(ErrorCode::kInvalidFrame,
                        "storage_path leads out of the folder with the frames");
    }
    return base::Fail(ErrorCode::kIo,
                      std::string("cannot open the frame's file: ") + std::strerror(errno));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return base::Fail(ErrorCode::kInvalidFrame, "storage_path is no regular file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) {
    return base::Fail(ErrorCode::kTooLarge, "the frame's file has " + std::to_string(size) +
                                                " bytes; at most " + std::to_string(max_bytes) +
                                                " are allowed");
  }
  return Read(file.get(), size);
}

}  // namespace

Result<ByteBuffer> EntryPixels::Find(FrameEntry& entry, const base::Allowance& allowance) const {
  if (!entry.frame_data.empty()) return std::exchange(entry.frame_data, {});
  struct Place {
    const FetchPixels& fetch;
    std::string name;
  };
  const std::string key =
      entry.frame_buffer_key.empty() ? "frame:" + entry.frame_id : entry.frame_buffer_key;
  for (const Place& place : {Place{places_.redis_key, key}, Place{places_.file, entry.storage_path},
                             Place{places_.url, entry.frame_url}}) {
    if (!place.fetch || place.name.empty()) continue;
    auto bytes = place.fetch(place.name, allowance);
    if (bytes || bytes.error().code != ErrorCode::kNotFound) return bytes;
  }
  return base::Fail(ErrorCode::kNotFound, "the frame came without pixels");
}

Result<frame::Frame> EntryPixels::Load(FrameEntry& entry, const base::Allowance& allowance) {
  auto bytes = Find(entry, allowance);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  frame::Frame frame;
  frame.storage = std::move(*bytes);
  frame.encoded = frame.storage;
  frame.frame_id = entry.frame_id;
  frame.camera_id = entry.camera_id;
  frame.timestamp = entry.timestamp;
  frame.declared_format = entry.format;
  frame.raw = RawOf(entry);
  return frame;
}

FetchPixels FilesBelow(std::string root, std::size_t max_bytes) {
  return [root = std::move(root), max_bytes](const std::string& path, const base::Allowance&) {
    return ReadBelow(root, path, max_bytes);
  };
}

}  // namespace sampleproc::consumer
