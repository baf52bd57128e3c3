#include "video/module/encoder.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "video/module/settings.h"

namespace sampleproc::video {
namespace {

constexpr int kBufferBytes = 64 << 10;

// As good as the eye asks for: lines of one pixel and small letters stay sharp.
constexpr const char* kX264Quality = "20";
constexpr int kMpeg4Quantizer = 3;

constexpr int kMostOfAspect = 65535;  // as H.264 has room for

int Even(int side) { return side + side % 2; }

// Repeats the last column and row of luma where the frame has one more than the picture. Chroma,
// which has half as many, rounded up, has them all.
void PadToEven(AVFrame& frame, int width, int height) {
  std::uint8_t* const luma = frame.data[0];
  const std::ptrdiff_t stride = frame.linesize[0];
  if (frame.width > width) {
    for (int y = 0; y < height; ++y) luma[y * stride + width] = luma[y * stride + width - 1];
  }
  if (frame.height > height) {
    std::memcpy(luma + height * stride, luma + (height - 1) * stride,
                static_cast<std::size_t>(frame.width));
  }
}

}  // namespace

int Encoder::OnWrite(void* self, std::uint8_t* data, int size) {
  Encoder& encoder = *static_cast<Encoder*>(self);
  const auto bytes = static_cast<std::size_t>(size);
  if (encoder.refused_ ||
      !encoder.sink_.write_at(encoder.sink_.self, encoder.place_, data, bytes)) {
    encoder.refused_ = true;
    return AVERROR(EIO);
  }
  encoder.place_ += bytes;
  encoder.size_ = std::max(encoder.size_, encoder.place_);
  return size;
}

std::int64_t Encoder::OnSeek(void* self, std::int64_t offset, int whence) {
  Encoder& encoder = *static_cast<Encoder*>(self);
  if (whence == AVSEEK_SIZE) return static_cast<std::int64_t>(encoder.size_);
  switch (whence & ~AVSEEK_FORCE) {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      offset += static_cast<std::int64_t>(encoder.place_);
      break;
    case SEEK_END:
      offset += static_cast<std::int64_t>(encoder.size_);
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  encoder.place_ = static_cast<std::uint64_t>(offset);
  return offset;
}

ModuleStatus Encoder::Failure(const char* sentence, const char** what) const {
  if (refused_) return ModuleStatus::kStopped;
  *what = sentence;
  return ModuleStatus::kInternal;
}

// No picture waits for later ones (no B-frames, no look ahead), so each has its packet at once and
// little memory is taken.
bool Encoder::OpenEncoder(const ModuleVideoRequest& request, const char* name) {
  const AVCodec* const codec = avcodec_find_encoder_by_name(name);
  if (codec == nullptr) return false;
  encoder_.reset(avcodec_alloc_context3(codec));
  if (encoder_ == nullptr) return false;
  encoder_->width = Even(request.width);
  encoder_->height = Even(request.height);
  encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder_->color_range = AVCOL_RANGE_MPEG;
  encoder_->colorspace = AVCOL_SPC_SMPTE170M;
  if (request.aspect_num > 0 && request.aspect_den > 0) {
    av_reduce(&encoder_->sample_aspect_ratio.num, &encoder_->sample_aspect_ratio.den,
              request.aspect_num, request.aspect_den, kMostOfAspect);
  }
  encoder_->time_base = {1, kTicksPerSecond};
  encoder_->framerate = {kTicksPerSecond, std::max(request.ticks_per_frame, 1)};
  encoder_->thread_count = 1;
  encoder_->max_b_frames = 0;
  encoder_->flags |= AV_CODEC_FLAG_BITEXACT;
  if ((muxer_->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
    encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  }
  Settings settings;
  if (codec->id == AV_CODEC_ID_H264) {
    settings.Set("preset", "veryfast");
    settings.Set("crf", kX264Quality);
    settings.Set("x264-params", "rc-lookahead=0:mbtree=0:sync-lookahead=0");
  } else {
    encoder_->flags |= AV_CODEC_FLAG_QSCALE;
    encoder_->global_quality = FF_QP2LAMBDA * kMpeg4Quantizer;
  }
  return avcodec_open2(encoder_.get(), codec, settings.get()) == 0;
}

ModuleStatus Encoder::Begin(const ModuleVideoRequest& request, const char** what) {
  AVFormatContext* made = nullptr;
  if (avformat_alloc_output_context2(&made, nullptr, request.muxer, nullptr) < 0) {
    *what = "this FFmpeg cannot write the container";
    return ModuleStatus::kUnsupported;
  }
  muxer_.reset(made);
  if (!OpenEncoder(request, "libx264") && !OpenEncoder(request, "mpeg4")) {
    *what = "this FFmpeg has no encoder for H.264 or MPEG-4 that takes pictures of this size";
    return ModuleStatus::kUnsupported;
  }
  frame_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  AVStream* const stream = avformat_new_stream(made, nullptr);
  if (frame_ == nullptr || packet_ == nullptr || stream == nullptr ||
      avcodec_parameters_from_context(stream->codecpar, encoder_.get()) < 0) {
    return Failure("no memory", what);
  }
  frame_->format = encoder_->pix_fmt;
  frame_->width = encoder_->width;
  frame_->height = encoder_->height;
  frame_->color_range = encoder_->color_range;
  frame_->colorspace = encoder_->colorspace;
  if (av_frame_get_buffer(frame_.get(), 0) < 0) return Failure("no memory", what);
  width_ = request.width;
  height_ = request.height;
  ticks_per_frame_ = request.ticks_per_frame;

  auto* const buffer = static_cast<std::uint8_t*>(av_malloc(kBufferBytes));
  if (buffer == nullptr) return Failure("no memory", what);
  output_.reset(avio_alloc_context(buffer, kBufferBytes, 1, this, nullptr, &OnWrite, &OnSeek));
  if (output_ == nullptr) {
    av_free(buffer);
    return Failure("no memory", what);
  }
  made->pb = output_.get();
  made->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  stream->time_base = encoder_->time_base;
  stream->sample_aspect_ratio = encoder_->sample_aspect_ratio;
  stream->avg_frame_rate = encoder_->framerate;
  av_dict_set(&made->metadata, "comment", request.comment, 0);
  Settings settings;
  settings.Set("video_track_timescale", std::int64_t{kTicksPerSecond});  // of MP4; else unused
  if (avformat_write_header(made, settings.get()) < 0) {
    return Failure("the container's head cannot be written", what);
  }
  return ModuleStatus::kOk;
}

// Copies the pixels to where the vector code of swscale may read past the end of a row.
bool Encoder::Take(const ModulePixels& pixels) {
  if (picture_ == nullptr || picture_->width != pixels.width || picture_->height != pixels.height) {
    picture_.reset(av_frame_alloc());
    if (picture_ == nullptr) return false;
    picture_->format = AV_PIX_FMT_BGR24;
    picture_->width = pixels.width;
    picture_->height = pixels.height;
    if (av_frame_get_buffer(picture_.get(), 0) < 0) return false;
  }
  for (int y = 0; y < pixels.height; ++y) {
    std::memcpy(picture_->data[0] + static_cast<std::ptrdiff_t>(y) * picture_->linesize[0],
                pixels.data + static_cast<std::size_t>(y) * pixels.stride,
                static_cast<std::size_t>(pixels.width) * 3);
  }
  return true;
}

bool Encoder::Fill(const ModulePixels& pixels) {
  // What the encoder keeps to refer to is left alone.
  if (av_frame_make_writable(frame_.get()) < 0 || !Take(pixels)) return false;
  constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT;
  SwsContext* const scaler =
      sws_getCachedContext(scaler_.release(), pixels.width, pixels.height, AV_PIX_FMT_BGR24, width_,
                           height_, AV_PIX_FMT_YUV420P, kFlags, nullptr, nullptr, nullptr);
  scaler_.reset(scaler);
  if (scaler == nullptr) return false;
  constexpr int kOne = 1 << 16;
  const int* const matrix = sws_getCoefficients(SWS_CS_ITU601);
  if (sws_setColorspaceDetails(scaler, matrix, 1, matrix, 0, 0, kOne, kOne) < 0) return false;
  if (sws_scale(scaler, picture_->data, picture_->linesize, 0, pixels.height, frame_->data,
                frame_->linesize) != height_) {
    return false;
  }
  PadToEven(*frame_, width_, height_);
  return true;
}

ModuleStatus Encoder::Add(const ModulePixels& pixels, std::int64_t ticks, const char** what) {
  if (!Fill(pixels)) return Failure("a picture cannot be converted", what);
  if (last_ticks_) ticks_per_frame_ = ticks - *last_ticks_;
  last_ticks_ = ticks;
  frame_->pts = ticks;
  if (avcodec_send_frame(encoder_.get(), frame_.get()) < 0) {
    return Failure("the encoder refuses a picture", what);
  }
  return WritePackets(what);
}

ModuleStatus Encoder::Finish(const char** what) {
  if (avcodec_send_frame(encoder_.get(), nullptr) < 0) {
    return Failure("the encoder does not end", what);
  }
  if (const ModuleStatus status = WritePackets(what); status != ModuleStatus::kOk) return status;
  const int written = av_write_trailer(muxer_.get());
  avio_flush(output_.get());
  if (written < 0 || output_->error < 0) {
    return Failure("the container's end cannot be written", what);
  }
  return ModuleStatus::kOk;
}

ModuleStatus Encoder::WritePackets(const char** what) {
  for (;;) {
    const int received = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return ModuleStatus::kOk;
    if (received < 0) return Failure("a picture cannot be encoded", what);
    // The container learns how long a picture is shown from the next one, and of the last from
    // this.
    packet_->duration = ticks_per_frame_;
    packet_->stream_index = 0;
    av_packet_rescale_ts(packet_.get(), encoder_->time_base, muxer_->streams[0]->time_base);
    const int written = av_write_frame(muxer_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (written < 0 || output_->error < 0) return Failure("a picture cannot be written", what);
  }
}

}  // namespace sampleproc::video
