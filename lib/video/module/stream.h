// One open video inside the module: demuxer, decoder and conversion.
#pragma once

#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "video/module/converter.h"
#include "video/module/frame_count.h"
#include "video/module/h264_order.h"
#include "video/module/handles.h"
#include "video/module/input.h"
#include "video/module_abi.h"
#include "video/picture_splitter.h"

namespace sampleproc::video {

// Used by one thread at a time. The functions' results and `*what` are those of Module.
class Stream {
 public:
  Stream(const ModuleHost& host, const ModuleRequest& request);
  Stream(const ModuleHost& host, const ModuleLiveRequest& request);
  ~Stream() { closing_ = true; }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ModuleStatus Open(const char* demuxer, const char** what);
  ModuleStatus OpenLive(const ModuleLiveRequest& request, const char** what);
  ModuleStatus Next(int channels, ModulePicture* picture, const char** what);
  ModuleStatus Again(int channels, ModulePicture* picture, const char** what);

  // FFmpeg's log lines. Some demuxers skip what they cannot understand and say so only there.
  static void OnLog(void* source, int level, const char* format, va_list arguments);

 private:
  enum class Fed { kPacket, kLast, kStopped, kCutOff, kCorrupt, kEndless, kMissing, kAway };

  bool OpenContainer(const char* demuxer);
  int Connect(const ModuleLiveRequest& request);
  ModuleStatus Away(int error, const char** what) const;
  static Stream* LiveSource(void* source);
  void OnLiveLog(std::string_view format);
  static void OnDecoderLog(const AVCodecContext& context, int level, std::string_view format);
  static int Interrupted(void* self);
  void PaceWaits();
  ModuleStatus OpenDecoder(const char** what);
  Fed AtEnd();
  bool IsCutShort() const { return !live_ && host_.is_cut_short(host_.self); }
  bool IsBehindSkip(int read);
  bool IsIndexedKey() const;
  bool IsBehindGap();
  bool LacksFirstKey();
  bool TakesAsLeading();
  Fed FeedLeading();
  bool IsMadeUp(const AVFrame& frame) const;
  static bool IsBroken(const AVFrame& frame) {
    return (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
  }
  // A picture that nobody is given, and that is no error.
  void LeaveOut() { left_out_ += recovering_ || !live_ ? 1 : 0; }
  double Share();
  int ReadPart();
  Fed ReadPacket();
  Fed Feed();
  ModuleStatus NextPacket(ModulePicture* picture, const char** what);
  ModuleStatus NextPicture(int channels, ModulePicture* picture, const char** what);
  bool GoOnBehindDamage();
  void StampPacket(ModulePicture* picture);
  void Describe(std::int64_t pts, ModulePicture* picture) const;
  ModuleStatus DamageOr(Fed fed, const char** what);
  ModuleStatus TakePicture(const char** what);
  ModuleStatus Convert(int channels, ModulePicture* picture, const char** what);
  bool HoldFor(int width, int height, int format);
  bool FitsLimit(int width, int height) const;
  ModuleStatus Failure(ModuleStatus status, const char* sentence, const char** what) const;
  void Stamp(ModulePicture* picture);
  static int GetBuffer(AVCodecContext* context, AVFrame* frame, int flags);

  const ModuleHost& host_;
  const std::uint64_t max_frame_bytes_;
  const bool jpeg_packets_;
  const std::uint64_t size_ = 0;  // of a recording, bytes

  // Of a live stream.
  const bool live_ = false;
  const bool key_frames_ = false;
  bool redirected_ = false;  // the server names another one, which is not asked
  bool closing_ = false;     // the host is asked anew whether there is time to say goodbye
  int away_ = 0;             // FFmpeg's error that ended the connection
  bool datagrams_ = false;   // pictures come over UDP
  int waits_ = 0;            // for datagrams, since then
  std::chrono::steady_clock::time_point waits_since_{};

  FrameCount frames_;  // that the decoder keeps

  // Of JPEG pictures in a row, whose demuxer finds no pictures behind what looks like a segment.
  std::optional<PictureSplitter> splitter_;
  std::int64_t parts_ = 0;  // that came of it

  // In the order of their use; each is closed before the one it draws from.
  Input input_;
  Handle<AVFormatContext> demuxer_;
  Handle<AVCodecContext> decoder_;
  Handle<AVPacket> packet_;
  Handle<AVFrame> frame_;
  Converter converter_;

  int index_ = -1;                         // of the video stream
  std::string_view container_;             // FFmpeg's name; the request's, which names a constant
  std::deque<std::int64_t> packet_times_;  // of packets whose pictures have not come out yet
  int channels_ = 1;                       // wanted by the call that runs
  bool awaited_ = false;                   // a packet that must give a picture is with the decoder
  std::deque<std::int64_t> skips_;         // where the demuxer left something out, in bytes
  bool ended_early_ = false;               // the demuxer met the end inside an element
  bool has_packet_ = false;                // the packet was read and waits for its turn
  bool too_many_streams_ = false;
  bool lacks_index_ = false;      // of an MP4, whose recorder writes it last
  bool next_is_corrupt_ = false;  // of a transport stream
  bool started_ = false;  // a packet that stands on its own was seen, since the last damage if any
  bool begins_ = true;    // no packet was handed to the decoder since then
  bool whole_ = false;    // a frame was handed out since then
  bool recovering_ = false;  // damage was told, and no whole frame came since
  // Of a packet that stands on its own by the container's index: whose picture has not come yet.
  struct Key {
    std::int64_t number;
    std::int64_t pts;
  };
  std::optional<Key> first_key_;
  // Behind the packet with which decoding began, or began anew, in the middle of an H.264 stream:
  bool leads_ = false;  // whether the next one may be of a picture that refers to what is not there
  std::int64_t beginning_pts_ = 0;
  std::int64_t leading_from_ = 0;  // the packets that may be so
  std::int64_t leading_to_ = 0;
  std::uint32_t refreshes_ = 0;  // reference pictures until all parts have come anew
  bool shown_ = false;           // a frame was handed out
  bool passes_packets_ = false;  // JPEG pictures are handed out encoded
  int orientation_ = 1;
  int failed_reads_ = 0;         // in a row
  std::uint64_t announced_ = 0;  // packets of the video, by the container; 0 when it is not known
  std::uint64_t seen_ = 0;       // of them
  std::uint64_t missing_ = 0;    // to be told by the call that runs
  std::uint64_t left_out_ = 0;
  double share_ = 0;  // told last

  // Packets are numbered as they go to the decoder; a frame has its packet's number.
  std::int64_t sent_ = 0;
  std::int64_t bad_from_ = 0;        // of the damage met last: what comes of this packet on is bad
  std::optional<Fed> draining_for_;  // the damage that is told once the frames before it are out
  H264Order order_;
  bool suspects_gap_ = false;  // before the packet that the decoder has
  bool complained_ = false;    // the decoder, of the packet it was handed last
  bool over_limit_ = false;
  bool refused_ = false;  // the host has no memory for us
};

}  // namespace sampleproc::video
