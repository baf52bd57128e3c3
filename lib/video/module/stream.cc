#include "video/module/stream.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
}

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::video {
namespace {

// FFmpeg's names of the decoders that may run. Each one more is code that hostile files reach.
constexpr char kDecoders[] =
    "cinepak,ffv1,h263,h264,hevc,libdav1d,mjpeg,mpeg1video,mpeg2video,mpeg4,msmpeg4,msmpeg4v1,"
    "msmpeg4v2,rawvideo,vp8,vp9,wmv1,wmv2";

constexpr std::int64_t kProbeBytes = 5'000'000;  // read at most, to learn what the streams are
constexpr std::int64_t kProbeMicroseconds = 5'000'000;
constexpr int kMostStreams = 16;
// The demuxer's packets and tables, the decoder's tables: measured, not exact.
constexpr std::uint64_t kBesideFrames = 8u << 20;

constexpr std::size_t kMostWaiting = 64;  // more than any decoder holds back

constexpr char kBadHead[] = "the head of the video is corrupt or cut off";
constexpr char kCorrupt[] = "its data is corrupt";
constexpr char kCutOff[] = "the file breaks off here";
constexpr char kTooLarge[] = "a picture has more bytes than max_frame_bytes";

// A set of options for FFmpeg.
class Settings {
 public:
  Settings() = default;
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() { av_dict_free(&entries_); }
  void Set(const char* key, const char* value) { av_dict_set(&entries_, key, value, 0); }
  void Set(const char* key, std::int64_t value) { av_dict_set_int(&entries_, key, value, 0); }
  AVDictionary** get() { return &entries_; }
  AVDictionary* copy() const {
    AVDictionary* copied = nullptr;
    av_dict_copy(&copied, entries_, 0);
    return copied;
  }

 private:
  AVDictionary* entries_ = nullptr;
};

bool IsListed(std::string_view name) {
  for (std::string_view rest = kDecoders; !rest.empty();) {
    const std::string_view known = rest.substr(0, rest.find(','));
    if (name == known) return true;
    rest.remove_prefix(std::min(rest.size(), known.size() + 1));
  }
  return false;
}

int RefuseToOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

// How many frames a decoder may hold at once: its references, what waits for reordering, the one it
// works on and the one handed out.
std::uint64_t FramesHeld(const AVCodecContext& decoder) {
  switch (decoder.codec_id) {
    case AV_CODEC_ID_H264:
      return static_cast<std::uint64_t>(std::clamp(decoder.refs, 1, 16)) +
             static_cast<std::uint64_t>(std::clamp(decoder.has_b_frames, 0, 16)) + 2;
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
      return 10;
    case AV_CODEC_ID_VP8:
      return 5;
    default:
      return 4;
  }
}

// Of a codec whose pictures all stand alone, a packet without a picture is a broken one.
bool GivesOnePictureEach(AVCodecID codec) {
  const AVCodecDescriptor* const known = avcodec_descriptor_get(codec);
  return known != nullptr && (known->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
}

// The end marker is what tells a whole JPEG from one whose last rows are missing.
bool HasJpegEnd(const AVPacket& packet) {
  const std::string_view bytes(reinterpret_cast<const char*>(packet.data),
                               static_cast<std::size_t>(packet.size));
  return bytes.find("\xFF\xD9") != std::string_view::npos;
}

bool IsBroken(const AVFrame& frame) {
  return (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
}

}  // namespace

Stream::Stream(const ModuleHost& host, const ModuleRequest& request)
    : host_(host),
      max_frame_bytes_(request.max_frame_bytes),
      cut_short_(request.cut_short),
      input_(host, request.size),
      packet_(av_packet_alloc()),
      frame_(av_frame_alloc()) {}

ModuleStatus Stream::Failure(ModuleStatus status, const char* sentence, const char** what) const {
  if (input_.stopped() || refused_) return ModuleStatus::kStopped;
  *what = over_limit_ ? kTooLarge : sentence;
  return over_limit_ ? ModuleStatus::kInvalid : status;
}

bool Stream::FitsLimit(int width, int height) const {
  return static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) <=
         max_frame_bytes_ / static_cast<std::uint64_t>(channels_);
}

bool Stream::HoldFor(int width, int height, int format) {
  const int bytes = av_image_get_buffer_size(static_cast<AVPixelFormat>(format), width, height, 64);
  if (bytes < 0) return false;
  const std::uint64_t out = static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) *
                            static_cast<std::uint64_t>(channels_);
  refused_ = !host_.may_hold(
      host_.self, kBesideFrames + out + FramesHeld(*decoder_) * static_cast<std::uint64_t>(bytes));
  return !refused_;
}

// Asked for every frame before its memory is taken.
int Stream::GetBuffer(AVCodecContext* context, AVFrame* frame, int flags) {
  Stream& stream = *static_cast<Stream*>(context->opaque);
  if (!stream.FitsLimit(frame->width, frame->height)) {
    stream.over_limit_ = true;
    return AVERROR(EINVAL);
  }
  if (!stream.HoldFor(frame->width, frame->height, frame->format)) return AVERROR(ENOMEM);
  return avcodec_default_get_buffer2(context, frame, flags);
}

bool Stream::OpenContainer(const char* demuxer) {
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return false;
  context->pb = input_.context();
  context->io_open = &RefuseToOpen;
  context->opaque = this;
  context->error_recognition = AV_EF_CRCCHECK;
  Settings settings;
  settings.Set("codec_whitelist", kDecoders);
  settings.Set("format_whitelist", demuxer);
  settings.Set("protocol_whitelist", "none");
  settings.Set("probesize", kProbeBytes);
  settings.Set("analyzeduration", kProbeMicroseconds);
  settings.Set("max_streams", kMostStreams);
  // On failure it frees the context.
  if (avformat_open_input(&context, "", av_find_input_format(demuxer), settings.get()) < 0) {
    return false;
  }
  demuxer_.reset(context);
  container_ = demuxer;

  // Decoders also run while the streams are looked at.
  Settings decoding;
  decoding.Set("threads", 1);
  decoding.Set("max_pixels", static_cast<std::int64_t>(std::min<std::uint64_t>(
                                 max_frame_bytes_, std::numeric_limits<int>::max())));
  std::vector<AVDictionary*> each(context->nb_streams);
  for (AVDictionary*& one : each) one = decoding.copy();
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    AVStream& stream = *context->streams[i];
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO) stream.discard = AVDISCARD_ALL;
  }
  const int found = avformat_find_stream_info(context, each.data());
  for (AVDictionary*& one : each) av_dict_free(&one);
  return found >= 0 && !input_.stopped();
}

ModuleStatus Stream::OpenDecoder(const char** what) {
  const AVCodec* codec = nullptr;
  index_ = av_find_best_stream(demuxer_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (index_ < 0 || (demuxer_->streams[index_]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    // Tables that were to name the video may be in the part that is missing.
    if (cut_short_) return Failure(ModuleStatus::kInvalid, kBadHead, what);
    return Failure(ModuleStatus::kUnsupported, "there is no video in it that can be decoded", what);
  }
  const AVStream& stream = *demuxer_->streams[index_];
  if (!IsListed(codec->name)) {
    return Failure(ModuleStatus::kUnsupported,
                   "its codec is none of Cinepak, FFV1, H.263, H.264, HEVC, AV1, MJPEG, MPEG-1, "
                   "MPEG-2, MPEG-4, Microsoft MPEG-4, WMV 1 and 2, uncompressed, VP8, VP9",
                   what);
  }
  for (unsigned i = 0; i < demuxer_->nb_streams; ++i) {
    if (static_cast<int>(i) != index_) demuxer_->streams[i]->discard = AVDISCARD_ALL;
  }
  decoder_.reset(avcodec_alloc_context3(codec));
  if (decoder_ == nullptr || avcodec_parameters_to_context(decoder_.get(), stream.codecpar) < 0) {
    return Failure(ModuleStatus::kInternal, "no memory", what);
  }
  if (!FitsLimit(decoder_->width, decoder_->height)) {
    return Failure(ModuleStatus::kInvalid, kTooLarge, what);
  }
  decoder_->opaque = this;
  decoder_->get_buffer2 = &Stream::GetBuffer;
  decoder_->pkt_timebase = stream.time_base;
  decoder_->thread_count = 1;  // the same order and the same memory every time
  decoder_->max_pixels = static_cast<std::int64_t>(
      std::min<std::uint64_t>(max_frame_bytes_, std::numeric_limits<int>::max()));
  // Every check that costs nothing to an honest file, and errors are errors. Concealment stays on:
  // without it the decoders do not even mark the frames they could not complete.
  decoder_->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
  // Vector code may round otherwise than the specification only where this is not set.
  decoder_->flags |= AV_CODEC_FLAG_BITEXACT;
  // Else a decoder drops what it knows to be incomplete without a word.
  decoder_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  Settings settings;
  settings.Set("codec_whitelist", kDecoders);
  if (avcodec_open2(decoder_.get(), codec, settings.get()) < 0) {
    return Failure(ModuleStatus::kInvalid, "the decoder cannot start: its head is corrupt", what);
  }
  return ModuleStatus::kOk;
}

ModuleStatus Stream::Open(const char* demuxer, const char** what) {
  if (input_.context() == nullptr || packet_ == nullptr || frame_ == nullptr) {
    return Failure(ModuleStatus::kInternal, "no memory", what);
  }
  if (!host_.may_hold(host_.self, kBesideFrames)) return ModuleStatus::kStopped;
  if (!OpenContainer(demuxer)) {
    return Failure(ModuleStatus::kInvalid, kBadHead, what);
  }
  return OpenDecoder(what);
}

// AVI knows no presentation times, only that pictures follow each other at equal distances: the
// n-th picture shown has the time of the n-th packet, in whatever order they were coded.
void Stream::Stamp(ModulePicture* picture) {
  std::int64_t pts = frame_->best_effort_timestamp;
  if (!packet_times_.empty()) {
    pts = packet_times_.front();
    packet_times_.pop_front();
  }
  const AVRational unit = demuxer_->streams[index_]->time_base;
  picture->has_pts = pts != AV_NOPTS_VALUE;
  picture->pts = picture->has_pts ? pts : 0;
  picture->pts_num = unit.num;
  picture->pts_den = unit.den;
  picture->codec = avcodec_get_name(decoder_->codec_id);
}

void Stream::OnLog(void* source, int level, const char*, va_list) {
  if (level > AV_LOG_ERROR || source == nullptr) return;
  if (*static_cast<const AVClass* const*>(source) != avformat_get_class()) return;
  auto* const stream = static_cast<Stream*>(static_cast<AVFormatContext*>(source)->opaque);
  // The others report broken data with the packet, and complain of harmless things as well.
  if (stream != nullptr && stream->container_ == "matroska") stream->skipped_ = true;
}

// Hands the decoder one more packet, or its end when there is none.
Stream::Fed Stream::Feed() {
  for (;;) {
    if (!input_.MayGoOn()) return Fed::kStopped;
    av_packet_unref(packet_.get());
    const int read = av_read_frame(demuxer_.get(), packet_.get());
    if (input_.stopped()) return Fed::kStopped;
    if (read == AVERROR_EOF && !cut_short_ && !skipped_) break;
    if (read < 0 || skipped_) return Fed::kCutOff;
    // An empty packet is a repetition of the last picture, but to the decoder it means the end.
    if (packet_->stream_index != index_ || packet_->size == 0) continue;
    if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) return Fed::kCutOff;
    // Nothing else says where the pictures of this container end.
    if (container_ == "mjpeg" && !HasJpegEnd(*packet_)) return Fed::kCutOff;
    // A recording cut out of a longer one begins with pictures whose references are not in it.
    started_ = started_ || (packet_->flags & AV_PKT_FLAG_KEY) != 0;
    if (!started_) continue;
    if (container_ == "avi") {
      packet_times_.push_back(packet_->dts);
      if (packet_times_.size() > kMostWaiting) packet_times_.pop_front();
    }
    return avcodec_send_packet(decoder_.get(), packet_.get()) < 0 ? Fed::kCorrupt : Fed::kPacket;
  }
  return avcodec_send_packet(decoder_.get(), nullptr) < 0 ? Fed::kCorrupt : Fed::kLast;
}

ModuleStatus Stream::Next(int channels, ModulePicture* picture, const char** what) {
  channels_ = channels;
  for (;;) {
    if (!input_.MayGoOn()) return ModuleStatus::kStopped;
    const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (got == AVERROR_EOF) {
      if (!shown_) return Failure(ModuleStatus::kInvalid, "it has no picture in it", what);
      return ModuleStatus::kEnd;
    }
    if (got == AVERROR(EAGAIN)) {
      if (awaited_) return Failure(ModuleStatus::kInvalid, kCorrupt, what);
      switch (Feed()) {
        case Fed::kPacket:
          awaited_ = GivesOnePictureEach(decoder_->codec_id);
          continue;
        case Fed::kLast:
          continue;
        case Fed::kStopped:
          return ModuleStatus::kStopped;
        case Fed::kCutOff:
          return Failure(ModuleStatus::kInvalid, kCutOff, what);
        case Fed::kCorrupt:
          return Failure(ModuleStatus::kInvalid, kCorrupt, what);
      }
    }
    if (got < 0) return Failure(ModuleStatus::kInvalid, kCorrupt, what);
    awaited_ = false;
    if (!IsBroken(*frame_)) break;
    if (shown_) return Failure(ModuleStatus::kInvalid, kCorrupt, what);
    // Before the first whole picture: those that build up one without a picture of its own.
    if (frame_->decode_error_flags != 0) return Failure(ModuleStatus::kInvalid, kCorrupt, what);
  }
  if (const ModuleStatus status = Convert(channels, picture, what); status != ModuleStatus::kOk) {
    return status;
  }
  Stamp(picture);
  shown_ = true;
  return ModuleStatus::kOk;
}

ModuleStatus Stream::Again(int channels, ModulePicture* picture, const char** what) {
  if (!shown_) return Failure(ModuleStatus::kInternal, "no picture was handed out", what);
  return Convert(channels, picture, what);
}

ModuleStatus Stream::Convert(int channels, ModulePicture* picture, const char** what) {
  channels_ = channels;
  if (!FitsLimit(frame_->width, frame_->height)) {
    return Failure(ModuleStatus::kInvalid, kTooLarge, what);
  }
  if (!HoldFor(frame_->width, frame_->height, frame_->format)) return ModuleStatus::kStopped;
  const bool converted =
      channels == 1 ? converter_.ToGray(*frame_, picture) : converter_.ToBgr(*frame_, picture);
  if (!converted) {
    return Failure(ModuleStatus::kInternal, "no memory for it, or an unknown pixel format", what);
  }
  return ModuleStatus::kOk;
}

}  // namespace sampleproc::video
