#include "api/clip_handler.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "api/picture_answer.h"
#include "api/query.h"
#include "base/ascii.h"
#include "base/mutex.h"
#include "history/snapshot_file.h"
#include "http/error_response.h"
#include "http/live_body.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using base::MutexLock;

constexpr std::size_t kPiece = std::size_t{64} * 1024;
// One is sent while the next one is read.
constexpr std::size_t kMemory = 2 * kPiece;
// A disk that does not answer for so long ends the answer.
constexpr std::chrono::seconds kPatience{60};

// The piece that comes; the body's, and of the thread that reads the disk.
class Piece {
 public:
  void OnNews(std::function<void()> wake) {
    const MutexLock lock(mutex_);
    wake_ = std::move(wake);
  }

  void Put(base::Result<std::string> bytes) noexcept {
    std::function<void()> wake;
    {
      const MutexLock lock(mutex_);
      failed_ = !bytes;
      if (bytes) bytes_ = std::move(*bytes);
      wake.swap(wake_);
    }
    if (!wake) return;
    wake();
    const MutexLock lock(mutex_);
    wake_ = std::move(wake);
  }

  // What has come, if it has; false when it never will.
  bool Take(std::string& out) {
    const MutexLock lock(mutex_);
    out = std::exchange(bytes_, {});
    return !failed_;
  }

 private:
  base::Mutex mutex_;
  std::function<void()> wake_ GUARDED_BY(mutex_);
  std::string bytes_ GUARDED_BY(mutex_);
  bool failed_ GUARDED_BY(mutex_) = false;
};

class ClipBody final : public http::LiveBody {
 public:
  ClipBody(const ClipContext& context, history::OpenClipPtr clip, const ByteRange& range)
      : context_(context), clip_(std::move(clip)), range_(range), asked_(range.begin) {}

  bool Read(std::string& out) override {
    if (sent_ == range_.end - range_.begin) return false;
    if (!waiting_) Ask();
    std::string bytes;
    if (!piece_->Take(bytes)) return false;
    if (bytes.empty()) return context_.clock.Now() - asked_at_ < kPatience;
    sent_ += bytes.size();
    out += bytes;
    waiting_ = false;
    if (asked_ < range_.end) Ask();
    return true;
  }

  void OnNews(std::function<void()> wake) override { piece_->OnNews(std::move(wake)); }
  std::string_view SignOfLife() const override { return {}; }

 private:
  void Ask() {
    const auto bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, range_.end - asked_));
    waiting_ = true;
    asked_at_ = context_.clock.Now();
    context_.clips->Read(
        clip_, std::exchange(asked_, asked_ + bytes), bytes,
        [piece = piece_](base::Result<std::string> read) { piece->Put(std::move(read)); });
  }

  const ClipContext context_;
  const history::OpenClipPtr clip_;
  const ByteRange range_;
  const std::shared_ptr<Piece> piece_ = std::make_shared<Piece>();
  std::uint64_t asked_;  // up to here
  std::uint64_t sent_ = 0;
  bool waiting_ = false;  // for a piece
  base::MonoTime asked_at_{};
};

// An answer that comes later, with what it needs of its request.
struct PendingClip {
  http::Responder respond;
  std::string path;
  std::string request_id;
  std::string event_id;
  std::string known;     // If-None-Match
  std::string range;     // Range
  std::string if_range;  // If-Range: of what the client has the rest
};

std::string RangeText(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.begin) + "-" + std::to_string(range.end - 1) + "/" +
         std::to_string(size);
}

base::Result<http::Response> Answer(const ClipContext& context, const PendingClip& pending,
                                    const history::OpenClipPtr& clip) {
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clip->came.time_since_epoch()).count();
  const std::string etag = HexEtag(static_cast<std::uint64_t>(nanos));
  http::Response response;
  if (!BeginPicture(response, etag, clip->came, pending.known)) return response;
  ByteRange whole{0, clip->bytes};
  if (pending.if_range.empty() || pending.if_range == etag) {
    if (const auto range = ReadRange(pending.range, clip->bytes)) {
      if (range->begin == range->end) {
        return http::RangeNotSatisfiable(clip->bytes, pending.path, pending.request_id);
      }
      response.status = 206;
      response.AddField("Content-Range", RangeText(*range, clip->bytes));
      whole = *range;
    }
  }
  auto memory = context.budget.TryReserve(kMemory, "an event's clip");
  if (!memory) return std::unexpected(std::move(memory.error()));
  response.content_type = "video/matroska";
  response.AddField("Accept-Ranges", "bytes");
  const auto key = history::SnapshotKeyOf(pending.event_id);
  response.AddField("Content-Disposition",
                    "attachment; filename=\"" + history::ClipFileName(key.value()) + "\"");
  response.reservation = std::move(*memory);
  response.live_bytes = whole.end - whole.begin;
  response.live = std::make_shared<ClipBody>(context, clip, whole);
  return response;
}

std::optional<std::uint64_t> ReadNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  if (error != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<ByteRange> ReadRange(std::string_view field, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!base::Lowercase(field.substr(0, kUnit.size())).starts_with(kUnit)) return std::nullopt;
  const std::string_view range = base::TrimBlanks(field.substr(kUnit.size()));
  const auto dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  const auto first = ReadNumber(range.substr(0, dash));
  const std::string_view end_text = range.substr(dash + 1);
  const auto last = ReadNumber(end_text);
  if (!first) {  // the last so many
    if (dash != 0 || !last) return std::nullopt;
    return ByteRange{size - std::min(*last, size), size};
  }
  if (!last && !end_text.empty()) return std::nullopt;
  if (last && *last < *first) return std::nullopt;
  if (*first >= size) return ByteRange{size, size};
  return ByteRange{*first, last ? std::min(*last, size - 1) + 1 : size};
}

http::Handler MakeClipHandler(const ClipContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    const auto refuse = [&](const base::Error& error) {
      respond.Send(http::ErrorResponse(error, request.path, request.request_id));
    };
    auto id = http::PathParameter(request, "event_id");
    if (!id) return refuse(id.error());
    if (const auto none = Query(request.query, {}).Or(true); !none) return refuse(none.error());
    if (context.clips == nullptr) {
      return refuse({ErrorCode::kNotFound,
                     "no clips of events are kept: set events.clips to a folder",
                     {},
                     {}});
    }
    const auto text = [&](std::string_view name) {
      return std::string(request.Find(name).value_or(""));
    };
    const auto pending =
        std::make_shared<PendingClip>(PendingClip{.respond = std::move(respond),
                                                  .path = std::string(request.path),
                                                  .request_id = request.request_id,
                                                  .event_id = *id,
                                                  .known = text("If-None-Match"),
                                                  .range = text("Range"),
                                                  .if_range = text("If-Range")});
    context.clips->Get(
        std::move(*id), request.allowance,
        [context, pending](base::Result<history::OpenClipPtr> opened) {
          try {
            const auto refuse_it = [&](const base::Error& error) {
              pending->respond.Send(http::ErrorResponse(error, pending->path, pending->request_id));
            };
            if (!opened) return refuse_it(opened.error());
            auto answer = Answer(context, *pending, *opened);
            if (!answer) return refuse_it(answer.error());
            pending->respond.Send(std::move(*answer));
          } catch (const std::exception&) {
            // No memory: a responder that is dropped answers 500.
          }
        });
  };
}

}  // namespace sampleproc::api
