// RTSP and RTSPS, through FFmpeg (see video/live_reader.h).
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "cameras/login_refusal.h"
#include "cameras/picture_source.h"
#include "cameras/video_shot.h"
#include "net/name_lookup.h"
#include "net/tls_relay.h"
#include "net/url.h"
#include "video/live_reader.h"

namespace sampleproc::cameras {
namespace {

using base::ErrorCode;
using base::Result;
using frame::PixelFormat;

// Longest from the first packet of a connection to the answer that pictures follow.
constexpr std::chrono::milliseconds kOpening{8'000};

// FFmpeg keeps "user:password", percent-encoded, in 128 bytes, cuts off the rest without a word and
// asks with that.
constexpr std::size_t kMostLogin = 127;

std::string Seconds(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

class RtspPictures final : public PictureSource {
 public:
  RtspPictures(SourceRequest request, const SourceContext& context)
      : request_(std::move(request)), context_(context) {}

  Result<void> Open(const base::Allowance& allowance) {
    const auto url = net::ParseRtspUrl(request_.url);
    if (!url) {
      return base::Fail(ErrorCode::kConfig,
                        ShownUrl(request_.url) + " is not an rtsp or rtsps URL");
    }
    const std::chrono::milliseconds patience = std::min(kOpening, request_.stall_after);
    base::Allowance within = allowance.Within(patience);
    // FFmpeg looks the name up as well, and cannot be interrupted then: where this does not come
    // to an end, that would not.
    if (const auto found = net::LookUp(url->host, std::to_string(url->port), within); !found) {
      return Named(found.error(), within, "its name was not resolved within " + Seconds(patience));
    }
    std::string whole = UrlWithPassword(request_);
    const std::size_t host = whole.find("://") + 3;
    const std::size_t at = whole.substr(0, whole.find_first_of("/?#", host)).rfind('@');
    if (at != std::string::npos && at - host > kMostLogin) {
      return Named(base::Fail(ErrorCode::kConfig,
                              "the user name and password are longer than 127 characters together, "
                              "each special one counted as three")
                       .error(),
                   within, {});
    }
    whole = whole.substr(0, whole.find('#'));
    const bool tells_login = at != std::string::npos || TellsPassword(request_.url);
    if (tells_login && request_.before_login) {
      if (auto may = request_.before_login(allowance); !may) {
        return Named(may.error(), allowance, {});
      }
      within = allowance.Within(patience);
    }
    if (!request_.ca_file.empty()) {
      if (auto secured = Secure(*url, whole, within); !secured) {
        return Named(secured.error(), within,
                     "there was no TLS connection within " + Seconds(patience) +
                         ": its machine does not answer, or its port speaks no TLS");
      }
    }
    const video::Options limits{.max_frame_bytes = context_.codec.max_frame_bytes,
                                .deadline = context_.codec.deadline,
                                .budget_patience = context_.budget_patience,
                                .jpeg_packets = true,
                                .module = context_.video_module};
    auto reader = video::LiveReader::Open({.url = std::move(whole),
                                           .udp = request_.transport == Transport::kUdp,
                                           .key_frames = request_.decode == Decode::kKeyFrames},
                                          limits, within, context_.budget);
    if (!reader) {
      if (reader.error().code == ErrorCode::kUnauthorized && !tells_login) {
        reader.error().code = ErrorCode::kUnavailable;
      }
      return Named(std::move(reader.error()), within,
                   "it did not answer within " + Seconds(patience));
    }
    reader_ = std::move(*reader);
    return {};
  }

  Result<std::optional<Shot>> Next(const IsWanted& is_wanted,
                                   const base::Allowance& allowance) override {
    const base::Allowance within = allowance.Within(request_.stall_after);
    const auto frame = reader_->Next(within);
    const base::WallTime given = base::SystemClock().Wall();
    const base::WallTime before = std::exchange(given_, given);
    if (!frame) return Silent(frame.error(), within);
    // The end of a picture is found where the next one begins, except that of a JPEG: it came when
    // the one before was given.
    const bool is_held = frame->encoded.empty() && before != base::WallTime{};
    const base::WallTime taken = is_held ? before : given;
    if (!is_wanted(taken)) {
      Shot shot = PassedOver(frame->encoded, request_, context_);
      shot.taken = taken;
      return shot;
    }
    frame::Image luma = {};
    if (frame->encoded.empty()) {
      const auto gray = reader_->Pixels(PixelFormat::kGray8, within);
      if (!gray) return Silent(gray.error(), within);
      luma = *gray;
    }
    auto shot = MakeShot(
        {frame->encoded, luma, frame->codec},
        [&] { return reader_->Pixels(PixelFormat::kBgr24, within); }, context_, allowance);
    if (!shot) return Silent(shot.error(), within);
    (*shot)->place = ShownUrl(request_.url);
    (*shot)->taken = taken;
    return shot;
  }

  bool CanGoOn() const override { return reader_->CanGoOn(); }

 private:
  // FFmpeg encrypts rtsps and checks no certificate, so it is given a port behind which that is
  // done. What it asks for has this port in its URL; a camera looks at the path.
  Result<void> Secure(const net::Url& url, std::string& whole, const base::Allowance& within) {
    auto relay = net::TlsRelay::Open({.host = url.host, .port = url.port},
                                     {request_.ca_file, url.host, "ca_file"}, within);
    if (!relay) return std::unexpected(relay.error());
    relay_ = std::move(*relay);
    const std::size_t begin = whole.find("://") + 3;
    const std::size_t end = std::min(whole.find_first_of("/?", begin), whole.size());
    const std::size_t at = whole.substr(0, end).rfind('@');
    const std::string login =
        at == std::string::npos || at < begin ? "" : whole.substr(begin, at + 1 - begin);
    whole = "rtsp://" + login + "127.0.0.1:" + std::to_string(relay_->port()) + whole.substr(end);
    return {};
  }

  // With the place; when the time is over, with what that means here.
  std::unexpected<base::Error> Named(base::Error error, const base::Allowance& within,
                                     const std::string& late) const {
    const bool is_late = error.code == ErrorCode::kDeadline && within.deadline.Expired();
    if (error.code == ErrorCode::kRequestTimeout || is_late) {
      error = base::Fail(ErrorCode::kRequestTimeout, late).error();
    } else if (error.code == ErrorCode::kDeadline) {
      error.message = "what it sends takes more CPU time for one picture than codec.deadline";
    }
    error.message = ShownUrl(request_.url) + ": " + error.message;
    return std::unexpected(std::move(error));
  }

  std::unexpected<base::Error> Silent(base::Error error, const base::Allowance& within) const {
    return Named(std::move(error), within,
                 "it sent no picture for " + Seconds(request_.stall_after));
  }

  const SourceRequest request_;
  const SourceContext context_;
  std::unique_ptr<net::TlsRelay> relay_;  // what the reader reads, where a certificate is checked
  std::unique_ptr<video::LiveReader> reader_;
  base::WallTime given_{};  // when Next returned last
};

}  // namespace

Result<std::unique_ptr<PictureSource>> OpenRtsp(const SourceRequest& request,
                                                const SourceContext& context,
                                                const base::Allowance& allowance) {
  auto pictures = std::make_unique<RtspPictures>(request, context);
  if (auto opened = pictures->Open(allowance); !opened) return std::unexpected(opened.error());
  return pictures;
}

}  // namespace sampleproc::cameras
