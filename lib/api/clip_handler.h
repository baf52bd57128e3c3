// GET /events/{event_id}/clip: the clip of an event.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "history/clips.h"
#include "http/router.h"
#include "resources/memory_budget.h"

namespace sampleproc::api {

// The references must outlive the handler and its answers, and so must what `clips` points at.
struct ClipContext {
  history::Clips* clips;  // null: none are kept
  resources::MemoryBudget& budget;
  const base::Clock& clock;
};

// The clip as a file to be saved or played, sent as it is read: video/matroska. One range of it can
// be asked for (206; 416 where there is none of it), by which players go to a place and downloads
// go on where they stopped. Its ETag stays for as long as the clip does; Last-Modified is when it
// was whole. 404 says why there is none, 503 why it cannot be read.
http::Handler MakeClipHandler(const ClipContext& context);

// Which bytes of `size` a Range field (RFC 9110 section 14.2) asks for. Nothing where all of them
// are to be sent: what is no range of bytes, or several, is passed over.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // behind the last one; as `begin` where no byte is there

  bool operator==(const ByteRange&) const = default;
};
std::optional<ByteRange> ReadRange(std::string_view field, std::uint64_t size);

}  // namespace sampleproc::api
