#include "consumer/pixels/entry_pixels.h"

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
#include "consumer/pixels/storage_folder.h"
#include "frame/raw_description.h"

namespace sampleproc::consumer {
namespace {

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

Result<std::string> Read(int fd, std::size_t size) {
  std::string bytes(size, '\0');
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

Result<std::string> ReadBelow(const std::string& root, const std::string& path,
                              std::size_t max_bytes, const MakeRoom& make_room) {
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
      if (IsEmptyFolder(folder.get()))
        return base::Fail(ErrorCode::kIo, std::string(kEmptyStorage));
      return base::Fail(ErrorCode::kNotFound, "the frame's file is not there");
    }
    if (errno == EXDEV || errno == ELOOP) {
      return base::Fail(ErrorCode::kInvalidFrame,
                        "storage_path leads out of the folder with the frames");
    }
    // What no other file of the folder has.
    const bool its_own = errno == ENAMETOOLONG || errno == EINVAL || errno == ENXIO;
    return base::Fail(its_own ? ErrorCode::kInvalidFrame : ErrorCode::kIo,
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
  if (auto room = make_room(size); !room) return std::unexpected(std::move(room.error()));
  return Read(file.get(), size);
}

}  // namespace

std::vector<PixelPlace> EntryPixels::PlacesOf(const FrameEntry& entry) const {
  using Kind = PixelPlace::Kind;
  std::vector<PixelPlace> all;
  if (!entry.frame_data.empty()) return all;
  if (places_.redis_key) {
    const bool named = !entry.frame_buffer_key.empty();
    all.push_back({Kind::kRedisKey, named ? entry.frame_buffer_key : "frame:" + entry.frame_id,
                   places_.redis_host});
  }
  if (places_.file && !entry.storage_path.empty()) {
    all.push_back({Kind::kFile, entry.storage_path, "files"});
  }
  if (places_.url && !entry.frame_url.empty()) {
    all.push_back({Kind::kUrl, entry.frame_url, places_.url_host(entry.frame_url)});
  }
  return all;
}

Result<FetchedPixels> EntryPixels::Fetch(const PixelPlace& place,
                                         const base::Allowance& allowance) {
  using Kind = PixelPlace::Kind;
  if (place.kind == Kind::kRedisKey) return FetchBy(places_.redis_key, place.name, allowance);
  if (place.kind == Kind::kUrl) return FetchBy(places_.url, place.name, allowance);
  return disk_.Run([this, name = place.name] { return FetchBy(places_.file, name, {}); },
                   allowance);
}

Result<FetchedPixels> EntryPixels::FetchBy(const FetchPixels& fetch, const std::string& name,
                                           const base::Allowance& allowance) {
  FetchedPixels pixels;
  const MakeRoom make_room = [&](std::size_t bytes) -> Result<void> {
    if (bytes <= pixels.reservation.bytes()) return {};
    pixels.reservation.Release();
    auto reservation = budget_.TryReserve(bytes, "the pixels of a pulled frame");
    if (!reservation) return std::unexpected(std::move(reservation.error()));
    pixels.reservation = std::move(*reservation);
    return {};
  };
  auto bytes = fetch(name, make_room, allowance);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (auto room = make_room(bytes->size()); !room) {
    return std::unexpected(std::move(room.error()));
  }
  pixels.bytes = std::move(*bytes);
  return pixels;
}

frame::Frame FrameOf(FrameEntry& entry, std::string_view fetched) {
  frame::Frame frame;
  frame.storage = std::exchange(entry.frame_data, {});
  frame.encoded = frame.storage.empty() ? base::AsBytes(fetched) : base::ByteView(frame.storage);
  frame.frame_id = entry.frame_id;
  frame.camera_id = entry.camera_id;
  frame.timestamp = entry.timestamp;
  frame.declared_format = entry.format;
  frame.raw = RawOf(entry);
  if (!frame.raw && entry.format && entry.width && entry.height) frame.unknown_raw = *entry.format;
  return frame;
}

FetchPixels FilesBelow(std::string root, std::size_t max_bytes) {
  return [root = std::move(root), max_bytes](const std::string& path, const MakeRoom& make_room,
                                             const base::Allowance&) {
    return ReadBelow(root, path, max_bytes, make_room);
  };
}

}  // namespace sampleproc::consumer
