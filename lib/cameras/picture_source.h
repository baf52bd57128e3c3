// Where a camera's pictures are taken from: a video, a picture or a folder of pictures as if they
// came from a camera now, JPEG and MJPEG over HTTP, or RTSP.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "cameras/options.h"
#include "codec/options.h"
#include "frame/image.h"
#include "net/options.h"
#include "resources/memory_budget.h"
#include "video/options.h"

namespace sampleproc::cameras {

// One picture of a camera: as the camera sent it, or decoded. The images point into the buffers.
struct Shot {
  bool passed_over = false;  // nobody wanted it, and it has no pixels (SourceRequest::keep_encoded)
  base::ByteBuffer encoded;
  frame::Image luma = {};
  frame::Image bgr = {};
  base::ByteBuffer luma_bytes;
  base::ByteBuffer bgr_bytes;
  std::string_view codec;              // of a decoded one; static memory
  int orientation = 1;                 // EXIF's number; it has been applied to a decoded one
  resources::Reservation memory = {};  // of the bytes
  std::string place = {};              // where it is from, for messages; without what is secret
  std::string media_type = {};         // that the camera says it is of; "" when it says nothing
  std::optional<base::WallTime> taken = {};  // where the source knows better than when it was given
};

// Whether a picture is to be looked at; `taken` is that of its shot.
using IsWanted = std::function<bool(std::optional<base::WallTime> taken)>;

// Used by one thread. What a camera sends is taken to be hostile: every wait and every length is
// bounded.
class PictureSource {
 public:
  virtual ~PictureSource() = default;

  // Waits for the next picture; nothing at the end of files. `is_wanted` is asked when it is there
  // and before its pixels are taken. Fails with kInvalidFrame or kUnsupportedFormat (a picture is
  // damaged), kUnavailable, kRequestTimeout or kIo (the source is away), kUnauthorized (it refuses
  // the login that it was told), kTooLarge, kOverloaded (no memory), kCancelled. After a failure
  // with CanGoOn the next call gives what comes after it; else the source has to be opened again.
  virtual base::Result<std::optional<Shot>> Next(const IsWanted& is_wanted,
                                                 const base::Allowance& allowance) = 0;
  virtual bool CanGoOn() const { return false; }
};

// What all sources use; it must outlive them.
struct SourceContext {
  const codec::Options& codec;
  const net::Options& net;
  resources::MemoryBudget& budget;  // the camera's share, see memory.h
  std::chrono::milliseconds budget_patience;
  std::filesystem::path video_module = {};  // as video::Options::module
};

struct SourceRequest {
  std::string url;
  std::string password = {};  // of the URL's user
  std::string ca_file = {};   // as cameras::Options::ca_file
  double fps = 0;             // how often single pictures are asked for; 0: once a second
  bool loop = false;          // files begin again at their end
  Transport transport = Transport::kTcp;          // of rtsp
  Decode decode = Decode::kAll;                   // likewise
  std::chrono::milliseconds stall_after{10'000};  // of silence, then kRequestTimeout
  // What is passed over keeps its `encoded` where a camera sends JPEGs and there is memory for it.
  bool keep_encoded = false;
  // Called each time before a login is told to the camera, and may wait; when it fails the source
  // does as well, and the login is not told. Empty: nobody minds.
  std::function<base::Result<void>(const base::Allowance& allowance)> before_login = {};
};

// Opens what the URL names, see cameras::Options::url; the kinds of failure are those of Next. No
// message has a user name or a password in it.
base::Result<std::unique_ptr<PictureSource>> OpenSource(const SourceRequest& request,
                                                        const SourceContext& context,
                                                        const base::Allowance& allowance);

// Whether it is the path of a file or folder, which gives the same again when it is opened again.
bool NamesFile(std::string_view url);

// What to say of a picture that failed in the decoder, with its place. `error` is the decoder's.
std::string WhyNotLookedAt(const Shot& shot, const base::Error& error);

// The URL without what is secret in it, for messages: all up to the last '@', the query, and in the
// path what follows "password=" and its like. The path of a file stays, unless it has a '@' behind
// a ':', as a URL that lacks its scheme has.
std::string ShownUrl(std::string_view url);

// Its URL with the password, percent-encoded, behind the user's name.
std::string UrlWithPassword(const SourceRequest& request);

// Sleeps until `time` of the system's clock. Fails with kCancelled.
base::Result<void> SleepUntil(base::MonoTime time, const base::Allowance& allowance);

// One kind of source a file; called by OpenSource.
base::Result<std::unique_ptr<PictureSource>> OpenFiles(const SourceRequest& request,
                                                       const SourceContext& context,
                                                       const base::Allowance& allowance);
base::Result<std::unique_ptr<PictureSource>> OpenHttp(const SourceRequest& request,
                                                      const SourceContext& context,
                                                      const base::Allowance& allowance);
base::Result<std::unique_ptr<PictureSource>> OpenRtsp(const SourceRequest& request,
                                                      const SourceContext& context,
                                                      const base::Allowance& allowance);

}  // namespace sampleproc::cameras
