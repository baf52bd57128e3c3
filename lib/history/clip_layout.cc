#include "history/clip_layout.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/bytes.h"

namespace sampleproc::history {
namespace {

constexpr std::string_view kPictureEnd = ".jpg";
constexpr std::string_view kClipEnd = ".mkv";
constexpr std::string_view kMagic = "sampleproc.clip/1 ";

// Ids of elements, as they are written.
constexpr std::uint32_t kEbml = 0x1A45DFA3;
constexpr std::uint32_t kSegment = 0x18538067;
constexpr std::uint32_t kVoid = 0xEC;
constexpr std::uint32_t kSeekHead = 0x114D9B74;
constexpr std::uint32_t kSeek = 0x4DBB;
constexpr std::uint32_t kSeekId = 0x53AB;
constexpr std::uint32_t kSeekPosition = 0x53AC;
constexpr std::uint32_t kInfo = 0x1549A966;
constexpr std::uint32_t kDuration = 0x4489;
constexpr std::uint32_t kTracks = 0x1654AE6B;
constexpr std::uint32_t kCluster = 0x1F43B675;
constexpr std::uint32_t kTimestamp = 0xE7;
constexpr std::uint32_t kSimpleBlock = 0xA3;
constexpr std::uint32_t kCues = 0x1C53BB6B;

constexpr std::size_t kWide = 8;            // bytes of numbers that are written over
constexpr std::size_t kBlockHead = 4;       // track, time in the cluster, flags
constexpr std::size_t kLongestVoid = 4000;  // of an event's id, which is in the title, too
constexpr std::chrono::seconds kBetweenCues{1};

void AppendNumber(std::uint64_t number, std::size_t bytes, std::string& out) {
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

void AppendId(std::uint32_t id, std::string& out) {
  AppendNumber(id, static_cast<std::size_t>(std::bit_width(id) + 7) / 8, out);
}

// A size in `bytes` bytes: as many bits as zeros before the first one, less one, say how many.
void AppendSize(std::uint64_t size, std::size_t bytes, std::string& out) {
  AppendNumber(size | std::uint64_t{1} << (7 * bytes), bytes, out);
}

void AppendElement(std::uint32_t id, std::string_view content, std::string& out) {
  AppendId(id, out);
  AppendSize(content.size(), content.size() < 127 ? 1 : 2, out);
  out.append(content);
}

void AppendUnsigned(std::uint32_t id, std::uint64_t number, std::size_t bytes, std::string& out) {
  std::string content;
  AppendNumber(number, bytes, content);
  AppendElement(id, content, out);
}

// Another number of the same length.
constexpr std::uint64_t kNotKnownYet = 0;
constexpr std::uint64_t kUnknownSize = 0x01FF'FFFF'FFFF'FFFF;

std::string EbmlHead() {
  std::string content;
  AppendUnsigned(0x4286, 1, 1, content);  // EBMLVersion
  AppendUnsigned(0x42F7, 1, 1, content);  // EBMLReadVersion
  AppendUnsigned(0x42F2, 4, 1, content);  // EBMLMaxIDLength
  AppendUnsigned(0x42F3, 8, 1, content);  // EBMLMaxSizeLength
  AppendElement(0x4282, "matroska", content);
  AppendUnsigned(0x4287, 4, 1, content);  // DocTypeVersion
  AppendUnsigned(0x4285, 2, 1, content);  // DocTypeReadVersion
  std::string head;
  AppendElement(kEbml, content, head);
  return head;
}

std::string SeekEntry(std::uint32_t id, std::uint64_t position) {
  std::string wanted;
  AppendId(id, wanted);
  std::string content;
  AppendElement(kSeekId, wanted, content);
  AppendUnsigned(kSeekPosition, position, kWide, content);
  std::string entry;
  AppendElement(kSeek, content, entry);
  return entry;
}

std::string SeekHeadOf(std::uint64_t info, std::uint64_t tracks, std::uint64_t cues) {
  std::string content = SeekEntry(kInfo, info) + SeekEntry(kTracks, tracks);
  content += SeekEntry(kCues, cues);
  std::string head;
  AppendElement(kSeekHead, content, head);
  return head;
}

std::string InfoOf(const ClipFacts& facts) {
  constexpr std::chrono::seconds kYear2001{978'307'200};
  constexpr std::uint64_t kNanosOfMicro = 1000;
  const auto date = std::chrono::nanoseconds(facts.begin - kYear2001).count();
  std::string content;
  AppendUnsigned(0x2AD7B1, kNanosOfMicro, 2, content);  // TimestampScale
  AppendUnsigned(kDuration, kNotKnownYet, kWide, content);
  AppendUnsigned(0x4461, static_cast<std::uint64_t>(date), kWide, content);  // DateUTC
  AppendElement(0x7BA9, facts.event_id, content);                            // Title
  AppendElement(0x4D80, "sampleproc", content);                              // MuxingApp
  AppendElement(0x5741, "sampleproc", content);                              // WritingApp
  std::string info;
  AppendElement(kInfo, content, info);
  return info;
}

std::string TracksOf(const ClipFacts& facts) {
  std::string video;
  AppendUnsigned(0xB0, static_cast<std::uint64_t>(facts.width), 4, video);   // PixelWidth
  AppendUnsigned(0xBA, static_cast<std::uint64_t>(facts.height), 4, video);  // PixelHeight
  std::string entry;
  AppendUnsigned(0xD7, 1, 1, entry);      // TrackNumber
  AppendUnsigned(0x73C5, 1, 1, entry);    // TrackUID
  AppendUnsigned(0x83, 1, 1, entry);      // TrackType: video
  AppendUnsigned(0x9C, 0, 1, entry);      // FlagLacing
  AppendElement(0x22B59C, "und", entry);  // Language
  AppendElement(0x86, "V_MJPEG", entry);  // CodecID
  AppendElement(0xE0, video, entry);      // Video
  std::string content;
  AppendElement(0xAE, entry, content);  // TrackEntry
  std::string tracks;
  AppendElement(kTracks, content, tracks);
  return tracks;
}

std::string CueOf(ClipTime since, std::uint64_t position) {
  std::string place;
  AppendUnsigned(0xF7, 1, 1, place);             // CueTrack
  AppendUnsigned(0xF1, position, kWide, place);  // CueClusterPosition
  std::string content;
  AppendUnsigned(0xB3, static_cast<std::uint64_t>(since.count()), kWide, content);  // CueTime
  AppendElement(0xB7, place, content);  // CueTrackPositions
  std::string cue;
  AppendElement(0xBB, content, cue);  // CuePoint
  return cue;
}

constexpr std::size_t kCueBytes = 27;
constexpr std::size_t kCuesHead = 4 + 4;  // their id and size

std::uint64_t NumberAt(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(at, size)) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

// An element in a head of ours: where its content is.
struct Element {
  std::uint32_t id = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Nothing at the end of `bytes`, or where no element is.
std::optional<Element> ElementAt(std::string_view bytes, std::size_t at) {
  const auto length_at = [bytes](std::size_t place) -> std::size_t {
    if (place >= bytes.size() || bytes[place] == '\0') return 0;
    const std::size_t length =
        static_cast<std::size_t>(std::countl_zero(static_cast<std::uint8_t>(bytes[place]))) + 1;
    return bytes.size() - place < length ? 0 : length;
  };
  const std::size_t id = length_at(at);
  const std::size_t size = id == 0 || id > 4 ? 0 : length_at(at + id);
  if (size == 0) return std::nullopt;
  const std::uint64_t mask = (std::uint64_t{1} << (7 * size)) - 1;
  const std::uint64_t content = NumberAt(bytes, at + id, size) & mask;
  const std::size_t begin = at + id + size;
  if (content > bytes.size() - begin) return std::nullopt;
  return Element{static_cast<std::uint32_t>(NumberAt(bytes, at, id)), begin,
                 begin + static_cast<std::size_t>(content)};
}

// The first one of this id in [at, end).
std::optional<Element> Find(std::string_view bytes, std::size_t at, std::size_t end,
                            std::uint32_t id) {
  while (at < end) {
    const auto element = ElementAt(bytes.substr(0, end), at);
    if (!element || element->id == id) return element;
    at = element->end;
  }
  return std::nullopt;
}

// What begins all files of ours, up to the segment's size.
std::string BeforeSize() {
  std::string begin = EbmlHead();
  AppendId(kSegment, begin);
  return begin;
}

}  // namespace

std::string ClipFileName(const SnapshotKey& key) {
  std::string name = SnapshotFileName(key);
  name.resize(name.size() - kPictureEnd.size());
  return name.append(kClipEnd);
}

std::optional<SnapshotKey> ReadClipFileName(std::string_view name) {
  if (!name.ends_with(kClipEnd)) return std::nullopt;
  std::string picture(name.substr(0, name.size() - kClipEnd.size()));
  return ReadSnapshotFileName(picture.append(kPictureEnd));
}

base::Result<std::string> ClipHead(const ClipFacts& facts) {
  const std::string note = std::string(kMagic) + facts.event_id;
  if (note.size() > kLongestVoid) {
    return base::Fail(base::ErrorCode::kTooLarge, "the event's id is too long for its clip");
  }
  std::string head = BeforeSize();
  AppendNumber(kUnknownSize, kWide, head);
  const std::size_t segment = head.size();
  AppendId(kVoid, head);
  AppendSize(note.size(), 2, head);
  head += note;
  const std::string info = InfoOf(facts);
  const std::string tracks = TracksOf(facts);
  const std::size_t seek_size = SeekHeadOf(0, 0, 0).size();
  const std::size_t info_at = head.size() - segment + seek_size;
  head += SeekHeadOf(info_at, info_at + info.size(), kNotKnownYet);
  return head + info + tracks;
}

std::string ClusterHead(ClipTime since, std::size_t jpeg_bytes) {
  constexpr std::size_t kSizeBytes = 4;
  std::string time;
  AppendUnsigned(kTimestamp, static_cast<std::uint64_t>(since.count()), kWide, time);
  std::string block;
  AppendId(kSimpleBlock, block);
  AppendSize(kBlockHead + jpeg_bytes, kSizeBytes, block);
  AppendSize(1, 1, block);       // the track
  AppendNumber(0, 2, block);     // later than the cluster
  AppendNumber(0x80, 1, block);  // needs no other picture
  std::string head;
  AppendId(kCluster, head);
  AppendSize(time.size() + block.size() + jpeg_bytes, kSizeBytes, head);
  return head + time + block;
}

std::optional<ClusterFacts> ReadClusterHead(std::string_view bytes) {
  constexpr std::size_t kTimeAt = 10;
  constexpr std::size_t kBlockSizeAt = 19;
  if (bytes.size() < kClusterHead) return std::nullopt;
  const std::uint64_t block = NumberAt(bytes, kBlockSizeAt, 4) & 0x0FFF'FFFF;
  if (block < kBlockHead || block > kLongestPicture) return std::nullopt;
  const ClusterFacts facts{
      ClipTime(static_cast<ClipTime::rep>(NumberAt(bytes, kTimeAt, kWide) & INT64_MAX)),
      static_cast<std::size_t>(block - kBlockHead)};
  // Just as it is written.
  if (bytes.substr(0, kClusterHead) != ClusterHead(facts.since, facts.jpeg_bytes)) {
    return std::nullopt;
  }
  return facts;
}

bool BeginsAsClip(std::string_view bytes) {
  const auto fits = [bytes](std::size_t at, std::string_view wanted) {
    if (bytes.size() <= at) return true;
    const std::string_view there = bytes.substr(at, wanted.size());
    return there == wanted.substr(0, there.size());
  };
  constexpr std::size_t kVoidHead = 3;
  const std::string begin = BeforeSize();
  return fits(0, begin) && fits(begin.size() + kWide + kVoidHead, kMagic);
}

std::optional<ClipIndex> ClipIndex::Read(std::string_view head) {
  if (!BeginsAsClip(head)) return std::nullopt;
  ClipIndex index;
  const std::size_t segment = BeforeSize().size() + kWide;
  index.segment_ = segment;
  const auto note = ElementAt(head, segment);
  if (!note || note->id != kVoid || note->end - note->begin < kMagic.size()) return std::nullopt;
  index.event_id_ = head.substr(note->begin, note->end - note->begin).substr(kMagic.size());
  const auto seek = ElementAt(head, note->end);
  if (!seek || seek->id != kSeekHead) return std::nullopt;
  index.cues_at_ = seek->end - kWide;
  const auto info = ElementAt(head, seek->end);
  if (!info || info->id != kInfo) return std::nullopt;
  const auto lasts = Find(head, info->begin, info->end, kDuration);
  if (!lasts || lasts->end - lasts->begin != kWide) return std::nullopt;
  index.lasts_at_ = lasts->begin;
  const auto tracks = ElementAt(head, info->end);
  if (!tracks || tracks->id != kTracks) return std::nullopt;
  index.size_ = tracks->end;
  return index;
}

bool ClipIndex::WantsCue(ClipTime since) const {
  return cues_.empty() || since - cues_.back().since >= kBetweenCues;
}

void ClipIndex::Add(ClipTime since, std::size_t jpeg_bytes) {
  if (WantsCue(since)) cues_.push_back({since, size_});
  if (pictures_ > 0) step_ = since - last_;
  last_ = since;
  ++pictures_;
  size_ += kClusterHead + jpeg_bytes;
}

std::uint64_t ClipIndex::TailSize(std::size_t cues) { return kCuesHead + cues * kCueBytes; }

std::uint64_t ClipIndex::TailSizeWith(ClipTime since) const {
  return TailSize(cues_.size() + (WantsCue(since) ? 1 : 0));
}

std::string ClipIndex::Tail() const {
  std::string tail;
  AppendId(kCues, tail);
  AppendSize(cues_.size() * kCueBytes, 4, tail);
  for (const ClipCue& cue : cues_) tail += CueOf(cue.since, cue.at - segment_);
  return tail;
}

// The last picture is shown for as long as the one before it was.
std::vector<ClipIndex::Patch> ClipIndex::Patches() const {
  constexpr ClipTime kOnlyOne = std::chrono::seconds(1);
  const ClipTime lasts = last_ + (step_ > ClipTime(0) ? step_ : kOnlyOne);
  std::string duration;
  AppendNumber(std::bit_cast<std::uint64_t>(static_cast<double>(lasts.count())), kWide, duration);
  std::string cues;
  AppendNumber(size_ - segment_, kWide, cues);
  std::string whole;
  AppendSize(size_ + tail_size() - segment_, kWide, whole);
  return {{lasts_at_, duration}, {cues_at_, cues}, {segment_ - kWide, whole}};
}

}  // namespace sampleproc::history
