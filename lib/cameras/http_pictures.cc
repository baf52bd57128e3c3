// JPEG and MJPEG over HTTP:
//
//   GET /path HTTP/1.0            -> 200, image/jpeg: one picture, asked for again and again
//                                 -> 200, multipart/x-mixed-replace;boundary=B: a picture in each
//                                    part, for as long as the connection stands
//
// HTTP/1.0, so that no answer comes in chunks. A part without Content-Length ends at the next
// boundary.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "cameras/login_refusal.h"
#include "cameras/picture_source.h"
#include "cameras/video_shot.h"
#include "net/digest_auth.h"
#include "net/stream.h"
#include "net/tls_stream.h"
#include "net/url.h"

namespace sampleproc::cameras {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kMostHead = std::size_t{16} * 1024;    // of an answer, and of a part
constexpr std::size_t kMostPicture = std::size_t{32} << 20;  // encoded
constexpr std::size_t kBlock = std::size_t{64} * 1024;

// What has arrived and is not taken yet.
class Arrived {
 public:
  Arrived(std::unique_ptr<net::Stream> stream, const SourceContext& context)
      : stream_(std::move(stream)), context_(context) {}

  net::Stream& stream() { return *stream_; }
  std::string_view text() const { return std::string_view(bytes_).substr(taken_); }
  bool ended() const { return ended_; }

  void Take(std::size_t size) {
    taken_ += size;
    if (taken_ < bytes_.size() / 2) return;
    bytes_.erase(0, taken_);
    taken_ = 0;
  }

  // Waits for more. False at the end of the connection. What is held is paid for before it comes.
  Result<bool> More(const base::Allowance& allowance) {
    if (ended_) return false;
    const std::size_t wanted = bytes_.size() + kBlock;
    if (wanted > memory_.bytes()) {
      auto memory = context_.budget.Reserve(2 * wanted, "a camera's picture",
                                            context_.budget_patience, allowance);
      if (!memory) return std::unexpected(std::move(memory.error()));
      memory_ = std::move(*memory);
    }
    std::array<char, kBlock> block;
    const auto got = stream_->Read(block, allowance);
    if (!got) return std::unexpected(got.error());
    ended_ = *got == 0;
    bytes_.append(block.data(), *got);
    return !ended_;
  }

 private:
  std::unique_ptr<net::Stream> stream_;
  const SourceContext& context_;
  std::string bytes_;
  std::size_t taken_ = 0;
  bool ended_ = false;
  resources::Reservation memory_ = {};
};

// Without blanks at its ends, nor the CR of a line's end.
std::string_view Trimmed(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  return base::TrimBlanks(text);
}

// The values of the fields of that name in the lines of a head.
std::vector<std::string_view> FieldsOf(std::string_view head, std::string_view name) {
  std::vector<std::string_view> values;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        base::Lowercase(Trimmed(line.substr(0, colon))) == name) {
      values.push_back(Trimmed(line.substr(colon + 1)));
    }
    head.remove_prefix(std::min(line.size() + 1, head.size()));
  }
  return values;
}

// The first of them, "" when there is none.
std::string_view FieldOf(std::string_view head, std::string_view name) {
  const auto values = FieldsOf(head, name);
  return values.empty() ? std::string_view() : values.front();
}

std::string_view StatusOf(std::string_view head) {
  return head.substr(std::min<std::size_t>(9, head.size()), 3);
}

std::optional<std::size_t> LengthOf(std::string_view head) {
  const std::string_view text = FieldOf(head, "content-length");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && end == text.data() + text.size() && !text.empty()
             ? std::optional(length)
             : std::nullopt;
}

// "multipart/x-mixed-replace; boundary=--B" -> what parts begin with, "--B". Some cameras write the
// two hyphens into the parameter, too.
std::string BoundaryOf(std::string_view type) {
  const std::size_t at = base::Lowercase(type).find("boundary=");
  if (at == std::string::npos) return {};
  std::string_view value = type.substr(at + 9);
  value = Trimmed(value.substr(0, value.find(';')));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  while (value.starts_with('-')) value.remove_prefix(1);
  return value.empty() || value.size() > 200 ? std::string() : "--" + std::string(value);
}

class HttpPictures final : public PictureSource {
 public:
  HttpPictures(SourceRequest request, net::Url url, const SourceContext& context)
      : request_(std::move(request)),
        url_(std::move(url)),
        context_(context),
        pause_(std::chrono::duration_cast<base::MonoTime::duration>(
            std::chrono::duration<double>(request_.fps > 0 ? 1 / request_.fps : 1))),
        due_(base::SystemClock().Now()) {}

  Result<void> Open(const base::Allowance& allowance) {
    auto asked = Ask(allowance);
    if (!asked) return Named(std::move(asked.error()));
    return {};
  }

  // Asks, once more when the camera says how it wants to be told the password: not before, as Basic
  // would tell it to everybody on the way.
  Result<void> Ask(const base::Allowance& allowance) {
    auto head = AskOnce(allowance);
    if (head && StatusOf(*head) == "401" && TakesChallenge(*head)) head = AskOnce(allowance);
    if (!head) return std::unexpected(std::move(head.error()));
    return Judge(*head);
  }

  Result<std::optional<Shot>> Next(const IsWanted& is_wanted,
                                   const base::Allowance& allowance) override {
    if (boundary_.empty()) {
      if (auto asked = AskInTime(allowance); !asked) return Named(std::move(asked.error()));
    }
    auto shot = boundary_.empty() ? Single(is_wanted, allowance) : Part(is_wanted, allowance);
    if (shot) return std::optional(std::move(*shot));
    const bool endless = !boundary_.empty() && arrived_->text().size() > kBlock;
    return Named(Late(std::move(shot.error()),
                      endless ? "it sends data without the boundary that it named for"
                              : "it sent no whole picture for",
                      request_.stall_after));
  }

 private:
  // Connects, asks and returns the head of the answer.
  Result<std::string> AskOnce(const base::Allowance& allowance) {
    if (request_.before_login && (basic_ || digest_ || TellsPassword(url_.target))) {
      if (auto may = request_.before_login(allowance); !may) return std::unexpected(may.error());
    }
    const auto patience = std::min(context_.net.connect_timeout, request_.stall_after);
    const base::Allowance within = allowance.Within(patience);
    auto stream = Connect(within, patience);
    if (!stream) return std::unexpected(std::move(stream.error()));
    arrived_.emplace(std::move(*stream), context_);
    std::string question = "GET " + url_.target + " HTTP/1.0\r\nHost: " + url_.Authority() +
                           "\r\nAccept: image/jpeg, multipart/x-mixed-replace\r\n"
                           "User-Agent: sampleproc\r\n";
    const std::string authorization = Authorization();
    if (!authorization.empty()) question += "Authorization: " + authorization + "\r\n";
    if (auto sent = arrived_->stream().Write(question + "\r\n", within); !sent) {
      return std::unexpected(std::move(sent.error()));
    }
    auto head = Head(allowance.Within(request_.stall_after));
    if (head) return head;
    return std::unexpected(
        Late(std::move(head.error()), "it did not answer within", request_.stall_after));
  }

  std::string Authorization() {
    if (basic_) return url_.Authorization();
    if (!digest_) return {};
    return net::AnswerDigest(*digest_, url_.userinfo, "GET", url_.target, ++digest_uses_,
                             net::NewCnonce());
  }

  // Whether there is something to answer to a 401, which may also be a new nonce.
  bool TakesChallenge(std::string_view head) {
    if (url_.userinfo.empty() || basic_) return false;
    const auto challenges = FieldsOf(head, "www-authenticate");
    digest_ = net::FindDigest(challenges);
    digest_uses_ = 0;
    const std::string schemes = base::Lowercase(net::SchemesIn(challenges));
    basic_ = !digest_ && (schemes.empty() || schemes.find("basic") != std::string::npos);
    return digest_ || basic_;
  }

  std::unexpected<base::Error> Named(base::Error error) const {
    error.message = ShownUrl(request_.url) + ": " + error.message;
    return std::unexpected(std::move(error));
  }

  // Where a time is over, says of what: `what` ends in "for" or "within".
  static base::Error Late(base::Error error, std::string_view what,
                          std::chrono::milliseconds time) {
    if (error.code != ErrorCode::kRequestTimeout) return error;
    error.message = std::string(what) + " " + std::to_string(time.count()) + " ms";
    return error;
  }

  Result<std::unique_ptr<net::Stream>> Connect(const base::Allowance& within,
                                               std::chrono::milliseconds patience) const {
    constexpr std::string_view kLate = "it cannot be connected to within";
    const net::Endpoint endpoint{.host = url_.host, .port = url_.port};
    if (!url_.tls) {
      auto stream = net::Connect(endpoint, within);
      if (stream) return stream;
      return std::unexpected(Late(std::move(stream.error()), kLate, patience));
    }
    auto socket = net::ConnectSocket(endpoint, within);
    if (!socket) return std::unexpected(Late(std::move(socket.error()), kLate, patience));
    auto stream = net::StartTlsStream(base::Descriptor(*socket),
                                      {request_.ca_file, url_.host, "ca_file"}, within);
    if (stream || stream.error().code != ErrorCode::kRequestTimeout) return stream;
    return base::Fail(ErrorCode::kRequestTimeout,
                      "it takes the connection and does not answer the TLS handshake within " +
                          std::to_string(patience.count()) +
                          " ms: perhaps this port speaks no TLS");
  }

  // The lines up to an empty one, which are taken.
  Result<std::string> Head(const base::Allowance& allowance) {
    for (;;) {
      const std::string_view text = arrived_->text();
      const std::size_t crlf = text.find("\r\n\r\n");
      const std::size_t lf = text.find("\n\n");
      if (crlf != std::string_view::npos || lf != std::string_view::npos) {
        const std::size_t end = crlf < lf ? crlf + 4 : lf + 2;
        std::string head(text.substr(0, end));
        arrived_->Take(end);
        return head;
      }
      if (text.size() > kMostHead) {
        return base::Fail(ErrorCode::kIo, "its answer's head is longer than 16 KiB");
      }
      const auto more = arrived_->More(allowance);
      if (!more) return std::unexpected(more.error());
      if (!*more) return base::Fail(ErrorCode::kUnavailable, "the connection was closed");
    }
  }

  Result<void> Judge(const std::string& head) {
    if (!head.starts_with("HTTP/1.")) {
      return base::Fail(ErrorCode::kIo, "invalid HTTP response");
    }
    const std::string status(StatusOf(head));
    if (status == "401") {
      return std::unexpected(
          Unauthorized(url_, basic_ || digest_, FieldsOf(head, "www-authenticate")));
    }
    if (status == "403") return std::unexpected(Forbidden(url_));
    if (status == "301" || status == "302" || status == "303" || status == "307" ||
        status == "308") {
      return base::Fail(ErrorCode::kUnavailable, "it redirects to another URL (" + status +
                                                     "): put that one into the configuration");
    }
    if (status != "200") {
      const bool is_number = status.find_first_not_of("0123456789") == std::string::npos;
      return base::Fail(ErrorCode::kUnavailable, "it answers " + (is_number ? status : "nonsense"));
    }
    if (!FieldOf(head, "transfer-encoding").empty()) {
      return base::Fail(ErrorCode::kIo,
                        "it answers HTTP/1.0 with a Transfer-Encoding, which only HTTP/1.1 has "
                        "(RFC 9112, 6.1)");
    }
    const std::string_view type = FieldOf(head, "content-type");
    length_ = LengthOf(head);
    media_type_ = type;
    boundary_.clear();
    if (base::Lowercase(type).starts_with("multipart/")) {
      boundary_ = BoundaryOf(type);
      if (boundary_.empty()) {
        return base::Fail(ErrorCode::kIo, "its multipart answer names no boundary");
      }
    }
    return {};
  }

  // Waits until `size` bytes are there. False when the connection ends before.
  Result<bool> Await(std::size_t size, const base::Allowance& allowance) {
    while (arrived_->text().size() < size) {
      const auto more = arrived_->More(allowance);
      if (!more || !*more) return more;
    }
    return true;
  }

  static std::unexpected<base::Error> TooLarge() {
    return base::Fail(ErrorCode::kTooLarge, "a picture is longer than 32 MiB");
  }

  Result<Shot> TakePicture(std::size_t size, const IsWanted& is_wanted,
                           const base::Allowance& allowance) {
    const auto bytes = base::AsBytes(arrived_->text().substr(0, size));
    Shot shot;
    if (!is_wanted(std::nullopt)) {
      shot = PassedOver(bytes, request_, context_);
    } else {
      auto memory =
          context_.budget.Reserve(size, "a camera's picture", context_.budget_patience, allowance);
      if (!memory) return std::unexpected(std::move(memory.error()));
      shot.memory = std::move(*memory);
      shot.place = ShownUrl(request_.url);
      shot.media_type = media_type_;
      shot.encoded.assign(bytes.begin(), bytes.end());
    }
    arrived_->Take(size);
    return shot;
  }

  // When the next single picture is due; the first one has been asked for already.
  Result<void> AskInTime(const base::Allowance& allowance) {
    if (auto slept = SleepUntil(due_, allowance); !slept) return slept;
    due_ = std::max(due_, base::SystemClock().Now() - pause_) + pause_;
    return std::exchange(asked_before_, true) ? Ask(allowance) : Result<void>();
  }

  Result<Shot> Single(const IsWanted& is_wanted, const base::Allowance& allowance) {
    const base::Allowance within = allowance.Within(request_.stall_after);
    while (!length_ || arrived_->text().size() < *length_) {
      if (length_.value_or(0) > kMostPicture || arrived_->text().size() > kMostPicture) {
        return TooLarge();
      }
      const auto more = arrived_->More(within);
      if (!more) return std::unexpected(more.error());
      if (*more) continue;
      if (length_) return base::Fail(ErrorCode::kUnavailable, "the connection was closed early");
      break;
    }
    return TakePicture(length_.value_or(arrived_->text().size()), is_wanted, allowance);
  }

  Result<Shot> Part(const IsWanted& is_wanted, const base::Allowance& allowance) {
    const base::Allowance within = allowance.Within(request_.stall_after);
    if (auto begun = ToBoundary(within); !begun) return std::unexpected(begun.error());
    const auto head = Head(within);
    if (!head) return std::unexpected(head.error());
    media_type_ = FieldOf(*head, "content-type");
    if (const auto length = LengthOf(*head)) {
      if (*length > kMostPicture) return TooLarge();
      const auto whole = Await(*length, within);
      if (!whole) return std::unexpected(whole.error());
      if (!*whole) return base::Fail(ErrorCode::kUnavailable, "the connection was closed");
      return TakePicture(*length, is_wanted, allowance);
    }
    const auto end = FindBoundary(within);
    if (!end) return std::unexpected(end.error());
    const std::string_view text = arrived_->text().substr(0, *end);
    const std::size_t size = text.ends_with("\r\n") ? text.size() - 2 : text.size();
    return TakePicture(size, is_wanted, allowance);
  }

  // Takes what stands before the next boundary, and the boundary.
  Result<void> ToBoundary(const base::Allowance& allowance) {
    const auto at = FindBoundary(allowance);
    if (!at) return std::unexpected(at.error());
    arrived_->Take(*at + boundary_.size());
    if (auto more = Await(2, allowance); !more) return std::unexpected(more.error());
    if (arrived_->text().starts_with("--")) {
      return base::Fail(ErrorCode::kUnavailable, "the camera has ended its stream");
    }
    return {};
  }

  Result<std::size_t> FindBoundary(const base::Allowance& allowance) {
    std::size_t from = 0;
    for (;;) {
      const std::string_view text = arrived_->text();
      const std::size_t at = text.find(boundary_, from);
      if (at != std::string_view::npos) return at;
      if (text.size() > kMostPicture) return TooLarge();
      from = text.size() - std::min(text.size(), boundary_.size());
      const auto more = arrived_->More(allowance);
      if (!more) return std::unexpected(more.error());
      if (!*more) return base::Fail(ErrorCode::kUnavailable, "the connection was closed");
    }
  }

  const SourceRequest request_;
  const net::Url url_;
  const SourceContext context_;
  const base::MonoTime::duration pause_;
  base::MonoTime due_;
  bool asked_before_ = false;  // the picture that Ask found was taken
  std::optional<Arrived> arrived_;
  std::optional<std::size_t> length_;  // of a single picture
  std::string media_type_;             // of the picture that comes
  std::string boundary_;               // of parts; empty: the answer is a single picture
  // How it wants to be told the password, once it has said so.
  bool basic_ = false;
  std::optional<net::DigestChallenge> digest_;
  std::uint32_t digest_uses_ = 0;  // of its nonce
};

}  // namespace

Result<std::unique_ptr<PictureSource>> OpenHttp(const SourceRequest& request,
                                                const SourceContext& context,
                                                const base::Allowance& allowance) {
  auto url = net::ParseUrl(UrlWithPassword(request));
  if (!url) {
    return base::Fail(ErrorCode::kConfig, ShownUrl(request.url) + " is not an http or https URL");
  }
  auto pictures = std::make_unique<HttpPictures>(request, std::move(*url), context);
  if (auto asked = pictures->Open(allowance); !asked) return std::unexpected(asked.error());
  return pictures;
}

}  // namespace sampleproc::cameras
