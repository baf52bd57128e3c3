// What requests for events ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "history/record.h"
#include "http/message.h"

namespace sampleproc::api {

struct EventList {
  history::Filter filter;
  std::size_t limit = 100;
  std::int64_t before = 0;  // 0: from the newest on
};

// Fails with kBadRequest, which names each parameter that is wrong.
base::Result<EventList> ReadEventList(const http::Request& request);

struct EventStream {
  history::Filter filter;
  std::optional<std::int64_t> after;  // the number of the message that the client had last
};

// Likewise. A Last-Event-ID that is no number of ours is as none: clients send it by themselves.
base::Result<EventStream> ReadEventStream(const http::Request& request);

}  // namespace sampleproc::api
