// What is different about a stream that a server sends now: how it is opened, how its waits end and
// how its failures are told. Nothing of FFmpeg's own words is told: they have the URL in them.
extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "video/module/settings.h"
#include "video/module/stream.h"
#include "video/module/stream_facts.h"

namespace sampleproc::video {
namespace {

constexpr int kMostStreams = 16;  // of a session; pictures come in one of them

// So many waits in so long are those for datagrams of 200 Mbit/s; more are waits that end at once.
constexpr int kMostWaits = 200;
constexpr std::chrono::milliseconds kWaitsIn{10};
constexpr std::chrono::milliseconds kNap{1};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

const char* SentenceOf(int error) {
  switch (error) {
    case AVERROR(ECONNREFUSED):
      return "the connection was refused: nothing listens there";
    case AVERROR(EHOSTUNREACH):
    case AVERROR(ENETUNREACH):
      return "there is no route to it";
    case AVERROR(ETIMEDOUT):
      return "its machine does not answer";
    case AVERROR_HTTP_UNAUTHORIZED:
      return "it refuses the user name and password (401): check password_file, the URL's user, "
             "and "
             "that the camera takes Basic, or Digest with MD5";
    case AVERROR_HTTP_FORBIDDEN:
      return "it forbids access to this stream (403)";
    case AVERROR_HTTP_NOT_FOUND:
      return "it has no such stream (404): check the URL's path";
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR_HTTP_OTHER_4XX:
      return "it refuses the request with an error (4xx)";
    case AVERROR_HTTP_SERVER_ERROR:
      return "it answers with an error of its own (5xx)";
    case AVERROR(EPROTONOSUPPORT):
      return "it does not send by this transport: set transport to the other of \"tcp\" and "
             "\"udp\"";
    case AVERROR_INVALIDDATA:
      return "its answer is not valid RTSP or SDP";
    case AVERROR(ENOMEM):
      return "its answer asks for too much memory";
    case AVERROR_EOF:
    case AVERROR(EPIPE):
    case AVERROR(ECONNRESET):
      return "it closed the connection";
    case AVERROR(EIO):
      return "the connection failed; for rtsps: it may not speak TLS";
    default:
      return "it closed the connection, or sends what is not RTSP";
  }
}

}  // namespace

Stream::Stream(const ModuleHost& host, const ModuleLiveRequest& request)
    : host_(host),
      max_frame_bytes_(request.max_frame_bytes),
      jpeg_packets_(request.jpeg_packets),
      live_(true),
      key_frames_(request.key_frames),
      input_(host, 0),
      packet_(av_packet_alloc()),
      frame_(av_frame_alloc()) {}

ModuleStatus Stream::OpenLive(const ModuleLiveRequest& request, const char** what) {
  if (input_.context() == nullptr || packet_ == nullptr || frame_ == nullptr) {
    return Failure(ModuleStatus::kInternal, "no memory", what);
  }
  if (!host_.may_hold(host_.self, kBesideFrames)) return ModuleStatus::kStopped;
  if (const int error = Connect(request); error < 0) return Away(error, what);
  if (const ModuleStatus status = OpenDecoder(what); status != ModuleStatus::kOk) return status;
  // Only now, so that nothing waits in the connection while the decoder is made ready.
  if (const int error = av_read_play(demuxer_.get()); error < 0) return Away(error, what);
  return ModuleStatus::kOk;
}

// Asks what there is, and for the video of it; nothing is sent yet.
int Stream::Connect(const ModuleLiveRequest& request) {
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return AVERROR(ENOMEM);
  context->opaque = this;
  context->interrupt_callback = {&Stream::Interrupted, this};
  container_ = "rtsp";
  datagrams_ = request.udp;
  const bool tls = std::string_view(request.url).starts_with("rtsps:");
  Settings settings;
  settings.Set("codec_whitelist", kDecoders);
  settings.Set("format_whitelist", "rtsp");
  settings.Set("protocol_whitelist", tls ? "tls,tcp" : request.udp ? "tcp,rtp,udp" : "tcp");
  settings.Set("max_streams", kMostStreams);
  settings.Set("rtsp_transport", request.udp ? "udp" : "tcp");
  settings.Set("allowed_media_types", "video");
  settings.Set("initial_pause", 1);
  settings.Set("user_agent", "sampleproc");
  // Datagrams of anybody else are not the camera's.
  if (request.udp) settings.Set("rtsp_flags", "filter_src");
  // Without a queue FFmpeg does not look for gaps, which servers leave in a connection that is too
  // slow for them.
  if (!request.udp) settings.Set("reorder_queue_size", 2);
  // On failure it frees the context.
  const int opened =
      avformat_open_input(&context, request.url, av_find_input_format("rtsp"), settings.get());
  if (opened >= 0) demuxer_.reset(context);
  return opened;
}

ModuleStatus Stream::Away(int error, const char** what) const {
  if (redirected_) {
    *what = "it redirects to another URL: put that one into the configuration";
    return ModuleStatus::kAway;
  }
  const bool forbidden = error == AVERROR_HTTP_UNAUTHORIZED || error == AVERROR_HTTP_FORBIDDEN;
  return Failure(forbidden ? ModuleStatus::kForbidden : ModuleStatus::kAway, SentenceOf(error),
                 what);
}

// FFmpeg 5.1 polls the sockets of RTP and RTCP together. Where nobody takes our RTCP the error
// stays on its socket, each poll ends at once, and the waits would take a whole CPU.
void Stream::PaceWaits() {
  const auto now = std::chrono::steady_clock::now();
  if (now - waits_since_ >= kWaitsIn) {
    waits_since_ = now;
    waits_ = 0;
  }
  if (++waits_ > kMostWaits) std::this_thread::sleep_for(kNap);
}

// Asked by FFmpeg in each of its waits, and before each part of a message.
int Stream::Interrupted(void* self) {
  Stream& stream = *static_cast<Stream*>(self);
  if (stream.datagrams_) stream.PaceWaits();
  if (stream.closing_) return stream.host_.may_go_on(stream.host_.self) ? 0 : 1;
  return stream.redirected_ || !stream.input_.MayGoOn() ? 1 : 0;
}

// Which live stream's demuxer or decoder writes to the log, also where what writes is a part of it;
// null: none.
Stream* Stream::LiveSource(void* source) {
  const auto* kind = *static_cast<const AVClass* const*>(source);
  if (kind != nullptr && kind->parent_log_context_offset > 0 && kind != avformat_get_class() &&
      kind != avcodec_get_class()) {
    std::memcpy(static_cast<void*>(&source),
                static_cast<char*>(source) + kind->parent_log_context_offset, sizeof source);
    kind = source == nullptr ? nullptr : *static_cast<const AVClass* const*>(source);
  }
  void* owner = nullptr;
  if (kind == nullptr) return nullptr;
  if (kind == avformat_get_class()) owner = static_cast<AVFormatContext*>(source)->opaque;
  if (kind == avcodec_get_class()) owner = static_cast<AVCodecContext*>(source)->opaque;
  auto* const stream = static_cast<Stream*>(owner);
  return stream != nullptr && stream->live_ ? stream : nullptr;
}

// What FFmpeg says there alone.
void Stream::OnLiveLog(std::string_view format) {
  // A redirection is followed with this user's password, whoever it leads to.
  if (Contains(format, "Redirecting to")) redirected_ = true;
  // Packets of the picture before or of the next one are lost; the decoder takes the rest for
  // whole.
  if (Contains(format, "missed %d packets") && skips_.empty()) skips_.push_back(0);
  // Of the decoder, which refuses it before it takes memory.
  if (format.starts_with("Picture size")) over_limit_ = true;
}

}  // namespace sampleproc::video
