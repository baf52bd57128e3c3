// A picture of an event as a file: how it is called, and what is in it. Pure.
//
//   FF D8                    a JPEG's beginning
//   FF FE, length (2 bytes)  a comment, which viewers pass over:
//     "sampleproc.snapshot/1 " {"event_id", "class", "confidence", "bbox": [x1, y1, x2, y2]}
//   ...                      the rest of the JPEG, as it came
//
// It is called event-<16 hexadecimal digits>-<track_id>.jpg, as the event's id ends: no two events
// end alike (frame::Event::event_id). While it is written ".part" stands behind that.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "frame/snapshot.h"

namespace sampleproc::history {

struct SnapshotKey {
  std::uint64_t run = 0;  // of its camera's tracks
  std::uint64_t track = 0;

  auto operator<=>(const SnapshotKey&) const = default;
};

// Nothing of what is no id of an event.
std::optional<SnapshotKey> SnapshotKeyOf(std::string_view event_id);

std::string SnapshotFileName(const SnapshotKey& key);

// Nothing of a name that is not ours.
std::optional<SnapshotKey> ReadSnapshotFileName(std::string_view name);

inline constexpr std::string_view kPartEnd = ".part";

// What a file of it begins with: all before the JPEG's third byte. Fails with kTooLarge when the
// event's id is longer than a comment may be.
base::Result<std::string> SnapshotHead(const frame::Snapshot& snapshot);

// Bytes of a file that tell whether it is ours.
inline constexpr std::size_t kSnapshotSignature = 28;

// Whether they may begin a file of ours; shorter ones, none at all too, that of one that was not
// written to its end.
bool BeginsAsSnapshot(std::string_view bytes);

struct SnapshotContent {
  frame::Snapshot snapshot;
  std::string jpeg;  // as it came, byte for byte
};

// Fails with kIo when it is not as it was written.
base::Result<SnapshotContent> ReadSnapshotFile(std::string bytes);

}  // namespace sampleproc::history
