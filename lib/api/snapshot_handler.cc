#include "api/snapshot_handler.h"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/picture_answer.h"
#include "api/query.h"
#include "base/bytes.h"
#include "http/error_response.h"
#include "process/snapshot_view.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;

// An answer that comes later, with what it needs of its request.
struct Pending {
  http::Responder respond;
  std::string path;
  std::string request_id;
  std::string known;  // If-None-Match
  process::SnapshotView view;
  base::Allowance allowance;
};

std::string EtagOf(const history::SnapshotFolder::Facts& facts, const process::SnapshotView& view) {
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(facts.came.time_since_epoch()).count();
  return HexEtag(static_cast<std::uint64_t>(nanos),
                 view.annotate ? (view.crop ? "-ac" : "-a") : (view.crop ? "-c" : ""));
}

base::Result<http::Response> Answer(const SnapshotContext& context, Pending& pending,
                                    base::Result<history::KeptSnapshot> kept) {
  if (!kept) return std::unexpected(std::move(kept.error()));
  http::Response response;
  const std::string etag = EtagOf(kept->facts, pending.view);
  if (!BeginPicture(response, etag, kept->facts.came, pending.known)) return response;
  response.content_type = "image/jpeg";
  if (pending.view.AsItIs()) {
    response.body = std::move(kept->content.jpeg);
    response.reservation = std::move(kept->memory);
    return response;
  }
  auto drawn = process::ViewOf(base::AsBytes(kept->content.jpeg), kept->content.snapshot.detection,
                               pending.view, context.codec, pending.allowance, context.budget);
  if (!drawn && (drawn.error().code == ErrorCode::kInvalidFrame ||
                 drawn.error().code == ErrorCode::kUnsupportedFormat)) {
    // It was a frame that could be decoded: the fault is the file's, not the client's.
    return base::Fail(ErrorCode::kUnavailable,
                      "the event's picture cannot be decoded to be drawn on; it may be had as it "
                      "is, without annotate and crop");
  }
  if (!drawn) return std::unexpected(std::move(drawn.error()));
  auto memory = context.budget.TryReserve(drawn->size(), "an event's picture");
  if (!memory) return std::unexpected(std::move(memory.error()));
  response.body = std::move(*drawn);
  response.reservation = std::move(*memory);
  return response;
}

}  // namespace

http::Handler MakeSnapshotHandler(const SnapshotContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    const auto refuse = [&](const base::Error& error) {
      respond.Send(http::ErrorResponse(error, request.path, request.request_id));
    };
    auto id = http::PathParameter(request, "event_id");
    if (!id) return refuse(id.error());
    constexpr std::string_view kParameters[] = {"annotate", "crop"};
    Query query(request.query, kParameters);
    const bool annotate = query.Switch("annotate");
    const auto view =
        query.Or(process::SnapshotView{.annotate = annotate, .crop = query.Switch("crop")});
    if (!view) return refuse(view.error());
    if (context.snapshots == nullptr) {
      return refuse({ErrorCode::kNotFound,
                     "no pictures of events are kept: set events.snapshots to a folder",
                     {},
                     {}});
    }
    const auto pending = std::make_shared<Pending>(
        Pending{.respond = std::move(respond),
                .path = std::string(request.path),
                .request_id = request.request_id,
                .known = std::string(request.Find("If-None-Match").value_or("")),
                .view = *view,
                .allowance = request.allowance});
    context.snapshots->Get(
        std::move(*id), request.allowance,
        [pending](const history::SnapshotFolder::Facts& facts) {
          return pending->known != "*" &&
                 pending->known.find(EtagOf(facts, pending->view)) == std::string::npos;
        },
        [context, pending](base::Result<history::KeptSnapshot> kept) {
          try {
            auto answer = Answer(context, *pending, std::move(kept));
            pending->respond.Send(
                answer ? std::move(*answer)
                       : http::ErrorResponse(answer.error(), pending->path, pending->request_id));
          } catch (const std::exception&) {
            // No memory: a responder that is dropped answers 500.
          }
        });
  };
}

}  // namespace sampleproc::api
