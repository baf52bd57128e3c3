#include "video/mp4_tables.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sampleproc::video {
namespace {

constexpr std::uint64_t kAlwaysAllowed = 1'000'000;   // samples: nine hours of video
constexpr std::uint64_t kMostHeadBytes = 256u << 20;  // a week of video has less
constexpr std::size_t kBlock = 256 * 1024;
constexpr std::size_t kLongestMatch = 16;  // a table's type and the fields that are looked at

std::uint32_t BigEndian(base::ByteView bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

struct Claims {
  std::uint64_t samples = 0;
  bool compressed = false;
};

// Looks at the matches that begin in the first `starts` bytes.
void AddClaims(base::ByteView bytes, std::size_t starts, Claims& claims) {
  const std::string_view text = base::AsText(bytes);
  const auto each = [&](std::string_view type, auto&& add) {
    for (std::size_t at = text.find(type); at < starts; at = text.find(type, at + 1)) add(at);
  };
  each("stsz", [&](std::size_t at) {
    if (at + 16 > bytes.size() || BigEndian(bytes.subspan(at + 8, 4)) == 0) return;
    claims.samples += BigEndian(bytes.subspan(at + 12, 4));
  });
  each("trun", [&](std::size_t at) {
    if (at + 12 > bytes.size() || (BigEndian(bytes.subspan(at + 4, 4)) & 0xF00u) != 0) return;
    claims.samples += BigEndian(bytes.subspan(at + 8, 4));
  });
  each("cmov", [&](std::size_t) { claims.compressed = true; });
}

// Reads [begin, end) in blocks that overlap by a match.
base::Result<void> Scan(const SourceFile& file, std::uint64_t begin, std::uint64_t end,
                        std::vector<std::uint8_t>& block, Claims& claims) {
  for (std::uint64_t at = begin; at < end; at += kBlock) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - at, kBlock + kLongestMatch));
    const auto got = file.ReadAt(at, std::span(block).first(wanted));
    if (!got) return std::unexpected(got.error());
    AddClaims(std::span(block).first(*got), std::min(*got, kBlock), claims);
  }
  return {};
}

}  // namespace

base::Result<void> CheckMp4Tables(const SourceFile& file) {
  constexpr int kMostBoxes = 1'000'000;
  std::vector<std::uint8_t> block(kBlock + kLongestMatch);
  Claims claims;
  std::uint64_t scanned = 0;
  std::uint64_t offset = 0;
  for (int i = 0; offset < file.size(); ++i) {
    std::array<std::uint8_t, 16> head{};
    const auto got = file.ReadAt(offset, head);
    if (!got) return std::unexpected(got.error());
    const base::ByteView bytes = base::ByteView(head).first(*got);
    std::uint64_t length = bytes.size() < 8 ? 0 : BigEndian(bytes.first(4));
    if (length == 1 && bytes.size() == 16) {
      length =
          std::uint64_t{BigEndian(bytes.subspan(8, 4))} << 32 | BigEndian(bytes.subspan(12, 4));
    }
    // What has no sensible length, or goes on for too many boxes, is looked at to the end.
    const std::uint64_t rest = file.size() - offset;
    if (length < 8 || length > rest || i >= kMostBoxes) length = rest;
    const bool pictures = bytes.size() >= 8 && base::AsText(bytes.subspan(4, 4)) == "mdat";
    if (!pictures || i >= kMostBoxes) {
      scanned += length;
      if (scanned > kMostHeadBytes) {
        return base::Fail(base::ErrorCode::kInvalidFrame,
                          file.path() + ": more than 256 MiB of it are no pictures");
      }
      const auto done = Scan(file, offset, offset + length, block, claims);
      if (!done) return done;
    }
    offset += length;
  }
  if (claims.compressed) {
    return base::Fail(base::ErrorCode::kUnsupportedFormat,
                      file.path() + ": its head is compressed, which is not read");
  }
  if (claims.samples > file.size() + kAlwaysAllowed) {
    return base::Fail(base::ErrorCode::kInvalidFrame,
                      file.path() + ": its tables claim more samples than the file can hold");
  }
  return {};
}

}  // namespace sampleproc::video
