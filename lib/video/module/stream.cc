#include "video/module/stream.h"

extern "C" {
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "video/module/settings.h"
#include "video/module/stream_facts.h"

namespace sampleproc::video {
namespace {

constexpr std::int64_t kProbeBytes = 5'000'000;  // read at most, to learn what the streams are
constexpr std::int64_t kProbeMicroseconds = 5'000'000;
// A transport stream of a whole multiplex has some dozens.
constexpr int kMostStreams = 256;
constexpr std::size_t kLongestJpeg = 64u << 20;  // encoded

constexpr char kBadHead[] = "the head of the video is corrupt or cut off";
constexpr char kNoIndex[] =
    "the video has no index (moov), which its recorder writes last: the end is missing";
constexpr char kCorrupt[] = "its data is corrupt or missing here";
constexpr char kTooManyStreams[] = "it has more than 256 streams";
constexpr char kNoPicture[] = "it has no picture in it";
constexpr char kCutOff[] = "the file breaks off here";
constexpr char kMissing[] = "pictures that the file announces are not in it";
constexpr char kTooLarge[] = "a picture has more bytes than max_frame_bytes";

int RefuseToOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

}  // namespace

Stream::Stream(const ModuleHost& host, const ModuleRequest& request)
    : host_(host),
      max_frame_bytes_(request.max_frame_bytes),
      jpeg_packets_(request.jpeg_packets),
      size_(request.size),
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
         max_frame_bytes_ / static_cast<std::uint64_t>(std::max(channels_, 1));
}

bool Stream::HoldFor(int width, int height, int format) {
  const int bytes = av_image_get_buffer_size(static_cast<AVPixelFormat>(format), width, height, 64);
  if (bytes < 0) return false;
  const std::uint64_t out = static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) *
                            static_cast<std::uint64_t>(channels_);
  const std::uint64_t frames = std::max(FramesHeld(*decoder_), frames_.now() + 1);
  refused_ = !host_.may_decode(host_.self,
                               kBesideFrames + out + frames * static_cast<std::uint64_t>(bytes),
                               width, height, frames);
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
  const int got = avcodec_default_get_buffer2(context, frame, flags);
  return got < 0 ? got : stream.frames_.Add(frame);
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
  if (container_ == "mjpeg") {
    splitter_.emplace(kLongestJpeg);
    return !input_.stopped();
  }

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
    if (too_many_streams_) return Failure(ModuleStatus::kUnsupported, kTooManyStreams, what);
    // Tables that were to name the video may be in the part that is missing.
    if (IsCutShort()) return Failure(ModuleStatus::kInvalid, kBadHead, what);
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
  orientation_ = OrientationOf(stream);
  announced_ = PacketsAnnounced(stream, container_);
  passes_packets_ = jpeg_packets_ && codec->id == AV_CODEC_ID_MJPEG && orientation_ == 1;
  if (codec->id == AV_CODEC_ID_H264 && stream.codecpar->extradata != nullptr) {
    order_.TakeHead(
        {stream.codecpar->extradata, static_cast<std::size_t>(stream.codecpar->extradata_size)});
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
    if (too_many_streams_) return Failure(ModuleStatus::kUnsupported, kTooManyStreams, what);
    return Failure(ModuleStatus::kInvalid, lacks_index_ ? kNoIndex : kBadHead, what);
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
  Describe(pts, picture);
}

void Stream::StampPacket(ModulePicture* picture) {
  const std::int64_t pts = packet_->pts != AV_NOPTS_VALUE ? packet_->pts : packet_->dts;
  Describe(pts, picture);
}

void Stream::Describe(std::int64_t pts, ModulePicture* picture) const {
  const AVRational unit = demuxer_->streams[index_]->time_base;
  picture->has_pts = pts != AV_NOPTS_VALUE;
  picture->pts = picture->has_pts ? pts : 0;
  picture->pts_num = unit.num;
  picture->pts_den = unit.den;
  picture->codec = avcodec_get_name(decoder_->codec_id);
}

// Makes ready for the next picture that needs no other. False when this damage has been told: it
// lasts until a whole picture comes, except where every picture stands alone.
bool Stream::GoOnBehindDamage() {
  avcodec_flush_buffers(decoder_.get());
  packet_times_.clear();
  order_.Forget();
  first_key_.reset();
  begins_ = true;
  awaited_ = started_ = whole_ = false;
  return !std::exchange(recovering_, true) || GivesOnePictureEach(decoder_->codec_id);
}

// What comes of a packet that could not be had or decoded; kOk: to go on with the next.
ModuleStatus Stream::DamageOr(Fed fed, const char** what) {
  switch (fed) {
    case Fed::kPacket:
    case Fed::kLast:
      return ModuleStatus::kOk;
    case Fed::kStopped:
      return ModuleStatus::kStopped;
    case Fed::kCutOff:
      return Failure(ModuleStatus::kInvalid, kCutOff, what);
    case Fed::kMissing:
      return Failure(ModuleStatus::kDamaged, kMissing, what);
    case Fed::kEndless:
      return Failure(ModuleStatus::kInvalid, kCorrupt, what);
    case Fed::kAway:
      return Away(away_, what);
    case Fed::kCorrupt:
      break;
  }
  const ModuleStatus failure = Failure(ModuleStatus::kDamaged, kCorrupt, what);
  if (failure == ModuleStatus::kStopped) return failure;
  // What a camera sends next has the same size.
  if (live_ && failure == ModuleStatus::kInvalid) return failure;
  over_limit_ = false;
  return GoOnBehindDamage() ? ModuleStatus::kDamaged : ModuleStatus::kOk;
}

ModuleStatus Stream::Next(int channels, ModulePicture* picture, const char** what) {
  channels_ = channels;
  left_out_ = missing_ = 0;
  const ModuleStatus status = NextPicture(channels, picture, what);
  picture->left_out = left_out_;
  picture->missing = missing_;
  picture->share = Share();
  if (status == ModuleStatus::kOk) {
    const AVRational aspect =
        av_guess_sample_aspect_ratio(demuxer_.get(), demuxer_->streams[index_],
                                     picture->encoded == nullptr ? frame_.get() : nullptr);
    picture->aspect_num = aspect.num;
    picture->aspect_den = aspect.den;
  }
  return status;
}

ModuleStatus Stream::NextPacket(ModulePicture* picture, const char** what) {
  for (;;) {
    const Fed read = ReadPacket();
    if (read == Fed::kLast) {
      if (shown_ || recovering_) return ModuleStatus::kEnd;
      return Failure(ModuleStatus::kInvalid, kNoPicture, what);
    }
    if (read != Fed::kPacket) {
      if (const auto status = DamageOr(read, what); status != ModuleStatus::kOk) return status;
      continue;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(packet_->data),
                                 static_cast<std::size_t>(packet_->size));
    if (IsJpegField(bytes)) {
      passes_packets_ = false;
      has_packet_ = true;
      return ModuleStatus::kOk;
    }
    if (!host_.may_hold(host_.self, kBesideFrames + bytes.size())) {
      refused_ = true;
      return ModuleStatus::kStopped;
    }
    const std::size_t start = std::min(bytes.find("\xFF\xD8\xFF"), bytes.size());
    picture->encoded = packet_->data + (start == bytes.size() ? 0 : start);
    picture->encoded_size = bytes.size() - (start == bytes.size() ? 0 : start);
    StampPacket(picture);
    picture->orientation = 1;
    shown_ = whole_ = true;
    recovering_ = false;
    return ModuleStatus::kOk;
  }
}

// Behind a frame that is none to begin with: whether the packet that was to give one gives none.
// Frames that are shown before that one may come before it.
bool Stream::LacksFirstKey() {
  if (!first_key_ || frame_->reordered_opaque == first_key_->number) {
    first_key_.reset();
    return false;
  }
  return frame_->pts != AV_NOPTS_VALUE && first_key_->pts != AV_NOPTS_VALUE &&
         frame_->pts > first_key_->pts;
}

// Fills frame_ with the next whole one.
ModuleStatus Stream::TakePicture(const char** what) {
  for (;;) {
    if (!input_.MayGoOn()) return ModuleStatus::kStopped;
    const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (draining_for_) {
      if (got < 0) {
        const Fed why = *std::exchange(draining_for_, std::nullopt);
        if (const auto status = DamageOr(why, what); status != ModuleStatus::kOk) return status;
      } else if (!IsBroken(*frame_) && frame_->reordered_opaque < bad_from_) {
        return ModuleStatus::kOk;
      }
      continue;
    }
    if (got == AVERROR_EOF && key_frames_ && !awaited_) {
      avcodec_flush_buffers(decoder_.get());
      continue;
    }
    if (got == AVERROR_EOF && !key_frames_) {
      if (shown_ || recovering_) return ModuleStatus::kEnd;
      return Failure(ModuleStatus::kInvalid, kNoPicture, what);
    }
    Fed fed = Fed::kCorrupt;
    bad_from_ = sent_;
    if (got == AVERROR(EAGAIN) && !awaited_) {
      fed = Feed();
      awaited_ = fed == Fed::kPacket && (key_frames_ || GivesOnePictureEach(decoder_->codec_id));
    } else if (got >= 0) {
      awaited_ = false;
      if (IsMadeUp(*frame_)) {
        LeaveOut();
        continue;
      }
      if (!IsBroken(*frame_)) return ModuleStatus::kOk;
      // Before the first whole picture: those that build up one without a picture of its own.
      if (!whole_ && frame_->decode_error_flags == 0) {
        LeaveOut();
        if (!LacksFirstKey()) continue;
      }
      bad_from_ = frame_->reordered_opaque;
    }
    if (fed == Fed::kCutOff || fed == Fed::kMissing ||
        (fed == Fed::kCorrupt && !input_.stopped() && !refused_)) {
      draining_for_ = fed;
      avcodec_send_packet(decoder_.get(), nullptr);  // what fails gives no frames
      continue;
    }
    if (const auto status = DamageOr(fed, what); status != ModuleStatus::kOk) return status;
  }
}

ModuleStatus Stream::NextPicture(int channels, ModulePicture* picture, const char** what) {
  if (passes_packets_) {
    const ModuleStatus status = NextPacket(picture, what);
    if (status != ModuleStatus::kOk || passes_packets_) return status;
  }
  if (const ModuleStatus status = TakePicture(what); status != ModuleStatus::kOk) return status;
  if (const ModuleStatus status = Convert(channels, picture, what); status != ModuleStatus::kOk) {
    return status;
  }
  Stamp(picture);
  picture->orientation = orientation_;
  shown_ = whole_ = true;
  recovering_ = false;
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
  if (channels == 0) {
    picture->width = frame_->width;
    picture->height = frame_->height;
    return ModuleStatus::kOk;
  }
  const bool converted =
      channels == 1 ? converter_.ToGray(*frame_, picture) : converter_.ToBgr(*frame_, picture);
  if (!converted) {
    return Failure(ModuleStatus::kInternal, "no memory for it, or an unknown pixel format", what);
  }
  return ModuleStatus::kOk;
}

}  // namespace sampleproc::video
