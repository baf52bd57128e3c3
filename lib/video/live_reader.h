// The pictures that a server sends now, over RTSP.
//
// The server is taken to be hostile: only RTSP, RTP and, for rtsps, TLS are spoken, only decoders
// on the video reader's list run, in the caller's thread alone; every wait ends with the allowance,
// and sizes are checked before memory is taken. What FFmpeg itself allocates for one message or one
// coded picture is bounded by 72 MiB. A redirection is not followed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "frame/image.h"
#include "resources/memory_budget.h"
#include "video/options.h"

namespace sampleproc::video {

struct LiveRequest {
  std::string url;  // rtsp or rtsps, with user name and password; it is in no message
  bool udp = false;
  bool key_frames = false;  // all but pictures that need no other are left out undecoded
};

struct LiveFrame {
  std::string_view codec;   // "h264", "hevc", "mjpeg", ...; static memory
  base::ByteView encoded;   // with Options::jpeg_packets a JPEG as it came; until the next call
  frame::Image image = {};  // its size; pixels are Pixels'
};

// Used by one thread at a time; any number of readers may work side by side. The budget must
// outlive the reader. After lost packets or damage the pictures go on with the next one that needs
// no other, as far as the codec shows the damage (see VideoReader). A stream may change the size of
// its pictures at any time.
class LiveReader {
 public:
  // Connects, asks for the stream and starts it. rtsps is encrypted, but the server's certificate
  // is not checked: this FFmpeg cannot (see net/tls_relay.h). The message of a failure is the
  // reason alone. Fails with kUnavailable (no connection, refused, no such stream, not RTSP; or the
  // module is not installed), kUnauthorized (401, 403), kUnsupportedFormat (no video in it, or a
  // codec that is not on the list), kInvalidFrame (over a limit), kOverloaded, kDeadline or
  // kCancelled. A name is looked up by the system, which nothing can end; see net::LookUp.
  static base::Result<std::unique_ptr<LiveReader>> Open(const LiveRequest& request,
                                                        const Options& options,
                                                        const base::Allowance& allowance,
                                                        resources::MemoryBudget& budget);
  // Says goodbye to the server, for at most 300 ms.
  ~LiveReader();

  // Waits for the next picture and decodes it. Fails with kInvalidFrame (lost or damaged, or over a
  // limit), kUnavailable (the server has gone, or ended the stream), kOverloaded, kDeadline (the
  // allowance's, or Options::deadline in CPU time) or kCancelled. While CanGoOn the next call gives
  // what comes after it, else every further call fails in the same way.
  base::Result<LiveFrame> Next(const base::Allowance& allowance);

  // The pixels of the picture that Next gave last, unless it is an encoded one; valid until the
  // next call. Fails as Next does.
  base::Result<frame::Image> Pixels(frame::PixelFormat wanted, const base::Allowance& allowance);

  bool CanGoOn() const;

 private:
  class Session;
  explicit LiveReader(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

}  // namespace sampleproc::video
