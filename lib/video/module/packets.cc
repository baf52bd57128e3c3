// A stream's packets as the demuxer gives them, and what it says about them.
extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "video/module/stream.h"
#include "video/module/stream_facts.h"

namespace sampleproc::video {
namespace {

constexpr std::size_t kMostWaiting = 64;  // more than any decoder holds back

constexpr int kMostFailedReads = 64;      // in a row; a demuxer that stands still is given up
constexpr std::size_t kMostSkips = 64;    // more than are told of one look ahead
constexpr AVRational kRawRate = {25, 1};  // FFmpeg's of a stream that does not say its own

}  // namespace

void Stream::OnLog(void* source, int level, const char* format, va_list) {
  if (source == nullptr) return;
  if (*static_cast<const AVClass* const*>(source) == avcodec_get_class()) {
    OnDecoderLog(*static_cast<const AVCodecContext*>(source), level, format);
  }
  if (Stream* const live = LiveSource(source); live != nullptr) return live->OnLiveLog(format);
  if (level > AV_LOG_ERROR) return;
  if (*static_cast<const AVClass* const*>(source) != avformat_get_class()) return;
  auto* const stream = static_cast<Stream*>(static_cast<AVFormatContext*>(source)->opaque);
  // The others report broken data with the packet, and complain of harmless things as well.
  if (stream == nullptr) return;
  const std::string_view line(format);
  if (line.starts_with("File ended prematurely")) {
    stream->ended_early_ = true;
  } else if (stream->container_ == "matroska" && stream->skips_.size() < kMostSkips) {
    stream->skips_.push_back(avio_tell(stream->input_.context()));
  }
  if (line.starts_with("moov atom not found")) stream->lacks_index_ = true;
  if (line.find("max_streams") != std::string_view::npos) stream->too_many_streams_ = true;
}

// The HEVC decoder makes up what a picture refers to and is not there, and marks neither the one
// nor the other; other decoders mark their frames, and complain of harmless things as well. That of
// H.264 is asked about numbers alone, and answers on a level that is for those who debug it.
// Contexts that are not ours, as those that look at the streams, have no `opaque`.
void Stream::OnDecoderLog(const AVCodecContext& context, int level, std::string_view format) {
  if (context.opaque == nullptr) return;
  Stream& stream = *static_cast<Stream*>(context.opaque);
  if (context.codec_id == AV_CODEC_ID_HEVC && level <= AV_LOG_ERROR) stream.complained_ = true;
  if (stream.suspects_gap_ && format.starts_with("Frame num gap")) stream.complained_ = true;
}

// Whether something was left out before the packet that was read, or before the end. Where the
// demuxer reads ahead, as it does to learn what the streams are, packets from before come later.
bool Stream::IsBehindSkip(int read) {
  bool is_behind = false;
  while (!skips_.empty() && (read < 0 || packet_->pos < 0 || skips_.front() <= packet_->pos)) {
    skips_.pop_front();
    is_behind = true;
  }
  return is_behind;
}

// Fills packet_ with the next of JPEG pictures in a row, for which nothing but their bytes says
// where they are. Returns what av_read_frame does; AVERROR_INVALIDDATA for a damaged one.
int Stream::ReadPart() {
  using Part = PictureSplitter::Part;
  AVIOContext* const input = input_.context();
  if (parts_ == 0 && splitter_->held() == 0) avio_seek(input, 0, SEEK_SET);
  for (;;) {
    const Part part = splitter_->Next();
    if (part == Part::kEnd) return AVERROR_EOF;
    if (part == Part::kMore) {
      const std::span<std::uint8_t> room = splitter_->Room();
      if (!host_.may_hold(host_.self, kBesideFrames + splitter_->held())) {
        refused_ = true;
        return AVERROR(ENOMEM);
      }
      const int got = avio_read(input, room.data(), static_cast<int>(room.size()));
      if (input_.stopped()) return AVERROR_EXIT;
      splitter_->Fill(static_cast<std::size_t>(std::max(got, 0)), got <= 0);
      continue;
    }
    const std::int64_t number = parts_++;
    if (part != Part::kPicture) return AVERROR_INVALIDDATA;
    const std::span<std::uint8_t> picture = splitter_->picture();
    packet_->data = picture.data();
    packet_->size = static_cast<int>(picture.size());
    packet_->stream_index = index_;
    packet_->flags = AV_PKT_FLAG_KEY;
    packet_->pos =
        avio_tell(input) - static_cast<std::int64_t>(splitter_->behind() + picture.size());
    packet_->pts = packet_->dts =
        av_rescale_q(number, av_inv_q(kRawRate), demuxer_->streams[index_]->time_base);
    return 0;
  }
}

// The next packet of the video that can be made use of.
Stream::Fed Stream::ReadPacket() {
  for (;;) {
    if (!input_.MayGoOn()) return Fed::kStopped;
    if (!std::exchange(has_packet_, false)) {
      av_packet_unref(packet_.get());
      const int read = splitter_ ? ReadPart() : av_read_frame(demuxer_.get(), packet_.get());
      if (input_.stopped() || refused_) return Fed::kStopped;
      if (splitter_ && read == AVERROR_INVALIDDATA) return Fed::kCorrupt;
      if (live_ && read == AVERROR(EAGAIN)) continue;
      if (live_ && read < 0) {
        away_ = read;
        return Fed::kAway;
      }
      if (IsBehindSkip(read)) {
        has_packet_ = read >= 0;
        return Fed::kCorrupt;
      }
      if (read == AVERROR_EOF) return AtEnd();
      if (read < 0 || packet_->stream_index == index_) ++seen_;
      if (read < 0) return ++failed_reads_ > kMostFailedReads ? Fed::kEndless : Fed::kCorrupt;
      failed_reads_ = 0;
    }
    // An empty packet is a repetition of the last picture, but to the decoder it means the end.
    if (packet_->stream_index != index_ || packet_->size == 0) continue;
    const bool is_flagged = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
    // Of a transport stream the end of a picture is found where the next one begins, so the flag of
    // the next one's packets comes with it.
    const bool is_corrupt =
        container_ == "mpegts" ? std::exchange(next_is_corrupt_, is_flagged) : is_flagged;
    if (is_corrupt) return Fed::kCorrupt;
    // A recording cut out of a longer one begins with pictures whose references are not in it.
    if (!started_ && IsIndexedKey()) first_key_ = {sent_ + 1, packet_->pts};
    started_ = started_ || first_key_ || (packet_->flags & AV_PKT_FLAG_KEY) != 0;
    if (key_frames_ && (packet_->flags & AV_PKT_FLAG_KEY) == 0) continue;
    if (started_) return Fed::kPacket;
    LeaveOut();
  }
}

// Whether the container says that the packet needs no other. FFmpeg's flag is by the packet's own
// bytes, which may be damaged.
bool Stream::IsIndexedKey() const {
  if (container_ != "mov" && container_ != "matroska") return false;
  const std::int64_t time = container_ == "mov" ? packet_->dts : packet_->pts;
  if (time == AV_NOPTS_VALUE || (packet_->flags & AV_PKT_FLAG_DISCARD) != 0) return false;
  const AVIndexEntry* const entry =
      avformat_index_get_entry_from_timestamp(demuxer_->streams[index_], time, AVSEEK_FLAG_ANY);
  return entry != nullptr && entry->timestamp == time && (entry->flags & AVINDEX_KEYFRAME) != 0;
}

// Whether pictures that the packet's refer to are missing, or may be.
bool Stream::IsBehindGap() {
  suspects_gap_ = false;
  if (decoder_->codec_id != AV_CODEC_ID_H264 || key_frames_) return false;
  std::size_t size = 0;
  const std::uint8_t* const head =
      av_packet_get_side_data(packet_.get(), AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (head != nullptr) order_.TakeHead({head, size});
  const auto sequence = order_.Take({packet_->data, static_cast<std::size_t>(packet_->size)});
  suspects_gap_ = sequence == H264Order::Sequence::kGapUnless;
  return sequence == H264Order::Sequence::kGap;
}

// Whether the packet is of a picture that may refer to what is not there, because decoding began in
// the middle of the stream: with an open group of pictures those that are shown before the first
// one refer to the group before; with intra refresh there are a few, told beforehand, until all
// parts of the picture have come anew. They are decoded only because those behind count on their
// places in the decoder's memory.
bool Stream::TakesAsLeading() {
  if (decoder_->codec_id != AV_CODEC_ID_H264 || key_frames_) return false;
  if (begins_) {
    begins_ = false;
    leads_ = !order_.is_new_beginning();
    beginning_pts_ = packet_->pts;
    refreshes_ = leads_ ? order_.recovery_count() : 0;
    leading_from_ = refreshes_ > 0 ? sent_ + 1 : sent_ + 2;
    return refreshes_ > 0;
  }
  if (!leads_ || whole_) return false;
  if (refreshes_ > 0) {
    if (order_.is_reference()) --refreshes_;
    return leads_ = refreshes_ > 0;
  }
  const bool has_times = packet_->pts != AV_NOPTS_VALUE && beginning_pts_ != AV_NOPTS_VALUE;
  return leads_ = order_.is_bipredicted() && (!has_times || packet_->pts < beginning_pts_);
}

// It may end in an error, or in a picture made of what is not there (IsMadeUp).
Stream::Fed Stream::FeedLeading() {
  decoder_->reordered_opaque = leading_to_ = ++sent_;
  suspects_gap_ = false;
  decoder_->err_recognition &= ~AV_EF_EXPLODE;
  const int sent = avcodec_send_packet(decoder_.get(), packet_.get());
  decoder_->err_recognition |= AV_EF_EXPLODE;
  if (sent < 0 && over_limit_) return Fed::kCorrupt;
  if (sent < 0) LeaveOut();
  return Fed::kPacket;
}

// The decoder marks what is shown before the point from which all is whole.
bool Stream::IsMadeUp(const AVFrame& frame) const {
  return frame.reordered_opaque >= leading_from_ && frame.reordered_opaque <= leading_to_ &&
         IsBroken(frame);
}

// Hands the decoder one more packet, or its end when there is none.
Stream::Fed Stream::Feed() {
  const Fed read = ReadPacket();
  bad_from_ = sent_ + 1;
  if (read == Fed::kLast) {
    return avcodec_send_packet(decoder_.get(), nullptr) < 0 ? Fed::kCorrupt : Fed::kLast;
  }
  if (read != Fed::kPacket) return read;
  if (IsBehindGap()) {
    // It may be one to go on with; not so what a transport stream flags.
    has_packet_ = (packet_->flags & AV_PKT_FLAG_CORRUPT) == 0;
    return Fed::kCorrupt;
  }
  if (TakesAsLeading()) return FeedLeading();
  // Nothing else says where the pictures of this container end.
  if (container_ == "mjpeg" && !HasJpegEnd(*packet_)) return Fed::kCorrupt;
  if (container_ == "avi") {
    packet_times_.push_back(packet_->dts);
    if (packet_times_.size() > kMostWaiting) packet_times_.pop_front();
  }
  decoder_->reordered_opaque = ++sent_;
  complained_ = false;
  // With one thread and its last frame taken, the decoder does its work within this call.
  if (avcodec_send_packet(decoder_.get(), packet_.get()) < 0 || complained_) return Fed::kCorrupt;
  // Nothing may wait in the decoder for a next picture that comes seconds later.
  if (key_frames_) avcodec_send_packet(decoder_.get(), nullptr);
  return Fed::kPacket;
}

// How far the packets are that were read.
double Stream::Share() {
  const AVStream& stream = *demuxer_->streams[index_];
  const bool counts = container_ == "mov" || container_ == "avi";
  const std::int64_t time = packet_->dts != AV_NOPTS_VALUE ? packet_->dts : packet_->pts;
  // Few of a program stream's packets say where they are, but the last one's time is looked up.
  const bool has_duration =
      demuxer_->duration > 0 &&
      demuxer_->duration_estimation_method ==
          (container_ == "mpeg" ? AVFMT_DURATION_FROM_PTS : AVFMT_DURATION_FROM_STREAM) &&
      (container_ == "matroska" || container_ == "mpeg");
  double share = 0;
  // A fragmented MP4 may count those of its first part alone.
  if (counts && stream.nb_frames > 0 && seen_ <= static_cast<std::uint64_t>(stream.nb_frames)) {
    share = static_cast<double>(seen_) / static_cast<double>(stream.nb_frames);
  } else if (has_duration && time != AV_NOPTS_VALUE) {
    const std::int64_t start = stream.start_time == AV_NOPTS_VALUE ? 0 : stream.start_time;
    share = static_cast<double>(time - start + packet_->duration) * av_q2d(stream.time_base) *
            AV_TIME_BASE / static_cast<double>(demuxer_->duration);
  } else if (!has_duration && packet_->pos >= 0 && size_ > 0) {
    share = static_cast<double>(packet_->pos + packet_->size) / static_cast<double>(size_);
  }
  return share_ = std::clamp(share, share_, 1.0);
}

// Behind the last packet. What a torn file lacks is told as that.
Stream::Fed Stream::AtEnd() {
  if (!recovering_ && (ended_early_ || IsCutShort())) return Fed::kCutOff;
  if (seen_ >= announced_) return Fed::kLast;
  missing_ = announced_ - seen_;
  seen_ = announced_;
  left_out_ += missing_ - 1;
  return Fed::kMissing;
}

}  // namespace sampleproc::video
