// A connection's raw bytes: the guard's verdict is the same whole and byte by byte, what it passes
// the parser understands alike, and the chunk reader's verdict does not depend on how bytes are
// cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chunk_reader.h"
#include "http/head_guard.h"
#include "http/head_parser.h"

namespace {

namespace http = sampleproc::http;

constexpr std::uint64_t kBodyLimit = 1 << 16;

struct Body {
  std::string data;
  std::string error;
  bool done = false;

  bool operator==(const Body&) const = default;
};

Body Decode(std::string_view input, std::size_t piece) {
  http::ChunkReader reader(kBodyLimit);
  Body body;
  while (!input.empty() && !body.done) {
    std::string_view part = input.substr(0, piece);
    const auto step = reader.Next(part);
    if (!step) {
      body.error = step.error().message;
      return body;
    }
    if (step->consumed == 0 || step->consumed > part.size()) std::abort();
    body.data += step->data;
    body.done = step->done;
    input.remove_prefix(step->consumed);
  }
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto whole = http::HeadGuard({}).Check(input);

  http::HeadGuard guard({});
  auto pieces = guard.Check(input.substr(0, 0));
  for (std::size_t end = 1; end <= size && pieces && !pieces->has_value(); ++end) {
    pieces = guard.Check(input.substr(0, end));
  }
  if (whole.has_value() != pieces.has_value()) std::abort();
  if (!whole) {
    if (whole.error() != pieces.error() || whole.error().message.empty()) std::abort();
    return 0;
  }
  if (whole->has_value() != pieces->has_value()) std::abort();
  if (!whole->has_value()) return 0;

  const http::Framing& framing = **whole;
  if (framing.head_bytes > size || framing.head_bytes != (*pieces)->head_bytes) std::abort();
  http::Request request;
  const std::string_view head = input.substr(framing.skipped, framing.head_bytes - framing.skipped);
  if (http::ParseHead(head, framing, request) && request.chunked) {
    const std::string_view rest = input.substr(framing.head_bytes);
    if (Decode(rest, rest.size()) != Decode(rest, 1)) std::abort();
  }
  return 0;
}
