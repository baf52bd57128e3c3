#include "api/event_query.h"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "api/query.h"
#include "frame/frame_time.h"

namespace sampleproc::api {
namespace {

using base::ErrorCode;
using base::Result;
using frame::Event;

constexpr std::size_t kMostEvents = 1000;
constexpr std::string_view kListParameters[] = {"camera", "class", "type",  "zone",
                                                "since",  "until", "limit", "cursor"};
constexpr std::string_view kStreamParameters[] = {"camera", "class", "last_event_id"};

// A whole number above 0.
std::optional<std::int64_t> NumberOf(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

std::optional<Event::Type> TypeOf(std::string_view text) {
  for (const Event::Type type : {Event::Type::kNew, Event::Type::kUpdate, Event::Type::kEnd}) {
    if (text == frame::EventTypeName(type)) return type;
  }
  return std::nullopt;
}

// A plus that is not written as %2B comes as a blank: "2026-01-31T09:05:00 02:00".
std::optional<base::WallTime> TimeOf(std::string_view text) {
  if (const auto time = frame::ParseFrameTime(text)) return time;
  const std::size_t blank = text.rfind(' ');
  if (blank == text.npos) return std::nullopt;
  std::string meant(text);
  meant[blank] = '+';
  return frame::ParseFrameTime(meant);
}

std::optional<std::chrono::microseconds> Time(Query& query, std::string_view name) {
  const auto time =
      query.Get(name, TimeOf, "time",
                "must be a date and time as 2026-01-31T09:05:00Z, or seconds since 1970");
  if (!time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch());
}

}  // namespace

Result<EventList> ReadEventList(const http::Request& request) {
  Query query(request.query, kListParameters);
  EventList list;
  list.filter.camera_id = query.Text("camera");
  list.filter.class_name = query.Text("class");
  list.filter.type = query.Get("type", TypeOf, "choice", "must be new, update or end");
  list.filter.zone = query.Text("zone");
  list.filter.since = Time(query, "since");
  list.filter.until = Time(query, "until");
  if (list.filter.since && list.filter.until && *list.filter.since > *list.filter.until) {
    query.Wrong("since", "order", "must not be later than until, or no event can be between them");
  }
  const auto limit = query.Get(
      "limit",
      [](std::string_view text) {
        const auto number = NumberOf(text);
        return number && *number <= std::int64_t{kMostEvents} ? number : std::nullopt;
      },
      "range", "must be a whole number from 1 to 1000");
  if (limit) list.limit = static_cast<std::size_t>(*limit);
  const auto cursor =
      query.Get("cursor", NumberOf, "cursor", "must be the \"next\" of an answer of this service");
  list.before = cursor.value_or(0);
  return query.Or(std::move(list));
}

Result<EventStream> ReadEventStream(const http::Request& request) {
  Query query(request.query, kStreamParameters);
  EventStream stream;
  stream.filter.camera_id = query.Text("camera");
  stream.filter.class_name = query.Text("class");
  stream.after =
      query.Get("last_event_id", NumberOf, "number", "must be the id of a message of this stream");
  if (const auto last = request.Find("Last-Event-ID")) stream.after = NumberOf(*last);
  return query.Or(std::move(stream));
}

}  // namespace sampleproc::api
