// What the program and its video module agree on. The module is built from video/module/ and holds
// all that touches FFmpeg; it is loaded when the first video is opened, so that nobody else pays
// for some hundred libraries. Only plain data and functions that do not throw cross this line, and
// each side frees what it made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::video {

// Raised with every change of this file.
inline constexpr std::uint32_t kModuleVersion = 9;
inline constexpr char kModuleFile[] = "sampleproc_video.so";
inline constexpr char kModuleEntry[] = "sampleproc_video_module";

enum class ModuleStatus {
  kOk,
  kEnd,          // after the last frame
  kUnsupported,  // a container without video, or a codec that is not on the list
  kInvalid,      // corrupt or against a limit
  kDamaged,      // so is a part of it: the stream may be asked for what comes after
  kAway,         // of a live stream: its server is not there, refuses, or has gone
  kForbidden,    // likewise: it refuses this user, or everybody without one
  kStopped,      // one of the host's or the sink's functions refused; it knows why
  kInternal,     // a bug, or no memory
};

// What the module asks of the program. `self` is handed back in each call; all calls come from
// inside the functions of Module, in the same thread.
struct ModuleHost {
  void* self;
  // Fills `place`; returns the number of bytes, 0 at the end, -1 on failure. Not of a live stream.
  std::int64_t (*read_at)(void* self, std::uint64_t offset, std::uint8_t* place,
                          std::size_t size) noexcept;
  // False when the work shall end: out of time, cancelled. Asked in every wait of a live stream,
  // some ten times a second.
  bool (*may_go_on)(void* self) noexcept;
  // False when the memory in use by this stream may not grow to `bytes`.
  bool (*may_hold)(void* self, std::uint64_t bytes) noexcept;
  // The same; it is because of pictures of this size, of which the decoder may keep `frames`.
  bool (*may_decode)(void* self, std::uint64_t bytes, int width, int height,
                     std::uint64_t frames) noexcept;
  // True when the recording is known to lack its end, however it looks; asked where it ends. Of a
  // file it may become known only then that another recording follows. Not of a live stream.
  bool (*is_cut_short)(void* self) noexcept;
};

struct ModuleRequest {
  const char* demuxer;            // FFmpeg's short name; nothing is probed
  std::uint64_t size;             // of the file, bytes
  std::uint64_t max_frame_bytes;  // width * height * channels of a picture handed out
  bool jpeg_packets;              // JPEG pictures are handed out as they are, for another decoder
};

// A stream that a server sends now, over RTSP. With TLS (rtsps) what is sent is encrypted, but this
// FFmpeg has no way to check its server's certificate.
struct ModuleLiveRequest {
  const char* url;  // rtsp or rtsps, with user name and password; no message has it
  bool udp;         // pictures come in datagrams, else in the connection of the requests
  bool key_frames;  // all but pictures that need no other are left out before they are decoded
  std::uint64_t max_frame_bytes;
  bool jpeg_packets;
};

// How fine the times of a written video are: NTSC's and film's frame rates are whole numbers of
// these, and MPEG-4 takes no finer ones than 1/65535 s.
inline constexpr int kTicksPerSecond = 60'000;

// A video that is to be written: one stream of H.264, or of MPEG-4 where FFmpeg has no encoder for
// that. The first picture's size is the video's; an odd side has its last row or column twice, as
// neither codec's usual form has odd sides.
struct ModuleVideoRequest {
  const char* muxer;    // FFmpeg's short name: "mp4" or "matroska"
  const char* comment;  // the container's
  int width;            // of the pictures
  int height;
  int ticks_per_frame;  // about; of kTicksPerSecond
  int aspect_num;       // of a pixel, as ModulePicture has it
  int aspect_den;
};

// Where a video is written to. `self` is handed back in each call; all calls come from inside the
// functions of Module, in the same thread.
struct ModuleSink {
  void* self;
  // False when it cannot be written, and the program knows why. What is at `offset` may have been
  // written before.
  bool (*write_at)(void* self, std::uint64_t offset, const std::uint8_t* data,
                   std::size_t size) noexcept;
};

// Blue, green, red. Rows start `stride` bytes apart at `data`.
struct ModulePixels {
  const std::uint8_t* data;
  std::size_t stride;
  int width;
  int height;
};

// Rows start `stride` bytes apart at `data`, which is the stream's and lives until its next call.
struct ModulePicture {
  const std::uint8_t* data;
  std::size_t stride;
  int width;
  int height;
  const std::uint8_t* encoded;  // a JPEG as it is in the file, then without pixels; else null
  std::size_t encoded_size;
  int orientation;  // EXIF's number of how it is stored; not applied
  int aspect_num;   // a pixel's width to its height, as it is stored; 0 where nothing says
  int aspect_den;
  bool has_pts;
  std::int64_t pts;  // in units of pts_num / pts_den seconds
  int pts_num;
  int pts_den;
  const char* codec;  // "h264", "mpeg4", ...: static memory
  // Also with kEnd and kDamaged: pictures that were passed over on the way to the next one that
  // needs no other, and, behind the last, all but one of those that are missing.
  std::uint64_t left_out;
  // With kDamaged behind the last picture: so many that the file announces are not in it. Else 0.
  std::uint64_t missing;
  // Also with kEnd and kDamaged: how much of the recording is read, 0..1; by its number of pictures
  // or its duration where the container says one, else by its bytes. 0 of a live stream.
  double share;
};

struct ModuleStream;  // the module's own
struct ModuleVideo;   // likewise, a video that is written

// `*what` of a failure is a sentence in static memory, without the place. A stream that ended
// or failed, except with kDamaged, may only be closed. `host` must outlive the stream.
struct Module {
  std::uint32_t version;  // kModuleVersion the module was built with
  ModuleStatus (*open)(const ModuleHost* host, const ModuleRequest* request, ModuleStream** stream,
                       const char** what) noexcept;
  // Answers within the time that `may_go_on` leaves; the server sends pictures once this is
  // through.
  ModuleStatus (*open_live)(const ModuleHost* host, const ModuleLiveRequest* request,
                            ModuleStream** stream, const char** what) noexcept;
  // `channels`: 1 for luma, 3 for blue, green, red; 0 for a picture without pixels, which `again`
  // gives if they are wanted.
  ModuleStatus (*next)(ModuleStream* stream, int channels, ModulePicture* picture,
                       const char** what) noexcept;
  // The picture that `next` gave last, with other channels; what it pointed to is no longer valid.
  ModuleStatus (*again)(ModuleStream* stream, int channels, ModulePicture* picture,
                        const char** what) noexcept;
  void (*close)(ModuleStream* stream) noexcept;

  // `sink` must outlive the video.
  ModuleStatus (*create)(const ModuleSink* sink, const ModuleVideoRequest* request,
                         ModuleVideo** video, const char** what) noexcept;
  // A picture that is shown from `ticks` on; each later than the one before. One of another size
  // than the video's is scaled to it.
  ModuleStatus (*add)(ModuleVideo* video, const ModulePixels* pixels, std::int64_t ticks,
                      const char** what) noexcept;
  // Writes what is still held back and the container's end. After it, as after a failure, the video
  // may only be dropped.
  ModuleStatus (*finish)(ModuleVideo* video, const char** what) noexcept;
  void (*drop)(ModuleVideo* video) noexcept;
};

// The type of the function kModuleEntry; the result lives as long as the module is loaded.
using ModuleEntry = const Module* (*)();

}  // namespace sampleproc::video
