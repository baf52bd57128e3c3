// A clip of an event as a file: how it is called, and what is in it. Pure.
//
// Matroska (RFC 9559, in EBML, RFC 8794): a container that players open, that keeps the time of
// each picture, and that can be written as the pictures come. The pictures are JPEGs as they came,
// the codec V_MJPEG. An element is an id, a size and so many bytes; of each, in this order:
//
//   1A45DFA3 EBML       what follows is Matroska, version 4
//   18538067 Segment    all that follows, its size in 8 bytes
//     EC       Void     passed over by players: "sampleproc.clip/1 " and the event's id
//     114D9B74 SeekHead where Info, Tracks and Cues begin, each in 8 bytes
//     1549A966 Info     times are in microseconds; how long it lasts, as a double; when it begins
//                       (DateUTC, nanoseconds since 2001); the event's id as its title
//     1654AE6B Tracks   one, of video: V_MJPEG, the first picture's width and height
//     1F43B675 Cluster  one for each picture: its time since the first one in 8 bytes (E7), and the
//     ...               JPEG as a block that needs no other (A3)
//     1C53BB6B Cues     where the first picture of each second begins, so that players can go there
//
// Sizes and positions have as many bytes whatever they are, so that those which are known only in
// the end (the segment's size, where the cues are, how long it lasts) are written over what stood
// there; until then the file is "live", which players open, too. Each picture is its own cluster:
// what was written of a file before its process died is one as far as whole clusters go.
//
// It is called event-<16 hexadecimal digits>-<track_id>.mkv, as the event's picture is. While it is
// written ".part" stands behind that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "history/snapshot_file.h"

namespace sampleproc::history {

using ClipTime = std::chrono::microseconds;

std::string ClipFileName(const SnapshotKey& key);

// Nothing of a name that is not ours.
std::optional<SnapshotKey> ReadClipFileName(std::string_view name);

struct ClipFacts {
  std::string event_id;
  ClipTime begin{};  // the first picture's, by the frames' clock
  int width = 0;     // of the first picture as it is stored
  int height = 0;
};

// All before the first cluster. Fails with kTooLarge when the event's id is too long for it.
base::Result<std::string> ClipHead(const ClipFacts& facts);

// What stands before a picture's JPEG in the file; `since` is from the first one on.
std::string ClusterHead(ClipTime since, std::size_t jpeg_bytes);
inline constexpr std::size_t kClusterHead = 27;
inline constexpr std::size_t kLongestPicture = std::size_t{1} << 27;  // bytes of a JPEG

// Where pictures are in a file, in their order.
struct ClipCue {
  ClipTime since{};
  std::uint64_t at = 0;  // of the cluster, from the file's first byte

  bool operator==(const ClipCue&) const = default;
};

// What is known of a file's pictures while it is written, and of one that was not written to its
// end.
class ClipIndex {
 public:
  // `head` is the file's, or its first bytes up to at least the first cluster. Nothing of what is
  // none of ours, or not written so far.
  static std::optional<ClipIndex> Read(std::string_view head);

  const std::string& event_id() const { return event_id_; }
  std::uint64_t size() const { return size_; }  // of the head and the clusters
  std::uint64_t pictures() const { return pictures_; }
  ClipTime last() const { return last_; }  // since the first one

  // A picture at the end, later than the last one.
  void Add(ClipTime since, std::size_t jpeg_bytes);

  // What there is behind the last cluster in the end.
  std::string Tail() const;
  std::uint64_t tail_size() const { return TailSize(cues_.size()); }
  // What it would be with one more picture.
  std::uint64_t TailSizeWith(ClipTime since) const;

  // What is written over in the end.
  struct Patch {
    std::uint64_t at = 0;
    std::string bytes;
  };
  std::vector<Patch> Patches() const;

 private:
  bool WantsCue(ClipTime since) const;
  static std::uint64_t TailSize(std::size_t cues);

  std::string event_id_;
  std::uint64_t segment_ = 0;   // where its content begins
  std::uint64_t cues_at_ = 0;   // in the seek head: the place of the cues' position
  std::uint64_t lasts_at_ = 0;  // in Info: the place of the duration
  std::uint64_t size_ = 0;
  std::uint64_t pictures_ = 0;
  ClipTime last_{};
  ClipTime step_{};  // between the last two
  std::vector<ClipCue> cues_;
};

// A cluster's head as it is in a file; nothing of what is none of ours.
struct ClusterFacts {
  ClipTime since{};
  std::size_t jpeg_bytes = 0;
};
std::optional<ClusterFacts> ReadClusterHead(std::string_view bytes);

// Bytes of a file that tell whether it is ours, and those that hold every head there can be.
inline constexpr std::size_t kClipSignature = 73;
inline constexpr std::size_t kLongestClipHead = std::size_t{16} * 1024;

// Whether they may begin a file of ours; shorter ones, none at all too, that of one that was not
// written to its end.
bool BeginsAsClip(std::string_view bytes);

}  // namespace sampleproc::history
