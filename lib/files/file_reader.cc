#include "files/file_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "files/input_file.h"

namespace sampleproc::files {
namespace {

constexpr std::size_t kFirstBlock = 256 * 1024;

}  // namespace

base::Error TooLarge(const std::string& what, std::size_t max_bytes) {
  return base::Fail(base::ErrorCode::kTooLarge,
                    what + " bytes; at most " + std::to_string(max_bytes) + " are allowed")
      .error();
}

base::Result<base::ByteBuffer> ReadInput(const std::string& path, std::size_t max_bytes,
                                         const StopDescriptor* stop) {
  auto file = InputFile::Open(path, stop);
  if (!file) return std::unexpected(file.error());
  if (!file->has_size()) return ReadRest(*file, {}, max_bytes);
  const auto size = static_cast<std::size_t>(file->size());
  if (size > max_bytes) {
    return std::unexpected(TooLarge(path + " has " + std::to_string(size), max_bytes));
  }

  base::ByteBuffer bytes(size + 1);  // one more, to see whether it grows
  const auto filled = file->Fill(bytes);
  if (!filled) return std::unexpected(filled.error());
  if (*filled != size) {
    return base::Fail(base::ErrorCode::kIo, path + " changed its size while it was read");
  }
  bytes.resize(size);
  return bytes;
}

base::Result<base::ByteBuffer> ReadDescriptor(int descriptor, const std::string& name,
                                              std::size_t max_bytes) {
  InputFile file(descriptor, name);
  return ReadRest(file, {}, max_bytes);
}

base::Result<base::ByteBuffer> ReadRest(InputFile& file, base::ByteBuffer begun,
                                        std::size_t max_bytes) {
  base::ByteBuffer bytes = std::move(begun);
  std::size_t filled = bytes.size();
  for (;;) {
    if (filled == bytes.size()) {
      const std::size_t more = std::min(std::max(2 * filled, kFirstBlock), max_bytes + 1);
      bytes.reserve(more);
      bytes.resize(more);
    }
    const auto got = file.ReadSome(std::span(bytes).subspan(filled));
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    filled += *got;
    if (filled > max_bytes) {
      return std::unexpected(
          TooLarge(file.name() + " has more than " + std::to_string(max_bytes), max_bytes));
    }
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace sampleproc::files
