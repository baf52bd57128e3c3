// GET /events and below: what has happened before cameras, from the history, and as it happens.
#pragma once

#include "history/journal.h"
#include "http/router.h"

namespace sampleproc::api {

struct EventsContext {
  history::Journal& journal;  // must outlive the handlers
  bool made = false;          // some pipeline makes events
};

// Where no events are made and none are kept, all of it is 404.

// {"events": [<as event.schema.json has it>, ...], "next": "123" | null, "latest": "456"}
//
// Messages of events, newest first; one that says "cursor" gets those before it, and with each
// page's `next` all there are. `latest` is the number of the last message there is, from which a
// stream may go on. Parameters, each at most once and not empty: camera, class, type (new, update,
// end), zone (that the thing is in, has entered or has left), since, until (of `time`, both ends
// included; a date and time or seconds since 1970), limit (1 to 1000, else 100), cursor. Anything
// else is kBadRequest. 404 without a history; 503 while it cannot be read.
http::Handler MakeEventsHandler(const EventsContext& context);

// {"event": <its last message>, "events": [<its last 1000 messages, oldest first>]}; 404 of an
// event that the history does not have.
http::Handler MakeEventHandler(const EventsContext& context);

// text/event-stream (html.spec.whatwg.org, "Server-sent events"): a message for each of an event's,
// its number as `id`, its type as `event`, the same JSON as `data`. From the message behind
// Last-Event-ID or last_event_id on, else from now on; a comment every 15 s. Parameters: camera,
// class, last_event_id. 503 when there are too many streams, in all or of the client's address as
// http.trusted_proxies tells it; clients of a Unix socket have none. It ends when the client does
// not read, when the service drains or reloads, and when it has fallen behind what is kept; the
// client then asks again.
http::Handler MakeEventStreamHandler(const EventsContext& context);

}  // namespace sampleproc::api
