#include "video/joins.h"

#include <span>
#include <vector>

namespace sampleproc::video {
namespace {

constexpr std::size_t kHead = 4;
constexpr std::size_t kBlock = 64 * 1024;
constexpr int kPacketsAhead = 64;
constexpr unsigned kPat = 0;
constexpr unsigned kSdt = 0x11;
constexpr unsigned kPadding = 0x1FFF;

struct Head {
  bool in_sync = false;
  bool unit_start = false;
  bool has_payload = false;  // only then the counter counts
  unsigned pid = 0;
  unsigned counter = 0;
};

Head HeadOf(base::ByteView bytes) {
  return {bytes[0] == 0x47, (bytes[1] & 0x40) != 0, (bytes[3] & 0x10) != 0,
          static_cast<unsigned>(bytes[1] & 0x1F) << 8 | bytes[2],
          static_cast<unsigned>(bytes[3] & 0x0F)};
}

}  // namespace

bool JoinFinder::Continues(unsigned pid, unsigned counter) const {
  const std::uint8_t last = counters_[pid];
  return last == kUnseen || counter == ((last + 1u) & 0x0F);
}

// Whether the packets from at_, which is a PAT's, begin a recording.
base::Result<bool> JoinFinder::BeginsRecording(const SourceFile& file) const {
  std::vector<std::uint8_t> ahead(sync_.distance * kPacketsAhead);
  const auto got = file.ReadAt(at_, ahead);
  if (!got) return std::unexpected(got.error());
  bool continues = true;
  unsigned table = kPadding;  // the PMT's PID, once it came
  for (std::size_t at = 0; at + kHead <= *got; at += sync_.distance) {
    const Head head = HeadOf(base::ByteView(ahead).subspan(at, kHead));
    if (!head.in_sync) return false;
    if (head.pid == kPadding || head.pid == kSdt || !head.has_payload) continue;
    if (head.counter != 0 || !head.unit_start) return false;
    continues = continues && Continues(head.pid, head.counter);
    if (head.pid == kPat) continue;
    if (table != kPadding && head.pid != table) return !continues;
    table = head.pid;
  }
  return false;
}

base::Result<std::optional<std::uint64_t>> JoinFinder::FindBefore(const SourceFile& file,
                                                                  std::uint64_t end) {
  std::vector<std::uint8_t> block(kBlock);
  while (at_ + kHead <= end) {
    const auto got = file.ReadAt(at_, block);
    if (!got) return std::unexpected(got.error());
    if (*got < kHead) break;
    for (std::size_t at = 0; at + kHead <= *got && at_ + kHead <= end; at += sync_.distance) {
      const Head head = HeadOf(base::ByteView(block).subspan(at, kHead));
      if (head.in_sync && head.pid == kPat && head.counter == 0 && seen_any_) {
        const auto begins = BeginsRecording(file);
        if (!begins) return std::unexpected(begins.error());
        if (*begins) return at_ - sync_.first;
      }
      if (head.in_sync && head.has_payload && head.pid != kPadding) {
        counters_[head.pid] = static_cast<std::uint8_t>(head.counter);
        seen_any_ = seen_any_ || head.pid != kPat;
      }
      at_ += sync_.distance;
    }
  }
  return std::nullopt;
}

}  // namespace sampleproc::video
