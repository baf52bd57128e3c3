// What the program and its video module agree on. The module is built from video/module/ and holds
// all that touches FFmpeg; it is loaded when the first video is opened, so that nobody else pays
// for some hundred libraries. Only plain data and functions that do not throw cross this line, and
// each side frees what it made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::video {

// Raised with every change of this file.
inline constexpr std::uint32_t kModuleVersion = 6;
inline constexpr char kModuleFile[] = "sampleproc_video.so";
inline constexpr char kModuleEntry[] = "sampleproc_video_module";

enum class ModuleStatus {
  kOk,
  kEnd,          // after the last frame
  kUnsupported,  // a container without video, or a codec that is not on the list
  kInvalid,      // corrupt or against a limit
  kDamaged,      // so is a part of it: the stream may be asked for what comes after
  kAway,         // of a live stream: its server is not there, refuses, or has gone
  kStopped,      // one of the host's functions refused; the host knows why
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

// Rows start `stride` bytes apart at `data`, which is the stream's and lives until its next call.
struct ModulePicture {
  const std::uint8_t* data;
  std::size_t stride;
  int width;
  int height;
  const std::uint8_t* encoded;  // a JPEG as it is in the file, then without pixels; else null
  std::size_t encoded_size;
  int orientation;  // EXIF's number of how it is stored; not applied
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
};

struct ModuleStream;  // the module's own

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
};

// The type of the function kModuleEntry; the result lives as long as the module is loaded.
using ModuleEntry = const Module* (*)();

}  // namespace sampleproc::video
