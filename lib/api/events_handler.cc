#include "api/events_handler.h"

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/event_query.h"
#include "http/error_response.h"
#include "http/live_body.h"
#include "json/writer.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using json::JsonWriter;

constexpr std::size_t kMostOfEvent = 1000;
constexpr std::size_t kMostAtOnce = 48 * 1024;

// Clients try again after this.
constexpr std::string_view kHello = "retry: 2000\n\n";

// An answer that comes later, with what it needs of its request.
class Later {
 public:
  Later(const http::Request& request, http::Responder respond)
      : respond_(std::move(respond)), path_(request.path), request_id_(request.request_id) {}

  void Send(http::Response response) { respond_.Send(std::move(response)); }
  void Refuse(const base::Error& error) {
    respond_.Send(http::ErrorResponse(error, path_, request_id_));
  }

 private:
  http::Responder respond_;
  std::string path_;
  std::string request_id_;
};

void WriteRows(std::string_view key, const std::vector<history::Row>& rows, JsonWriter& out) {
  out.Key(key);
  out.BeginArray();
  for (const history::Row& row : rows) out.Raw(row.json);
  out.EndArray();
}

std::string PageText(const history::Page& page) {
  std::string text;
  JsonWriter json(text);
  json.BeginObject();
  WriteRows("events", page.rows, json);
  if (page.more) {
    json.Member("next", std::to_string(page.rows.back().id));
  } else {
    json.Key("next");
    json.Null();
  }
  json.Member("latest", std::to_string(page.newest));
  json.EndObject();
  return text;
}

std::string EventText(const std::vector<history::Row>& rows) {
  std::string text;
  JsonWriter json(text);
  json.BeginObject();
  json.Key("event");
  json.Raw(rows.back().json);
  WriteRows("events", rows, json);
  json.EndObject();
  return text;
}

base::Error NoEvents() {
  return {ErrorCode::kNotFound, "no events are made: no pipeline has the step \"track\"", {}, {}};
}

std::optional<base::Error> NoHistory(const EventsContext& context) {
  if (context.journal.keeps()) return std::nullopt;
  if (!context.made) return NoEvents();
  return base::Error{
      ErrorCode::kNotFound,
      "no history of events is kept: set events.history; GET /events/stream tells them as they "
      "come",
      {},
      {}};
}

// Messages of a subscription as text/event-stream has them.
class StreamBody final : public http::LiveBody {
 public:
  explicit StreamBody(std::shared_ptr<history::Subscription> subscription)
      : subscription_(std::move(subscription)) {}

  bool Read(std::string& out) override {
    if (std::exchange(first_, false)) out += kHello;
    const history::Subscription::Batch batch = subscription_->Next(kMostAtOnce);
    for (const history::Message& message : batch.messages) {
      if (message.id > 0) out.append("id: ").append(std::to_string(message.id)).append("\n");
      out.append("event: ").append(frame::EventTypeName(message.record->type));
      out.append("\ndata: ").append(message.record->json).append("\n\n");
    }
    return !batch.ended || !out.empty();
  }

  void OnNews(std::function<void()> wake) override { subscription_->OnNews(std::move(wake)); }
  std::string_view SignOfLife() const override { return ":\n\n"; }

 private:
  const std::shared_ptr<history::Subscription> subscription_;
  bool first_ = true;
};

}  // namespace

http::Handler MakeEventsHandler(const EventsContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    auto later = std::make_shared<Later>(request, std::move(respond));
    auto wanted = ReadEventList(request);
    if (!wanted) return later->Refuse(wanted.error());
    if (auto none = NoHistory(context)) return later->Refuse(*none);
    context.journal.List(std::move(wanted->filter), wanted->before, wanted->limit,
                         request.allowance, [later](base::Result<history::Page> page) {
                           if (!page) return later->Refuse(page.error());
                           later->Send(http::JsonResponse(PageText(*page)));
                         });
  };
}

http::Handler MakeEventHandler(const EventsContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    auto later = std::make_shared<Later>(request, std::move(respond));
    auto id = http::PathParameter(request, "event_id");
    if (!id) return later->Refuse(id.error());
    if (auto none = NoHistory(context)) return later->Refuse(*none);
    context.journal.Find(
        std::move(*id), kMostOfEvent, request.allowance,
        [later](base::Result<std::vector<history::Row>> rows) {
          if (!rows) return later->Refuse(rows.error());
          if (rows->empty()) {
            return later->Refuse({ErrorCode::kNotFound,
                                  "no such event: it never was, or is too old to be in "
                                  "the history; GET /events lists those there are",
                                  {},
                                  {}});
          }
          later->Send(http::JsonResponse(EventText(*rows)));
        });
  };
}

http::Handler MakeEventStreamHandler(const EventsContext& context) {
  return [context](http::Request& request, http::Responder respond) {
    Later later(request, std::move(respond));
    if (!context.made && !context.journal.keeps()) return later.Refuse(NoEvents());
    auto wanted = ReadEventStream(request);
    if (!wanted) return later.Refuse(wanted.error());
    auto subscription = context.journal.Subscribe(std::move(wanted->filter), wanted->after,
                                                  request.caller.address.Customer().Text());
    if (!subscription) return later.Refuse(subscription.error());
    http::Response response;
    response.content_type = "text/event-stream";
    response.live = std::make_shared<StreamBody>(std::move(*subscription));
    later.Send(std::move(response));
  };
}

}  // namespace sampleproc::api
